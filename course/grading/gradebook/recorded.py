"""What was written to the gradebook for an outcome, noted to tell whether it is still there."""

import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from course.files import write_whole
from course.grading.gradebook import cache
from course.grading.gradebook.entries import GradebookEntry
from course.grading.workers.job import Outcome

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
    """Of a file; empty if there is none."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def read_stored(folder: Path, student: str, lab: str) -> Stored | None:
    """What is noted; None if nothing is, or if an older version of the course noted it."""
    path = cache.step_folder(folder, cache.EXECUTED, student, lab) / STORED
    if not path.is_file():
        return None
    entry = json.loads(path.read_text("utf-8"))
    return Stored(**entry) if entry.keys() == Stored.__dataclass_fields__.keys() else None


def write_stored(folder: Path, student: str, lab: str, stored: Stored) -> None:
    """Note it."""
    path = cache.step_folder(folder, cache.EXECUTED, student, lab) / STORED
    write_whole(path, json.dumps(asdict(stored), ensure_ascii=False))


def students_not_graded(folder: Path, lab: str) -> dict[str, str]:
    """The students of a lab whom the machine's fault has left without points, and why."""
    executed = folder / cache.EXECUTED
    students = sorted(place.name for place in executed.iterdir()) if executed.is_dir() else []
    found = {student: read_stored(folder, student, lab) for student in students}
    return {student: stored.reason for student, stored in found.items() if stored and stored.status == FAILED}


def is_stored(folder: Path, lab: str, outcome: Outcome, entry: GradebookEntry | None) -> bool:
    """Whether the gradebook and the graded copy still are what this outcome made of them.

    They are not if the gradebook was deleted, or somebody graded with plain nbgrader since.
    """
    stored = read_stored(folder, outcome.student, lab)
    if not stored or not entry or stored.digest != outcome.digest or stored.tests != entry.by_tests:
        return False
    return stored.copy == checksum_if_any(graded_copy(folder, outcome.student, lab))
