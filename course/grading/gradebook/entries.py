"""What the gradebook holds of a lab, read for all students at once."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from nbgrader.api import (
    Assignment,
    BaseCell,
    Comment,
    Grade,
    Gradebook,
    GradeCell,
    Student,
    SubmittedAssignment,
    SubmittedNotebook,
)

from course.text.times import in_utc


@dataclass(frozen=True)
class Mark:
    """The points of one graded cell: `auto` those of the tests, `score` what counts; `by_hand` if a person gave it."""

    name: str
    is_test: bool
    max_points: float
    auto: float | None
    score: float
    waits: bool  # for a person
    by_hand: bool = False


@dataclass(frozen=True)
class GradebookEntry:
    """One student's submission as the gradebook has it; times in UTC, comments by cell."""

    student: str
    handed_in: datetime | None
    extension: timedelta | None
    penalty: float
    marks: tuple[Mark, ...]
    comments: tuple[tuple[str, str | None], ...]

    @property
    def points(self) -> float:
        """All points so far, before the penalty."""
        return sum(mark.score for mark in self.marks)

    @property
    def max_points(self) -> float:
        """All points that there are."""
        return sum(mark.max_points for mark in self.marks)

    @property
    def by_tests(self) -> dict[str, float | None]:
        """What the tests gave, by grade id, whatever a person made of it."""
        return {mark.name: mark.auto for mark in self.marks if mark.is_test}


def read_entries(gradebook: Gradebook, lab: str, students: Iterable[str] | None = None) -> dict[str, GradebookEntry]:
    """The submissions of a lab by student, of all or of some; students who handed in nothing have none."""
    ids = None if students is None else list(students)
    submitted = _rows(gradebook, lab, ids, (SubmittedNotebook.late_submission_penalty,), SubmittedNotebook)
    marks, comments = defaultdict[str, list[Mark]](list), defaultdict[str, list[tuple[str, str | None]]](list)
    cell = (GradeCell.name, GradeCell.cell_type, GradeCell.max_score)
    columns = (*cell, Grade.auto_score, Grade.score, Grade.needs_manual_grade, Grade.manual_score)
    for student, _, _, name, kind, max_points, auto, score, waits, manual in _rows(gradebook, lab, ids, columns, Grade):
        is_test, by_hand = kind != "markdown", manual is not None
        marks[student].append(Mark(name, is_test, float(max_points), auto, float(score), bool(waits), by_hand))
    for student, _, _, name, comment in _rows(gradebook, lab, ids, (BaseCell.name, Comment.comment), Comment):
        comments[student].append((name, comment))
    return {
        student: GradebookEntry(
            student,
            in_utc(time),
            extension,
            float(penalty or 0),
            tuple(sorted(marks[student], key=lambda mark: mark.name)),
            tuple(sorted(comments[student], key=lambda comment: comment[0])),
        )
        for student, time, extension, penalty in submitted
    }


def handed_out(gradebook: Gradebook, lab: str) -> dict[str, str]:
    """The texts of a lab's cells as they were handed out, by grade id."""
    return {cell.name: cell.source for cell in gradebook.find_notebook(lab, lab).source_cells}


def _rows(gradebook: Gradebook, lab: str, ids: list[str] | None, columns: tuple[Any, ...], table: Any) -> list[Any]:
    """Rows of `student, time of handing in, extension`, then the columns, for each `what` of the lab's submissions."""
    query = gradebook.db.query(Student.id, SubmittedAssignment.timestamp, SubmittedAssignment.extension, *columns)
    query = query.select_from(SubmittedAssignment).join(Student, SubmittedAssignment.student_id == Student.id)
    query = query.join(Assignment, SubmittedAssignment.assignment_id == Assignment.id)
    query = query.join(SubmittedNotebook, SubmittedNotebook.assignment_id == SubmittedAssignment.id)
    if table is Grade:
        query = query.join(Grade, Grade.notebook_id == SubmittedNotebook.id)
        query = query.join(GradeCell, Grade.cell_id == GradeCell.id)
    if table is Comment:
        query = query.join(Comment, Comment.notebook_id == SubmittedNotebook.id)
        query = query.join(BaseCell, Comment.cell_id == BaseCell.id)
    if ids is not None:
        query = query.filter(Student.id.in_(ids))
    return list(query.filter(Assignment.name == lab).order_by(Student.id).all())
