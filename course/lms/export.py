"""Exporting the grades of a lab through nbgrader, in this process."""

from pathlib import Path

from nbgrader.api import Gradebook

from course.command_text import course_command
from course.config import Course, Lab
from course.database_errors import database_errors
from course.errors import ExportError
from course.grading.gradebook import late_penalties
from course.grading.gradebook.entries import read_entries
from course.inbox.submissions import list_submissions
from course.inbox.systems import System
from course.lms.export_plugins import PLUGINS
from course.nbgrader_api import nbgrader_in, without_library_warnings


def export_grades(
    course: Course,
    lab: Lab,
    folder: Path,
    to: Path,
    system: System,
    roster: Path | None = None,
    column: str | None = None,
    allow_unmarked: bool = False,
) -> list[str]:
    """Write the grades of a lab to a file for the system; return what a person should know about them.

    Raises
    ------
    ExportError
        There is no gradebook, it does not hold the lab, or the file cannot be written.
    RosterError
        The roster is wrong.
    """
    api = nbgrader_in(course, folder)
    database = api.coursedir.db_url.removeprefix("sqlite:///")
    if database != api.coursedir.db_url and not Path(database).is_file():  # nbgrader would make an empty one
        raise ExportError(
            f"There is no gradebook {database}. Grade the lab first: {course_command('grade', lab.name, folder)}"
        )
    options: dict[str, object] = {"to": str(to), "assignment": [lab.name], "folder": str(folder.resolve())}
    if roster:
        options["roster"] = str(roster)
    if column:
        options["columns"] = {lab.name: column}
    if allow_unmarked:
        options["allow_unmarked"] = True
    plugin = PLUGINS[system](parent=api, **options)
    with database_errors(), without_library_warnings(), api.gradebook as gradebook:
        changed = _update_penalties(gradebook, course, lab, folder)
        plugin.export(gradebook)
    return [*changed, *plugin.remarks]


def _update_penalties(gradebook: Gradebook, course: Course, lab: Lab, folder: Path) -> list[str]:
    """Bring penalties up to date; return a remark on those that changed, as table and pages do not show it yet."""
    if all(assignment.name != lab.name for assignment in gradebook.assignments):
        return []  # the plug-in says what to do
    before = read_entries(gradebook, lab.name)
    after, _ = late_penalties.update_lateness(gradebook, course, lab, folder, list_submissions(folder, lab))
    names = [student for student, entry in after.items() if entry.penalty != before[student].penalty]
    advice = f"; bring table and pages up to date, too: {course_command('feedback', lab.name, folder)}"
    return [f"the penalties of {', '.join(names)} have changed since the last grading{advice}"] if names else []
