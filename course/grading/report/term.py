"""A term: its labs that were graded, and each student over them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from course.config import Course, Lab
from course.errors import GradingError
from course.grading.report.classroom import Classroom, Status
from course.grading.report.options import Order
from course.grading.report.order import draw_pseudonyms, with_pseudonyms
from course.grading.report.read_class import read_class_if_graded

FALL, FEWEST_BEFORE = 0.3, 2  # a share so far below a student's own mean of at least two labs before


@dataclass(frozen=True)
class Term:
    """The labs that were graded, in the order of the course, with `names` of all students in the order shown."""

    labs: tuple[tuple[Lab, Classroom], ...]
    names: tuple[str, ...]

    @property
    def max_points(self) -> float:
        """All points of the labs that were graded."""
        return sum(classroom.max_points for _, classroom in self.labs)

    def totals(self) -> pd.DataFrame:
        """Points less penalties: a row a student, a column a lab; NaN if not known, 0 for who handed in nothing."""
        table = pd.DataFrame(index=list(self.names), columns=[lab.name for lab, _ in self.labs], dtype=float)
        for lab, classroom in self.labs:
            for student in classroom.students:
                if student.known or student.status == Status.NOTHING:
                    table.loc[student.id, lab.name] = student.total
        return table

    def shares(self) -> pd.DataFrame:
        """The same as shares of each lab's points."""
        return self.totals() / pd.Series({lab.name: classroom.max_points or 1 for lab, classroom in self.labs})

    def statuses(self) -> dict[str, dict[str, Status]]:
        """How far each student's submission has come, by lab and student."""
        return {lab.name: {one.id: one.status for one in classroom.students} for lab, classroom in self.labs}


def read_term(course: Course, folder: Path, database: str | None, order: Order, pseudonyms: bool) -> Term:
    """The term as a folder has it.

    Raises
    ------
    EditionError
        The gradebook is of another edition of a lab.
    GradingError
        Nothing has been graded there, or the gradebook cannot be read.
    """
    found = [(lab, read_class_if_graded(course, lab, folder, database, verdicts=False)) for lab in course.labs]
    labs = [(lab, classroom) for lab, classroom in found if classroom]
    if not labs:
        advice = "Grade a lab first, or name the folder that was graded: --folder DIR."
        raise GradingError(f"No lab of this course has been graded in {folder.resolve()}. {advice}")
    names = sorted({student.id for _, classroom in labs for student in classroom.students})
    if pseudonyms:
        drawn = draw_pseudonyms(names)
        labs = [(lab, with_pseudonyms(classroom, drawn)) for lab, classroom in labs]
        names = sorted(drawn.values())
    term = Term(tuple(labs), tuple(names))
    return Term(term.labs, _by_points(term)) if order == Order.POINTS else term


def _by_points(term: Term) -> tuple[str, ...]:
    totals = term.totals().sum(axis=1)
    return tuple(sorted(term.names, key=lambda name: (-totals[name], name)))


def falling_behind(term: Term) -> list[tuple[str, str]]:
    """Students who may need help, with the reason: nothing handed in twice in a row, or far below their own mean."""
    shares, statuses = term.shares(), term.statuses()
    by_name = {str(name): row.dropna() for name, row in shares.iterrows()}
    last = list(shares.columns)[-2:]
    found = []
    for name in term.names:
        if len(last) == 2 and all(statuses[lab].get(name) == Status.NOTHING for lab in last):
            found.append((name, f"nothing handed in for {last[0]} and {last[1]}"))
        elif reason := _fall(by_name[name]):
            found.append((name, reason))
    return found


def _fall(shares: "pd.Series[float]") -> str:
    """Why a student's last lab stands out, or nothing."""
    before = shares.iloc[:-1]
    if len(before) < FEWEST_BEFORE or shares.iloc[-1] > before.mean() - FALL:
        return ""
    return f"{shares.iloc[-1]:.0%} of {shares.index[-1]}, after {before.mean():.0%} on average before"


def late_count(classroom: Classroom) -> int:
    """How many were late."""
    return sum(bool(student.late) for student in classroom.known)


def with_status(classroom: Classroom, statuses: Sequence[Status]) -> int:
    """How many students have one of these."""
    return sum(student.status in statuses for student in classroom.students)
