"""What is kept of a lab's mutants and seeds that were tried."""

import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from rich.progress import Progress

from benchmarks import grading, margins
from benchmarks.margins import Comparison
from course.authoring.try_mutants import End, Tried
from course.config import Course, Lab
from course.grading.options import Options
from course.labs.prepare import prepare_lab
from course.labs.sources import is_answer
from course.labs.variants import Variant


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
    """How many runs with other seeds there were for a lab, the day, and the tests that failed in them, as sentences.

    Beside it, as of that day: how many tasks it had, minutes planned for a student, seconds that a solved submission
    took to grade, and where thresholds came nearest to the numbers that they are for.
    """

    day: str
    runs: int
    failures: list[str]
    tasks: int
    work_minutes: int
    seconds: float
    nearest: list[Comparison]


def mutant_counts(tried: Sequence[Tried], of: int, answers: Sequence[Variant]) -> MutantCounts:
    """What is kept of the mutants of a lab that were tried, of so many, beside the answers that are declared."""
    ends, mistakes = Counter(one.end.value for one in tried), sum(bool(answer.fails) for answer in answers)
    not_caught = [f"{one.mutant.task}, {one.mutant.change}" for one in tried if one.end == End.NOT]
    day = date.today().isoformat()
    return MutantCounts(day, len(answers) - mistakes, mistakes, of, dict(ends), not_caught)


def measure_seeds(course: Course, lab: Lab, count: int, progress: Progress) -> SeedCounts:
    """Run the model answers of a lab with so many seeds, and grade a class of it."""
    failures, nearest = margins.measure(course, lab, range(101, 101 + count), progress)
    with tempfile.TemporaryDirectory() as scratch:
        timed = grading.grade_here(course, lab, Path(scratch), "grading budget", Options())
    tasks = sum(map(is_answer, prepare_lab(course, lab).cells))
    seconds = round(sum(timed.stages.values()), 1)
    return SeedCounts(date.today().isoformat(), count, failures, tasks, lab.work_minutes, seconds, nearest)
