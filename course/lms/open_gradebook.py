"""The gradebook of a folder as an export reads it: there, and with today's penalties."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nbgrader.api import Gradebook
from nbgrader.apps.api import NbGraderAPI

from course.config import Course, Lab
from course.errors import ExportError
from course.grading.course_nbgrader import course_nbgrader
from course.grading.gradebook import late_penalties
from course.grading.gradebook.entries import read_entries
from course.inbox.submissions import list_submissions
from course.nbgrader_api import database_errors, without_library_warnings
from course.text.commands import course_command


def nbgrader_with_gradebook(course: Course, lab: Lab, folder: Path, database: str | None = None) -> NbGraderAPI:
    """nbgrader in a folder that was graded, with the gradebook at an address if it is not gradebook.db.

    Raises
    ------
    ExportError
        There is no gradebook.
    """
    api = course_nbgrader(course, folder, database)
    file = api.coursedir.db_url.removeprefix("sqlite:///")
    if file != api.coursedir.db_url and not Path(file).is_file():  # nbgrader would make an empty one
        raise ExportError(
            f"There is no gradebook {file}. Grade the lab first: {course_command('grade', lab.name, folder)}"
        )
    return api


@contextmanager
def current_gradebook(
    api: NbGraderAPI, course: Course, lab: Lab, folder: Path
) -> Iterator[tuple[Gradebook, list[str]]]:
    """The open gradebook with penalties up to date, and a remark on those that changed.

    Raises
    ------
    GradingError
        The database cannot be used.
    """
    with database_errors(), without_library_warnings(), api.gradebook as gradebook:
        yield gradebook, _update_penalties(gradebook, course, lab, folder)


def _update_penalties(gradebook: Gradebook, course: Course, lab: Lab, folder: Path) -> list[str]:
    """Bring penalties up to date; return a remark on those that changed, as table and pages do not show it yet."""
    if all(assignment.name != lab.name for assignment in gradebook.assignments):
        return []  # who reads the grades says what to do
    before = read_entries(gradebook, lab.name)
    after, _ = late_penalties.update_lateness(gradebook, course, lab, folder, list_submissions(folder, lab))
    names = [student for student, entry in after.items() if entry.penalty != before[student].penalty]
    advice = f"; bring table and pages up to date, too: {course_command('feedback', lab.name, folder)}"
    return [f"the penalties of {', '.join(names)} have changed since the last grading{advice}"] if names else []
