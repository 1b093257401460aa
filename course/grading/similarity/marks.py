"""What two answers share, as marked parts of their texts."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from course.grading.similarity.fingerprints import RUN, Fingerprint, answer_tokens, token_runs
from course.grading.similarity.tokens import Token

RARE = 3.0 / RUN  # bits for each token: at most about one in eight of the other answers has it, too
PLAIN, COMMON, SHARED_RARELY = 0, 1, 2


@dataclass(frozen=True)
class Part:
    """A part of an answer; `mark` says whether it is the answer's own, shared, or shared and rare in the class."""

    text: str
    mark: int


def mark_shared(
    first: str, second: str, is_prose: bool, weights: Mapping[Fingerprint, float]
) -> tuple[list[Part], list[Part]]:
    """Both answers in parts; what the lab gave to all is not marked."""
    tokens = [answer_tokens(source, is_prose) for source in (first, second)]
    runs = [token_runs(one) for one in tokens]
    shared = set(runs[0]) & set(runs[1])
    rare = min(RARE, max(weights.values(), default=RARE))  # of few answers, what no other one has
    marks = [_token_marks(len(one), own, shared, weights, rare) for one, own in zip(tokens, runs, strict=True)]
    left, right = (
        list(_parts(source, one, mark)) for source, one, mark in zip((first, second), tokens, marks, strict=True)
    )
    return left, right


def _token_marks(
    count: int, runs: Sequence[Fingerprint], shared: set[Fingerprint], weights: Mapping[Fingerprint, float], rare: float
) -> list[int]:
    """The mark of each token: the highest of the shared runs that it is in."""
    marks = [PLAIN] * count
    for place, run in enumerate(runs):
        if run in shared and (weight := weights.get(run, 0.0)) > 0:
            mark = SHARED_RARELY if weight >= rare else COMMON
            for token in range(place, min(place + RUN, count)):
                marks[token] = max(marks[token], mark)
    return marks


def _parts(source: str, tokens: Sequence[Token], marks: Sequence[int]) -> Iterator[Part]:
    """The text in parts of one mark each; a blank between two tokens of one mark has it, too."""
    text, current, end = "", PLAIN, 0
    for token, mark in zip(tokens, marks, strict=True):
        gap = source[end : token.start]
        joined = mark == current and (mark == PLAIN or not gap.strip(" "))
        if joined:
            text += gap
        else:
            yield from _part(text, current)
            yield from _part(gap, PLAIN)
            text = ""
        text, current, end = text + source[token.start : token.end], mark, token.end
    yield from _part(text, current)
    yield from _part(source[end:], PLAIN)


def _part(text: str, mark: int) -> Iterator[Part]:
    if text:
        yield Part(text, mark)
