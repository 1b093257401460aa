"""What changed against the gradebook of an earlier class: the points of each lab and of each task."""

import warnings
from dataclasses import dataclass

import numpy as np
from scipy import stats

from course.errors import GradingError
from course.grading.gradebook.entries import GradebookEntry, read_entries
from course.grading.gradebook.read_only import address_of, open_read_only
from course.grading.report.term import Term
from course.nbgrader_api import database_errors, without_library_warnings

LARGE = 0.1  # a change of the mean share that is worth a look, if it is certain
_FEWEST = 5  # students on both sides, below which no interval is given


@dataclass(frozen=True)
class Change:
    """The mean share of a lab's or a task's points before and now, and the difference with its 95 % interval.

    `task` is empty for a whole lab. What is only in one of the gradebooks has None for the other.
    """

    lab: str
    task: str
    title: str
    before: float | None
    now: float | None
    students: tuple[int, int]
    low: float | None = None
    high: float | None = None

    @property
    def difference(self) -> float | None:
        """By how much the mean share has grown."""
        return None if self.before is None or self.now is None else self.now - self.before

    @property
    def stands_out(self) -> bool:
        """Whether the change is large, and its interval does not hold 0."""
        if self.difference is None or self.low is None or self.high is None:
            return False
        return abs(self.difference) >= LARGE and (self.low > 0 or self.high < 0)


def compare(term: Term, gradebook: str, present: str) -> list[Change]:
    """The changes, by lab, each followed by its tasks; labs that one of the gradebooks does not hold are left out.

    Parameters
    ----------
    gradebook
        A SQLAlchemy address, a file, or a folder that holds gradebook.db.
    present
        The address of this class's gradebook.

    Raises
    ------
    GradingError
        There is no such gradebook, it is this class's own, or it holds no lab of the term.
    """
    address = address_of(gradebook)
    if address == present:
        raise GradingError(f"{gradebook} is the gradebook of this very class. Name that of an earlier one.")
    with open_read_only(address) as earlier, database_errors(), without_library_warnings():
        before = {lab.name: list(read_entries(earlier, lab.name).values()) for lab, _ in term.labs}
    changes = [change for lab in before if before[lab] for change in _lab_changes(term, lab, before[lab])]
    if not changes:
        names = ", ".join(before)
        raise GradingError(f"{gradebook} holds no submission of a lab of this term ({names}). Is it the right one?")
    return changes


def _lab_changes(term: Term, name: str, before: list[GradebookEntry]) -> list[Change]:
    """The change of a lab, and of each of its tasks."""
    classroom = next(classroom for lab, classroom in term.labs if lab.name == name)
    old = [max(0.0, entry.points - entry.penalty) / entry.max_points for entry in before if entry.max_points]
    new = [student.total / classroom.max_points for student in classroom.known if classroom.max_points]
    changes = [_change(name, "", classroom.title, old, new)]
    marks = [mark for entry in before for mark in entry.marks if mark.max_points and not mark.waits]
    titles = {task.name: task.title for task in classroom.tasks}
    points = classroom.points()
    gone = sorted({mark.name for mark in marks} - titles.keys())
    for task in [*titles, *gone]:
        old = [mark.score / mark.max_points for mark in marks if mark.name == task]
        max_points = next((one.max_points for one in classroom.tasks if one.name == task), 0.0)
        new = (points[task].dropna() / max_points).tolist() if max_points else []
        changes.append(_change(name, task, titles.get(task, task), old, new))
    return changes


def _change(lab: str, task: str, title: str, old: list[float], new: list[float]) -> Change:
    """The change with its interval, by Welch's t test, which allows for unequal spread."""
    before, now = (float(np.mean(values)) if values else None for values in (old, new))
    sizes = len(old), len(new)
    if min(sizes) < _FEWEST or (np.ptp(old) == 0 and np.ptp(new) == 0):
        return Change(lab, task, title, before, now, sizes)
    with warnings.catch_warnings():  # one side may have no spread at all, which is no trouble as long as the other has
        warnings.filterwarnings("ignore", "Precision loss", RuntimeWarning)
        interval = stats.ttest_ind(new, old, equal_var=False).confidence_interval(0.95)
    return Change(lab, task, title, before, now, sizes, float(interval.low), float(interval.high))
