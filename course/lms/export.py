"""Exporting the grades of a lab through nbgrader, in this process."""

from pathlib import Path

from course.config import Course, Lab
from course.inbox.systems import System
from course.lms.export_plugins import PLUGINS
from course.lms.open_gradebook import current_gradebook, nbgrader_with_gradebook


def export_grades(
    course: Course,
    lab: Lab,
    folder: Path,
    to: Path,
    system: System,
    roster: Path | None = None,
    column: str | None = None,
    allow_unmarked: bool = False,
    database: str | None = None,
) -> list[str]:
    """Write the grades of a lab to a file for the system; return what a person should know about them.

    They are those of the folder's gradebook, or of that at the address `database`.

    Raises
    ------
    ExportError
        There is no gradebook, it does not hold the lab, or the file cannot be written.
    RosterError
        The roster is wrong.
    """
    api = nbgrader_with_gradebook(course, lab, folder, database)
    options: dict[str, object] = {"to": str(to), "assignment": [lab.name], "folder": str(folder.resolve())}
    if roster:
        options["roster"] = str(roster)
    if column:
        options["columns"] = {lab.name: column}
    if allow_unmarked:
        options["allow_unmarked"] = True
    plugin = PLUGINS[system](parent=api, **options)
    with current_gradebook(api, course, lab, folder) as (gradebook, changed):
        plugin.export(gradebook)
    return [*changed, *plugin.remarks]
