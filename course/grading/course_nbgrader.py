"""nbgrader at work in a class's folder, with sources and settings of the course, whatever the course's path holds."""

import atexit
import re
import shutil
import tempfile
from functools import cache
from pathlib import Path

from nbgrader.apps.api import NbGraderAPI

from course.config import Course
from course.nbgrader_api import load_config, nbgrader_in

# nbgrader reads the path from the class's folder to the sources as a regular expression.
REGEX_CHARACTERS = re.compile(r"[()+^|\\]")


def course_nbgrader(course: Course, folder: Path, database: str | None = None) -> NbGraderAPI:
    """nbgrader with `folder` as its course directory; `database` is the gradebook's address, if it is another."""
    config = load_config(course.root, database)
    config.CourseDirectory.root = str(regex_safe_path(course.root))
    return nbgrader_in(folder, config)


@cache
def regex_safe_path(path: Path) -> Path:
    """The path, or a link to it where a part of its name, such as "(2)", is something else as a regular expression."""
    if not REGEX_CHARACTERS.search(str(path)):
        return path
    folder = Path(tempfile.mkdtemp(prefix="course-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    link = folder / "link"
    link.symlink_to(path, target_is_directory=True)
    return link
