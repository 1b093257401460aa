"""What the gradebook and the kept reports say about each student."""

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from nbgrader.api import Gradebook

from course.config import Lab
from course.grading.execution.executed import Cut
from course.grading.execution.spec import Spec
from course.grading.gradebook.entries import GradebookEntry
from course.grading.gradebook.late_penalties import Lateness
from course.grading.gradebook.recorded import FAILED, GRADED, UNREADABLE, Stored
from course.grading.workers.job import Outcome
from course.inbox.notes import note_text, printable
from course.labs.sources import cells_with_tests


@dataclass(frozen=True)
class Result:
    """One student's points for a lab.

    `by_test` holds the points of each test cell by grade id; it is empty if the submission was not graded.
    `by_question` holds those of each written question, None if it still waits; `written` is their sum so far, and
    `to_mark` the number of points that still wait for a person. `penalty` is what is taken off for being late, and
    `late` says why. `review` tells what an instructor should look at, and `notes` what was put right in the file.
    `cut_off` are the cells that did not come to their own end. `due` includes an extension.
    """

    student: str
    status: str
    max_tests: float
    by_test: dict[str, float] = field(default_factory=dict)
    by_question: dict[str, float | None] = field(default_factory=dict)
    written: float = 0.0
    to_mark: float = 0.0
    penalty: float = 0.0
    late: str = ""
    due: datetime | None = None
    handed_in: datetime | None = None
    reason: str = ""
    review: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    cut_off: tuple[Cut, ...] = ()
    feedback: Path | None = None
    sandboxed: bool = True

    @property
    def graded(self) -> bool:
        """Whether the points are known, be they 0; not so after a fault of the machine."""
        return self.status != FAILED

    @property
    def tests(self) -> float:
        """Points of all tests together."""
        return sum(self.by_test.values())

    @property
    def points(self) -> float:
        """All points so far."""
        return self.tests + self.written

    @property
    def total(self) -> float:
        """All points so far, less the penalty; never below 0."""
        return max(0.0, self.points - self.penalty)


def make_result(entry: GradebookEntry, late: Lateness, stored: Stored, outcome: Outcome, page: Path) -> Result:
    """The result of a student whose outcome was stored."""
    tests = [mark for mark in entry.marks if mark.is_test]
    return Result(
        student=entry.student,
        status=stored.status,
        max_tests=sum(mark.max_points for mark in tests),
        by_test={mark.name: mark.score for mark in tests} if stored.status == GRADED else {},
        by_question={mark.name: None if mark.waits else mark.score for mark in entry.marks if not mark.is_test},
        written=sum(mark.score for mark in entry.marks if not mark.is_test),
        to_mark=sum(mark.max_points for mark in entry.marks if mark.waits),
        penalty=entry.penalty,
        late=late.text,
        due=late.due,
        handed_in=late.handed_in,
        reason=stored.reason,
        review=(*((late.problem,) if late.problem else ()), *review_remarks(outcome)),
        notes=tuple(note_text(note) for note in outcome.notes),
        cut_off=outcome.cuts,
        feedback=page if page.is_file() else None,
        sandboxed=outcome.sandboxed,
    )


def not_graded_result(student: str, stored: Stored, max_tests: float, page: Path) -> Result:
    """The result of a student whose submission the machine failed to run; it holds no points, not even 0."""
    review = (f"not graded: {stored.reason}",)
    feedback = page if page.is_file() else None
    return Result(student, stored.status, max_tests, reason=stored.reason, review=review, feedback=feedback)


def unnamed_result(student: str, reason: str, spec: Spec) -> Result:
    """The result, without points, of a student whose name the gradebook cannot hold."""
    max_tests = sum(cell.metadata["nbgrader"]["points"] for cell in cells_with_tests(spec.reference))
    return Result(printable(student), UNREADABLE, float(max_tests), reason=reason, review=(reason,))


def review_remarks(outcome: Outcome) -> tuple[str, ...]:
    """What an instructor should look at: incidents, and notes that ask for it."""
    incidents = [f"{incident.evidence}, seen at {incident.where}" for incident in outcome.incidents]
    return (*incidents, *(note_text(note) for note in outcome.notes if note.review))


def give_zero(gradebook: Gradebook, lab: Lab, student: str) -> None:
    """Store a submission that could not be graded: no points, nothing to mark by hand."""
    gradebook.update_or_create_student(student)
    submission = gradebook.update_or_create_submission(lab.name, student)
    for notebook in submission.notebooks:
        for grade in notebook.grades:
            grade.auto_score, grade.needs_manual_grade = 0, False
    gradebook.db.commit()
