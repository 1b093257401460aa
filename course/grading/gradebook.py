"""What the gradebook and the kept reports say about each student."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nbgrader.api import Gradebook, MissingEntry
from nbgrader.apps.api import NbGraderAPI

from course.authoring.sources import cells_with_tests
from course.config import Lab
from course.grading import store
from course.grading.kit import Kit
from course.grading.mending.notes import printable
from course.grading.task import Outcome

GRADED, UNREADABLE, FAILED = "graded", "not readable", "not graded"
STORED = "stored.json"


@dataclass(frozen=True)
class Result:
    """One student's points for a lab.

    `by_test` holds the points of each test cell by grade id; it is empty if the submission was not graded. `written`
    holds the points given by hand so far; `to_mark` is the number of points that still wait for a person; `penalty`
    is what nbgrader takes off for being late. `review` tells what an instructor should look at, and `notes` what was
    put right in the file.
    """

    student: str
    status: str
    max_tests: float
    by_test: dict[str, float] = field(default_factory=dict)
    written: float = 0.0
    to_mark: float = 0.0
    penalty: float = 0.0
    reason: str = ""
    review: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    feedback: Path | None = None
    boxed: bool = True

    @property
    def tests(self) -> float:
        """Points of all tests together."""
        return sum(self.by_test.values())

    @property
    def score(self) -> float:
        """All points so far, less the penalty; never below 0."""
        return max(0.0, self.tests + self.written - self.penalty)


def result_of(api: NbGraderAPI, lab: Lab, folder: Path, student: str) -> Result:
    """The result of a student whose outcome was stored."""
    stored = json.loads((store.place(folder, store.EXECUTED, student, lab.name) / STORED).read_text("utf-8"))
    outcome = store.kept(folder, lab.name, student)
    with api.gradebook as gradebook:
        notebook = gradebook.find_submission_notebook(lab.name, lab.name, student)
        tests = [grade for grade in notebook.grades if grade.cell.cell_type != "markdown"]
        written = [grade for grade in notebook.grades if grade.cell.cell_type == "markdown"]
        graded = stored["status"] == GRADED
        page = folder / "feedback" / student / lab.name / f"{lab.name}.html"
        return Result(
            student=student,
            status=stored["status"],
            max_tests=float(sum(grade.max_score for grade in tests)),
            by_test={grade.name: float(grade.score) for grade in tests} if graded else {},
            written=float(sum(grade.score for grade in written)),
            to_mark=float(sum(grade.max_score for grade in written if grade.needs_manual_grade)),
            penalty=float(notebook.late_submission_penalty or 0),
            reason=stored["reason"],
            review=for_review(outcome) if outcome else (),
            notes=tuple(note["text"] for note in outcome.notes) if outcome else (),
            feedback=page if page.is_file() else None,
            boxed=outcome.boxed if outcome else True,
        )


def without_name(student: str, reason: str, kit: Kit) -> Result:
    """The zero of a student whom the gradebook cannot hold."""
    most = sum(cell.metadata["nbgrader"]["points"] for cell in cells_with_tests(kit.reference))
    return Result(printable(student), UNREADABLE, float(most), reason=reason, review=(reason,))


def for_review(outcome: Outcome) -> tuple[str, ...]:
    """What an instructor should look at: each kind of incident with the tests it touched, and notes that ask for it."""
    touched: dict[tuple[str, bool], list[str]] = {}
    for incident in outcome.incidents:
        touched.setdefault((incident["evidence"], incident["withheld"]), []).append(incident["where"])
    incidents = [
        f"{evidence}{' (points withheld)' if withheld else ''}, seen at {', '.join(dict.fromkeys(where))}"
        for (evidence, withheld), where in touched.items()
    ]
    return (*incidents, *(note["text"] for note in outcome.notes if note["review"]))


def give_zero(api: NbGraderAPI, lab: Lab, student: str) -> None:
    """Store a submission that could not be graded: no points, nothing to mark by hand."""
    with api.gradebook as gradebook:
        gradebook.update_or_create_student(student)
        submission = gradebook.update_or_create_submission(lab.name, student)
        for notebook in submission.notebooks:
            for grade in notebook.grades:
                grade.auto_score, grade.needs_manual_grade = 0, False
        gradebook.db.commit()


def is_stored(api: NbGraderAPI, lab: Lab, folder: Path, outcome: Outcome) -> bool:
    """Whether the gradebook already holds this very outcome."""
    path = store.place(folder, store.EXECUTED, outcome.student, lab.name) / STORED
    if not path.is_file() or json.loads(path.read_text("utf-8"))["digest"] != outcome.digest:
        return False
    with api.gradebook as gradebook:
        return _has(gradebook, lab, outcome.student)


def mark_stored(folder: Path, lab: Lab, digest: str, student: str, status: str, reason: str) -> None:
    """Note that the outcome with this digest is in the gradebook; with an empty one it will be stored again."""
    entry: dict[str, Any] = {"digest": digest, "status": status, "reason": reason}
    path = store.place(folder, store.EXECUTED, student, lab.name) / STORED
    store.write(path, json.dumps(entry, ensure_ascii=False))


def _has(gradebook: Gradebook, lab: Lab, student: str) -> bool:
    try:
        gradebook.find_submission(lab.name, student)
    except MissingEntry:
        return False
    return True
