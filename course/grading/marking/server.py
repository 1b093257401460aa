"""Starting JupyterLab with Formgrader on a folder of graded submissions."""

import os
import sys
from pathlib import Path

from nbgrader.api import Gradebook, MissingEntry

from course.config import Course, Lab
from course.errors import GradingError
from course.grading.course_nbgrader import course_nbgrader
from course.grading.marking.folder_config import write_settings
from course.grading.marking.formgrader import EXTENSION, REPLACED
from course.inbox.roster import Person
from course.nbgrader_api import tools_on_path
from course.text.commands import course_command


def prepare_folder(course: Course, lab: Lab, folder: Path, database: str | None, roster: tuple[Person, ...]) -> int:
    """Make the folder ready for Formgrader, with the names of the roster; return how many submissions there are.

    Raises
    ------
    GradingError
        Nothing of this lab is graded in the folder.
    CourseError
        The folder has settings for nbgrader that are not from this course.
    """
    api = course_nbgrader(course, folder, database)
    database_file = Path(api.coursedir.db_url.removeprefix("sqlite:///"))
    problem = (
        f"No submission of {lab.name} is graded in {folder}. Grade first: {course_command('grade', lab.name, folder)}"
    )
    if not database and not database_file.is_file():  # nbgrader would make an empty one
        raise GradingError(problem)
    with api.gradebook as gradebook:
        submissions = gradebook.assignment_submissions(lab.name) if has_lab(gradebook, lab) else []
        if not submissions:
            raise GradingError(problem)
        write_student_names(gradebook, roster)
    write_settings(course, folder)
    return len(submissions)


def has_lab(gradebook: Gradebook, lab: Lab) -> bool:
    """Whether the gradebook holds the lab."""
    try:
        gradebook.find_assignment(lab.name)
    except MissingEntry:
        return False
    return True


def write_student_names(gradebook: Gradebook, roster: tuple[Person, ...]) -> None:
    """Give the gradebook's students the names and e-mail addresses of the roster."""
    ids = {student.id for student in gradebook.students}
    for person in roster:
        if person.id in ids and person.name:
            first, last = first_and_last(person.name)
            gradebook.update_or_create_student(
                person.id, first_name=first, last_name=last, **({"email": person.email} if person.email else {})
            )


def first_and_last(name: str) -> tuple[str, str]:
    """A name in two: at its comma, which follows the last name, else before the last word."""
    last, comma, first = name.partition(",")
    if not comma:
        first, _, last = name.rpartition(" ")
    return first.strip(), last.strip()


def jupyter_command(lab: Lab, folder: Path, database: str | None, port: int | None, browser: bool) -> list[str]:
    """How to start JupyterLab so that it opens where the lab is marked."""
    options = {
        "LabApp.default_url": f"/formgrader/gradebook/{lab.name}/{lab.name}",
        "ServerApp.root_dir": str(folder.resolve()),
        "ServerApp.open_browser": str(browser),
        "ServerApp.allow_root": str(os.getuid() == 0),
        # Formgrader would let a browser keep the log-in for its first page alone.
        "IdentityProvider.cookie_options": "path=/",
        "Application.log_level": "WARN",  # the address is printed all the same
    }
    if port:
        options["ServerApp.port"] = str(port)
    if database:
        options["CourseDirectory.db_url"] = database
    extensions = [f"--ServerApp.jpserver_extensions={name}={on}" for name, on in ((EXTENSION, True), (REPLACED, False))]
    return [sys.executable, "-m", "jupyterlab", *(f"--{name}={value}" for name, value in options.items()), *extensions]


def serve_formgrader(arguments: list[str], folder: Path) -> None:
    """Become that server, in the folder; its terminals and nbgrader find the course's settings there."""
    os.chdir(folder)
    tools_on_path()
    os.execv(sys.executable, arguments)
