"""Grading a folder of submissions with nbgrader, one student at a time, so that none can stop the others."""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from nbgrader.api import Gradebook
from nbgrader.apps.api import NbGraderAPI
from nbgrader.utils import temp_attrs

from course.config import Course, Lab
from course.errors import BuildError, SubmissionError
from course.grading.submissions import Submission, check
from course.nbgrader import failure, nbgrader_in, without_remarks

GRADED, UNREADABLE, FAILED = "graded", "not readable", "not graded"


@dataclass(frozen=True)
class Result:
    """One student's points for a lab.

    `by_test` holds the points of each test cell by grade id; it is empty if the submission was not graded. `written`
    holds the points given by hand so far; `to_mark` is the number of points that still wait for a person.
    """

    student: str
    status: str
    max_tests: float
    by_test: dict[str, float] = field(default_factory=dict)
    written: float = 0.0
    to_mark: float = 0.0
    reason: str = ""
    feedback: Path | None = None

    @property
    def tests(self) -> float:
        """Points of all tests together."""
        return sum(self.by_test.values())

    @property
    def score(self) -> float:
        """All points so far."""
        return self.tests + self.written


def grade(
    course: Course, lab: Lab, folder: Path, submissions: Sequence[Submission], advance: Callable[[str], None]
) -> list[Result]:
    """Grade the submissions into `folder`: autograded/, feedback/ and gradebook.db; results in the same order.

    `advance` is called with a student's name after each one.

    Raises
    ------
    BuildError
        nbgrader cannot make the lab known to the gradebook.
    """
    api = nbgrader_in(course, folder)
    results = []
    with without_remarks():
        register(api, lab)
        for submission in submissions:
            results.append(grade_one(api, lab, submission))
            advance(submission.student)
    return results


def register(api: NbGraderAPI, lab: Lab) -> None:
    """Write the lab's cells and points into the gradebook; the student copies already made are left alone."""
    with tempfile.TemporaryDirectory() as elsewhere, temp_attrs(api.coursedir, release_directory=elsewhere):
        if reason := failure(api.generate_assignment(lab.name)):
            raise BuildError(f"nbgrader cannot register {lab.name}: {reason}")


def grade_one(api: NbGraderAPI, lab: Lab, submission: Submission) -> Result:
    """Grade one submission and write its feedback; a failure is a result too, with its reason."""
    student = submission.student
    try:
        check(submission)
    except SubmissionError as error:
        return without_points(api, lab, student, UNREADABLE, str(error))
    if reason := failure(api.autograde(lab.name, student)):
        return without_points(api, lab, student, FAILED, reason)
    with api.gradebook as gradebook:
        result = from_gradebook(gradebook, lab, student)
    if reason := failure(api.generate_feedback(lab.name, student)):
        return replace(result, reason=f"no feedback could be written: {reason}")
    page = Path(api.coursedir.format_path("feedback", student, lab.name), f"{lab.name}.html")
    return replace(result, feedback=page)


def from_gradebook(gradebook: Gradebook, lab: Lab, student: str) -> Result:
    """What the gradebook holds for one student."""
    notebook = gradebook.find_submission_notebook(lab.name, lab.name, student)
    tests = [grade for grade in notebook.grades if grade.cell.cell_type != "markdown"]
    written = [grade for grade in notebook.grades if grade.cell.cell_type == "markdown"]
    return Result(
        student=student,
        status=GRADED,
        max_tests=float(sum(grade.max_score for grade in tests)),
        by_test={grade.name: float(grade.score) for grade in tests},
        written=float(sum(grade.score for grade in written)),
        to_mark=float(sum(grade.max_score for grade in written if grade.needs_manual_grade)),
    )


def without_points(api: NbGraderAPI, lab: Lab, student: str, status: str, reason: str) -> Result:
    """A result of 0 points with its reason."""
    with api.gradebook as gradebook:
        notebook = gradebook.find_notebook(lab.name, lab.name)
        max_tests = sum(cell.max_score for cell in notebook.grade_cells if cell.cell_type != "markdown")
    return Result(student, status, float(max_tests), reason=reason)
