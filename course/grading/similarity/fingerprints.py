"""Fingerprints of an answer: all short runs of its tokens, and how many bits each of them says.

Answers are short, so all runs are kept. Winnowing, by which long programs keep one of several runs, would lose what
reordered statements leave.
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence

from course.grading.similarity.tokens import Token, code_tokens, prose_tokens

RUN = 5  # tokens
Fingerprint = tuple[str, ...]


def answer_tokens(source: str, is_prose: bool) -> tuple[Token, ...]:
    """The tokens of an answer in code or in prose."""
    return prose_tokens(source) if is_prose else code_tokens(source)


def token_runs(tokens: Sequence[Token]) -> list[Fingerprint]:
    """The fingerprint that begins at each token; of a shorter text the whole of it."""
    texts = [token.text for token in tokens]
    count = max(len(texts) - RUN + 1, min(len(texts), 1))
    return [tuple(texts[place : place + RUN]) for place in range(count)]


def bits_by_fingerprint(
    answers: Sequence[Iterable[Fingerprint]], handed_out: Iterable[Fingerprint]
) -> dict[Fingerprint, float]:
    """What it says that two answers share a fingerprint, in bits for each token; 0 for what was handed out.

    It is the logarithm of how rare the fingerprint is in all other answers.

    Parameters
    ----------
    answers
        The fingerprints of each answer of the class, and of each that is known of the task.
    handed_out
        Those of the lab as students got it.
    """
    holders = Counter(run for answer in answers for run in set(answer))
    others = max(len(answers) - 2, 0)
    weights = {run: math.log2((others + 1) / (max(count - 2, 0) + 0.5)) / RUN for run, count in holders.items()}
    return weights | dict.fromkeys(handed_out, 0.0)
