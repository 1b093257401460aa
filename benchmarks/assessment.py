"""How good the labs' tests are: docs/assessment-quality.md, from answers, mutants and seeds that were tried."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

from benchmarks.page import table
from course.authoring.mutant_table import score
from course.authoring.try_mutants import End, Tried
from course.config import Course
from course.labs.variants import Variant
from course.text.files import text_if_any, write_text

WRONG = tuple(end for end in End if end != End.RIGHT)
INTRODUCTION = """\
# How good the tests are

Every test of every task is tested by right answers of several kinds and by typical mistakes (`tests/variants/`): they
are tried again whenever anything has changed from which their outcome follows. Right ones get full marks, and each
mistake loses the points of its task, and of those only that build on it.
"""
MUTANTS = """\
## Mutants

Mutants are the measure of what nobody thought of: `make mutants` changes each model answer in one place (a number, an
operator, an activation or a loss, a statement or an argument left out, a layer more, other digits of the lab), and runs
it against the test of its task, at the budget of grading. Where not all were tried, those were drawn by a seed. The
score is the share of mutants that lost the points, of those that are not as right as the model answer; which those are
is listed, with reasons, in `tests/mutants/`. How many right answers and mistakes were declared then stands beside them.
"""
SEEDS = """\
## Seeds

The model answers with other random numbers, at the budget of grading (`python -m benchmarks seeds`): how many runs
there were, and how many tests failed by bad luck.
"""
NONE = "Not measured yet.\n"


@dataclass(frozen=True)
class MutantCounts:
    """What was found for a lab: the day, of how many mutants, how many ended in which way, which were not caught.

    Beside it how many right answers and mistakes were declared then.
    """

    day: str
    right: int
    mistakes: int
    of: int
    ends: dict[str, int]
    not_caught: list[str]


@dataclass(frozen=True)
class SeedCounts:
    """How many runs with other seeds there were for a lab, the day, and the tests that failed in them, as sentences."""

    day: str
    runs: int
    failures: list[str]


Kept = dict[str, dict[str, Any]]  # by kind and lab


def mutant_counts(tried: Sequence[Tried], of: int, answers: Sequence[Variant]) -> MutantCounts:
    """What is kept of the mutants of a lab that were tried, of so many, beside the answers that are declared."""
    ends, mistakes = Counter(one.end.value for one in tried), sum(bool(answer.fails) for answer in answers)
    not_caught = [f"{one.mutant.task}, {one.mutant.change}" for one in tried if one.end == End.NOT]
    day = date.today().isoformat()
    return MutantCounts(day, len(answers) - mistakes, mistakes, of, dict(ends), not_caught)


def seed_counts(runs: int, failures: Sequence[str]) -> SeedCounts:
    """What is kept of so many runs of a lab."""
    return SeedCounts(date.today().isoformat(), runs, list(failures))


def place(course: Course) -> Path:
    """Where results are kept; the page lies beside it."""
    return course.root / "docs" / "assessment-quality.json"


def read(course: Course) -> tuple[dict[str, MutantCounts], dict[str, SeedCounts]]:
    """What is kept, by lab."""
    kept: Kept = json.loads(text_if_any(place(course)) or "{}")
    mutants = {name: MutantCounts(**counts) for name, counts in kept.get("mutants", {}).items()}
    return mutants, {name: SeedCounts(**counts) for name, counts in kept.get("seeds", {}).items()}


def save(
    course: Course, mutants: Mapping[str, MutantCounts] | None = None, seeds: Mapping[str, SeedCounts] | None = None
) -> Path:
    """Keep results of labs of the course, those that were not measured now as they were; return the page."""
    names, (old_mutants, old_seeds) = {lab.name for lab in course.labs}, read(course)
    merged: dict[str, Mapping[str, MutantCounts | SeedCounts]] = {
        "mutants": old_mutants | dict(mutants or {}),
        "seeds": old_seeds | dict(seeds or {}),
    }
    kept: Kept = {
        kind: {name: asdict(counts) for name, counts in by_lab.items() if name in names}
        for kind, by_lab in merged.items()
    }
    write_text(place(course), json.dumps(kept, indent=2, sort_keys=True, ensure_ascii=False) + "\n")
    return write_text(place(course).with_suffix(".md"), page(course))


def page(course: Course) -> str:
    """The Markdown of the page."""
    mutants, seeds = read(course)
    parts = [INTRODUCTION, MUTANTS, *mutant_parts(mutants), SEEDS, *seed_parts(seeds)]
    return "\n".join(parts)


def mutant_parts(mutants: Mapping[str, MutantCounts]) -> Iterator[str]:
    """The table of mutants, and which were not caught."""
    headings = (
        "lab",
        "right answers",
        "mistakes",
        "mutants",
        "tried",
        End.RIGHT.value,
        *(f"caught by {end.value}" for end in WRONG[:-1]),
    )
    rows = [
        (
            *(name, counts.right, counts.mistakes, counts.of, sum(counts.ends.values())),
            *(counts.ends.get(end.value, 0) for end in (End.RIGHT, *WRONG)),
            *(f"{score(counts.ends):.1%}", counts.day),
        )
        for name, counts in sorted(mutants.items())
    ]
    yield table((*headings, "not caught", "score", "measured on"), rows)
    if not mutants:
        yield NONE
    listed = [f"- {name}, {text}" for name, counts in sorted(mutants.items()) for text in counts.not_caught]
    if listed:
        yield "Mutants that no test caught:\n"
        yield "\n".join(listed) + "\n"


def seed_parts(seeds: Mapping[str, SeedCounts]) -> Iterator[str]:
    """The table of seeds, and what failed."""
    rows = [(name, counts.runs, len(counts.failures), counts.day) for name, counts in sorted(seeds.items())]
    yield table(("lab", "runs", "tests failed by bad luck", "measured on"), rows)
    if not seeds:
        yield NONE
    if failures := [f"- {text}" for _, counts in sorted(seeds.items()) for text in counts.failures]:
        yield "\n".join(failures) + "\n"
