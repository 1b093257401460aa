"""A pair of students as the page shows it: numbers in words, and both answers to each task side by side."""

from collections.abc import Mapping
from dataclasses import dataclass

from course.grading.similarity.compare_class import ComparedTask, Comparison
from course.grading.similarity.marks import Part, mark_shared
from course.grading.similarity.surprise import AlikePair

TELLING = 2.0  # bits: at most a quarter of the other answers are as alike


@dataclass(frozen=True)
class TaskView:
    """One task of a pair: how much is common, as a share and in words, and both answers in parts."""

    name: str
    title: str
    common: float
    bits: float
    rank: str
    left: list[Part]
    right: list[Part]


@dataclass(frozen=True)
class PairView:
    """A pair: its anchor, both names, how often chance brings the like; the telling tasks first, then the others."""

    anchor: str
    left: str
    right: str
    pair: AlikePair
    chance: str
    telling: list[TaskView]
    rest: list[TaskView]


def view_pair(
    number: int,
    pair: AlikePair,
    comparison: Comparison,
    answers: Mapping[str, Mapping[str, str]],
    names: Mapping[str, str],
) -> PairView:
    """The tasks that both have answered, the most telling first.

    Parameters
    ----------
    answers
        The answers of each student by grade id.
    names
        What each student is called on the page.
    """
    left, right = comparison.students[pair.first], comparison.students[pair.second]
    both = [task for task in comparison.tasks if {task.question.name} <= answers[left].keys() & answers[right].keys()]
    views = [
        view_task(task, pair, answers[left][task.question.name], answers[right][task.question.name]) for task in both
    ]
    views.sort(key=lambda view: -view.bits)
    telling = [view for view in views if view.bits >= TELLING]
    rest = [view for view in views if view.bits < TELLING]
    return PairView(f"pair-{number}", names[left], names[right], pair, chance_words(pair.expected), telling, rest)


def view_task(task: ComparedTask, pair: AlikePair, left: str, right: str) -> TaskView:
    """Both answers to one task."""
    question, likeness = task.question, task.likeness
    bits = float(likeness.bits[pair.first, pair.second])
    parts = mark_shared(left, right, question.is_prose, task.weights)
    common = float(likeness.common[pair.first, pair.second])
    return TaskView(question.name, question.title, common, bits, rank_words(bits), *parts)


def chance_words(expected: float) -> str:
    """How often chance alone brings a pair that is so alike."""
    if expected >= 1:
        return f"about {expected:.0f} in each class like this one"
    exponent = f"{1 / max(expected, 1e-300):.0e}".partition("e+")[2]
    times = round(1 / max(expected, 1e-300))
    return (
        f"in one of {times:,} classes like this one" if times < 1_000_000 else f"in one of 10^{int(exponent)} classes"
    )


def rank_words(bits: float) -> str:
    """Which part of the other answers is as alike."""
    others = 2**bits
    return "as alike as most" if others < 1.5 else f"1 in {others:.0f} other answers is as alike"
