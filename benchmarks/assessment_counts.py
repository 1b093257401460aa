"""What is kept of a lab: its mutants and seeds that were tried, and what it takes.

Each count has a digest of the lab's code when it was made, by which the page says where that has changed since.
"""

import tempfile
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TypeVar

from rich.progress import Progress

from benchmarks import grading, margins
from benchmarks.margins import Comparison
from benchmarks.work_minutes import estimated_minutes
from course.authoring.ends import End
from course.authoring.tried_runs import notebook_digest
from course.authoring.try_all_variants import Mistake
from course.authoring.try_mutants import Tried
from course.config import Course, Lab
from course.grading.options import Options
from course.labs.prepare import prepare_lab
from course.labs.sources import is_answer
from course.labs.variants import Variant

GRADED = 4  # submissions of a lab, to see how long one takes
Counts = TypeVar("Counts")


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
    code: str


@dataclass(frozen=True)
class MistakeCounts:
    """How many declared mistakes of a lab were tried on a day, by how their tests ended."""

    day: str
    ends: dict[str, int]
    code: str


@dataclass(frozen=True)
class SeedCounts:
    """How many runs with other seeds there were for a lab, the day, and the tests that failed in them, as sentences.

    Beside it where thresholds came nearest to the numbers that they are for; None if that was not noted.
    """

    day: str
    runs: int
    failures: list[str]
    code: str
    nearest: list[Comparison] | None = None


@dataclass(frozen=True)
class Minutes:
    """How many tasks a lab has, and the minutes that it is estimated to take a student and planned for.

    The digest beside it is of the lab's code as it is.
    """

    tasks: int
    estimated: int
    planned: int
    code: str


@dataclass(frozen=True)
class GradingTime:
    """The seconds that a solved submission of a lab took to grade on a day."""

    day: str
    seconds: float
    code: str


@dataclass(frozen=True)
class Kept:
    """All that is kept, by lab."""

    mutants: Mapping[str, MutantCounts] = field(default_factory=dict)
    seeds: Mapping[str, SeedCounts] = field(default_factory=dict)
    minutes: Mapping[str, Minutes] = field(default_factory=dict)
    grading: Mapping[str, GradingTime] = field(default_factory=dict)
    mistakes: Mapping[str, MistakeCounts] = field(default_factory=dict)

    def updated(self, new: "Kept", names: Collection[str]) -> "Kept":
        """The same with what is new in place of what was there, of these labs alone."""
        return Kept(
            _of(names, {**self.mutants, **new.mutants}),
            _of(names, {**self.seeds, **new.seeds}),
            _of(names, {**self.minutes, **new.minutes}),
            _of(names, {**self.grading, **new.grading}),
            _of(names, {**self.mistakes, **new.mistakes}),
        )


def _of(names: Collection[str], by_lab: dict[str, Counts]) -> dict[str, Counts]:
    return {name: counts for name, counts in by_lab.items() if name in names}


def lab_code(course: Course, lab: Lab) -> str:
    """A digest of a lab's code: with another one, its tests may be others, if only in a message."""
    return notebook_digest(prepare_lab(course, lab))


def mutant_counts(tried: Sequence[Tried], of: int, answers: Sequence[Variant], code: str) -> MutantCounts:
    """What is kept of the mutants of a lab that were tried, of so many, beside the answers that are declared."""
    ends, mistakes = Counter(one.end.value for one in tried), sum(bool(answer.fails) for answer in answers)
    not_caught = [f"{one.mutant.task}, {one.mutant.change}" for one in tried if one.end == End.NOT]
    day = date.today().isoformat()
    return MutantCounts(day, len(answers) - mistakes, mistakes, of, dict(ends), not_caught, code)


def mistake_counts(mistakes: Sequence[Mistake], code: Mapping[str, str]) -> dict[str, MistakeCounts]:
    """What is kept of the declared mistakes that were tried, by lab, as is the digest of its code."""
    day, ends = date.today().isoformat(), dict[str, Counter[str]]()
    for one in mistakes:
        ends.setdefault(one.lab, Counter())[one.end.value] += 1
    return {name: MistakeCounts(day, dict(counts), code[name]) for name, counts in ends.items()}


def measure_seeds(course: Course, lab: Lab, count: int, progress: Progress) -> SeedCounts:
    """Run the model answers of a lab with so many seeds."""
    code = lab_code(course, lab)
    failures, nearest = margins.measure(course, lab, range(101, 101 + count), progress)
    return SeedCounts(date.today().isoformat(), count, failures, code, nearest)


def lab_minutes(course: Course, lab: Lab) -> Minutes:
    """What a lab is estimated to take, and planned for."""
    notebook = prepare_lab(course, lab)
    tasks, estimated = sum(map(is_answer, notebook.cells)), round(estimated_minutes(course, lab))
    return Minutes(tasks, estimated, lab.work_minutes, notebook_digest(notebook))


def measure_grading(course: Course, lab: Lab) -> GradingTime:
    """Grade a class of solved submissions of a lab."""
    code = lab_code(course, lab)
    with tempfile.TemporaryDirectory() as scratch:
        timed = grading.grade_here(course, lab, Path(scratch), "grading budget", Options(), GRADED)
    return GradingTime(date.today().isoformat(), round(sum(timed.stages.values()), 1), code)
