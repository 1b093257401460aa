"""nbgrader's settings for a folder of submissions: those of the course's repository, whoever calls nbgrader there.

Without a file of settings in its working folder, nbgrader would run submissions outside a sandbox and know no
solutions.
"""

import os
from pathlib import Path

from course.config import Course
from course.errors import CourseError

_SETTINGS = "nbgrader_config.py"
FIRST_LINE = '"""Written by `course`: nbgrader works in this folder with the settings of the course\'s repository."""'
TEXT = f"""{FIRST_LINE}

import sys
from pathlib import Path

REPOSITORY = {{repository!r}}
if not Path(REPOSITORY, "nbgrader_config.py").is_file():  # with settings of its own, nbgrader would use no sandbox
    sys.exit(f"The course's repository is no longer at {{{{REPOSITORY}}}}. Run `course grade` or `course mark` again.")
c = get_config()  # noqa: F821
load_subconfig("nbgrader_config.py", path=REPOSITORY)  # noqa: F821
c.CourseDirectory.root = str(Path(__file__).parent.resolve())
# A relative path, because nbgrader reads an absolute one as a regular expression.
c.CourseDirectory.source_directory = {{source!r}}
"""


def write_settings(course: Course, folder: Path) -> None:
    """Let nbgrader find the course's settings in the folder; the repository has its own.

    Raises
    ------
    CourseError
        The folder has settings that somebody else wrote.
    """
    folder = folder.resolve()
    path = folder / _SETTINGS
    if folder == course.root:
        return
    if path.exists() and not path.read_text("utf-8").startswith(FIRST_LINE):
        raise CourseError(
            f"{path} is not from this course, and nbgrader would follow it. Move it away, or work in another folder."
        )
    source = os.path.relpath(course.root / course.source_directory, folder)
    path.write_text(TEXT.format(repository=str(course.root), source=source), "utf-8")
