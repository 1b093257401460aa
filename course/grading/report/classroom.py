"""A class and a lab as the report sees them: its tasks, its students, and what each of them did."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

import pandas as pd

from course.grading.report.attempts import Attempt


class Status(StrEnum):
    """How far a student's submission has come."""

    GRADED = "graded"
    WAITING = "waiting to be marked"
    UNREADABLE = "not readable, 0 points"
    FAILED = "not graded, a fault of the machine"
    NOT_YET = "handed in, not graded yet"
    NOTHING = "handed in nothing"


LONGEST_LABEL = 34  # characters
KNOWN = (Status.GRADED, Status.WAITING, Status.UNREADABLE)  # those whose points are known, be they 0


@dataclass(frozen=True)
class Task:
    """A cell that gives points; `label` is its title, short enough for a figure and unlike all others."""

    name: str
    title: str
    label: str
    max_points: float
    is_test: bool


@dataclass(frozen=True)
class Student:
    """One student: points so far, what is taken off for being late, and what was noticed.

    `due` includes an extension; `late` is nothing within the lab's time of grace. `repairs` are pairs of a kind of
    repair and its text; `cuts` are pairs of a cell and the reason; `review` is what an instructor should look at.
    """

    id: str
    status: Status
    points: float = 0.0
    penalty: float = 0.0
    due: datetime | None = None
    handed_in: datetime | None = None
    late: timedelta = timedelta()
    attempts: Mapping[str, Attempt] = field(default_factory=dict)
    repairs: tuple[tuple[str, str], ...] = ()
    cuts: tuple[tuple[str, str], ...] = ()
    review: tuple[str, ...] = ()

    @property
    def known(self) -> bool:
        """Whether the points are known."""
        return self.status in KNOWN

    @property
    def total(self) -> float:
        """The points less the penalty, never below 0."""
        return max(0.0, self.points - self.penalty)


@dataclass(frozen=True)
class Classroom:
    """A lab and its students, in the order in which they are shown; `due` is the date that holds for all."""

    lab: str
    title: str
    tasks: tuple[Task, ...]
    students: tuple[Student, ...]
    due: datetime | None = None

    @property
    def max_points(self) -> float:
        """All points that there are."""
        return sum(task.max_points for task in self.tasks)

    @property
    def known(self) -> tuple[Student, ...]:
        """The students whose points are known."""
        return tuple(student for student in self.students if student.known)

    def points(self) -> pd.DataFrame:
        """Points of the submissions that could be read: a row a student, a column a task, NaN while one waits."""
        names = [task.name for task in self.tasks]
        read = [student for student in self.known if student.status != Status.UNREADABLE]
        rows = [[_points(student.attempts.get(name)) for name in names] for student in read]
        return pd.DataFrame(rows, index=[student.id for student in read], columns=names, dtype=float)


def short_label(text: str, max_length: int = LONGEST_LABEL) -> str:
    """The text, or its beginning, as it has room in a figure."""
    return text if len(text) <= max_length else f"{text[: max_length - 1].rstrip()}…"


def _points(attempt: Attempt | None) -> float:
    return float("nan") if attempt is None or attempt.points is None else attempt.points
