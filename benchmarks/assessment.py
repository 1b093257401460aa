"""How good the labs' tests are: docs/assessment-quality.md, from what mutants of the model answers came to."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

from benchmarks.page import table
from course.authoring.mutant_table import score
from course.authoring.try_mutants import End, Tried
from course.config import Course
from course.files import text_if_any, write_text

WRONG = tuple(end for end in End if end != End.RIGHT)
INTRODUCTION = """\
# How good the tests are

Every test of every task is tested by right answers of several kinds and by typical mistakes, on each change of the
project. Mutants are the measure of what nobody thought of: `make mutants` changes each model answer in one place (a
number, an operator, an activation or a loss, a statement or an argument left out, a layer more, other digits of the
lab), and runs it against the test of its task, at the budget of grading. It writes this page from
`assessment-quality.json`. The score is the share of mutants that lost the points, of those that are not as right as the
model answer; which those are is listed, with reasons, in `tests/mutants/`.
"""
NONE = "Not measured yet: {labs}.\n"


@dataclass(frozen=True)
class Measured:
    """What was found for a lab: the day, how many mutants ended in which way, and those that were not caught."""

    day: str
    ends: dict[str, int]
    not_caught: list[str]


def measured(tried: Sequence[Tried]) -> Measured:
    """What is kept of the mutants of a lab."""
    ends = Counter(one.end.value for one in tried)
    not_caught = [f"{one.mutant.task}, {one.mutant.change}" for one in tried if one.end == End.NOT]
    return Measured(date.today().isoformat(), dict(ends), not_caught)


def place(course: Course) -> Path:
    """Where results are kept; the page lies beside it."""
    return course.root / "docs" / "assessment-quality.json"


def read(course: Course) -> dict[str, Measured]:
    """What is kept, by lab."""
    return {name: Measured(**kept) for name, kept in json.loads(text_if_any(place(course)) or "{}").items()}


def save(course: Course, results: Mapping[str, Measured]) -> Path:
    """Keep the results of all labs of the course, those that were not measured now as they were; return the page."""
    names = {lab.name for lab in course.labs}
    kept = {name: result for name, result in (read(course) | dict(results)).items() if name in names}
    data = {name: asdict(result) for name, result in kept.items()}
    write_text(place(course), json.dumps(data, indent=2, sort_keys=True, ensure_ascii=False) + "\n")
    return write_text(place(course).with_suffix(".md"), page(course, kept))


def page(course: Course, kept: Mapping[str, Measured]) -> str:
    """The Markdown of the page."""
    headings = ("lab", "mutants", End.RIGHT.value, *(f"caught by {end.value}" for end in WRONG[:-1]), "not caught")
    rows = [
        (
            name,
            sum(result.ends.values()),
            *(result.ends.get(end.value, 0) for end in (End.RIGHT, *WRONG)),
            f"{score(result.ends):.1%}",
            result.day,
        )
        for name, result in sorted(kept.items())
    ]
    parts = [INTRODUCTION, table((*headings, "score", "measured on"), rows)]
    if missing := [lab.name for lab in course.labs if lab.name not in kept]:
        parts.append(NONE.format(labs=", ".join(missing)))
    listed = [f"- {name}, {text}" for name, result in sorted(kept.items()) for text in result.not_caught]
    if listed:
        parts += ["## Mutants that no test caught\n", "\n".join(listed) + "\n"]
    return "\n".join(parts)
