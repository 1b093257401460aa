"""A record of what was written to the gradebook for an outcome, to see later whether it is still there."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from course.grading.gradebook import cache
from course.grading.gradebook.entries import GradebookEntry
from course.grading.workers.job import Outcome
from course.text.files import checksum, write_whole

STORED = "stored.json"
GRADED, UNREADABLE, FAILED = "graded", "not readable", "not graded"


@dataclass(frozen=True)
class Stored:
    """FOLDER/executed/STUDENT/LAB/stored.json.

    `digest` is that of the outcome, empty for one that should be stored again; `tests` are the points of each test,
    and `copy` the checksum of the graded notebook. `page` tells what the student's page was made from and `made` is
    its checksum.
    """

    digest: str
    status: str
    reason: str = ""
    tests: dict[str, float | None] = field(default_factory=dict)
    copy: str = ""
    page: str = ""
    made: str = ""


def graded_copy(folder: Path, student: str, lab: str) -> Path:
    """The graded notebook, which Formgrader shows and the student's page is made from."""
    return cache.step_folder(folder, "autograded", student, lab) / f"{lab}.ipynb"


def checksum_if_any(path: Path) -> str:
    """A file's checksum; empty if there is no file."""
    return checksum(path) if path.is_file() else ""


def read_stored(folder: Path, student: str, lab: str) -> Stored | None:
    """The record; None if there is none, or if an older version of the course wrote it."""
    path = cache.step_folder(folder, cache.EXECUTED, student, lab) / STORED
    if not path.is_file():
        return None
    entry = json.loads(path.read_text("utf-8"))
    return Stored(**entry) if entry.keys() == Stored.__dataclass_fields__.keys() else None


def write_stored(folder: Path, student: str, lab: str, stored: Stored) -> None:
    """Write the record."""
    path = cache.step_folder(folder, cache.EXECUTED, student, lab) / STORED
    write_whole(path, json.dumps(asdict(stored), ensure_ascii=False))


def students_not_graded(folder: Path, lab: str) -> dict[str, str]:
    """The students of a lab who have no points because of a fault of the machine, and why."""
    executed = folder / cache.EXECUTED
    students = sorted(path.name for path in executed.iterdir()) if executed.is_dir() else []
    records = {student: read_stored(folder, student, lab) for student in students}
    return {student: stored.reason for student, stored in records.items() if stored and stored.status == FAILED}


def is_stored(folder: Path, lab: str, outcome: Outcome, entry: GradebookEntry | None) -> bool:
    """Whether the gradebook and the graded copy still are what this outcome made of them.

    They are not if the gradebook was deleted, or somebody graded with plain nbgrader since.
    """
    stored = read_stored(folder, outcome.student, lab)
    if not stored or not entry or stored.digest != outcome.digest or stored.tests != entry.by_tests:
        return False
    return stored.copy == checksum_if_any(graded_copy(folder, outcome.student, lab))
