"""The pages that students get, each made anew when anything on it has changed."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

from course.config import Course, Lab
from course.grading.feedback.page_exporter import page_version
from course.grading.gradebook import cache
from course.grading.gradebook.entries import GradebookEntry
from course.grading.gradebook.late_penalties import Lateness
from course.grading.gradebook.recorded import Stored, checksum_if_any, write_stored
from course.grading.workers.job import Outcome


def page_path(folder: Path, student: str, lab: str) -> Path:
    """Where nbgrader puts a student's page."""
    return cache.step_folder(folder, "feedback", student, lab) / f"{lab}.html"


def page_key(
    course: Course, lab: Lab, stored: Stored, outcome: Outcome, graded: tuple[GradebookEntry, Lateness] | None
) -> str:
    """A checksum of all that a page shows."""
    recorded = (stored.digest, stored.status, stored.reason, stored.copy, outcome.notes, outcome.cuts)
    text = json.dumps((page_version(), course.title, lab.name, recorded, graded), default=repr, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def is_page_up_to_date(folder: Path, student: str, lab: str, stored: Stored, key: str) -> bool:
    """Whether a student's page was made of what has this key, and is still there."""
    return stored.page == key and stored.made == checksum_if_any(page_path(folder, student, lab))


def note_page(folder: Path, student: str, lab: str, stored: Stored, key: str) -> None:
    """Note of what a page was made."""
    made = checksum_if_any(page_path(folder, student, lab))
    write_stored(folder, student, lab, replace(stored, page=key, made=made))
