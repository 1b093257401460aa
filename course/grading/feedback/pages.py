"""The pages that students get, each made anew when anything on it has changed."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

from nbgrader.apps.api import NbGraderAPI

from course.config import Course, Lab
from course.grading.feedback.page_exporter import page_version
from course.grading.feedback.ungradable_page import write_page
from course.grading.gradebook import cache
from course.grading.gradebook.entries import GradebookEntry
from course.grading.gradebook.late_penalties import Lateness
from course.grading.gradebook.recorded import GRADED, Stored, checksum_if_any, write_stored
from course.grading.workers.job import Outcome
from course.inbox.submissions import nbgrader_pattern
from course.nbgrader_api import failure


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


def bring_up_to_date(
    api: NbGraderAPI, lab: Lab, title: str, folder: Path, stored: Stored, key: str, outcome: Outcome
) -> str:
    """Make a student's page if it was not made from what has this key; return why it cannot be made, or nothing."""
    student = outcome.student
    path = page_path(folder, student, lab.name)
    if stored.page == key and stored.made == checksum_if_any(path):
        return ""
    if stored.status != GRADED:
        write_page(folder, lab, title, outcome, stored.status, stored.reason)
    elif problem := failure(api.generate_feedback(lab.name, nbgrader_pattern(student))):
        return f"no feedback could be written: {problem}"
    write_stored(folder, student, lab.name, replace(stored, page=key, made=checksum_if_any(path)))
    return ""
