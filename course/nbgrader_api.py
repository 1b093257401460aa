"""nbgrader in this process, set up by nbgrader_config.py but working in any folder."""

import atexit
import glob
import os
import re
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from nbformat.warnings import MissingIDFieldWarning
from nbgrader.apps.api import NbGraderAPI
from nbgrader.coursedir import CourseDirectory
from sqlalchemy.exc import SAWarning
from traitlets.config import Config, PyFileConfigLoader

from course.config import Course
from course.database_errors import database_advice
from course.environment import tools_on_path

# In nbgrader's log the cause is the last line of a traceback; a general line comes after it.
ERROR_LINE = re.compile(r"^\s*[\w.]*(Error|Exception|Entry)\w*: ")
GENERAL_LINE = "see the the above traceback"


def load_config(course: Course, database: str | None = None) -> Config:
    """What nbgrader_config.py in the course's root sets; `database` is the gradebook's address, if it is another."""
    config = PyFileConfigLoader("nbgrader_config.py", path=str(course.root)).load_config()
    if database:
        config.CourseDirectory.db_url = database
    return config


def nbgrader_in(course: Course, folder: Path, config: Config | None = None) -> NbGraderAPI:
    """nbgrader with `folder` as its course directory and the course's own sources and settings.

    Submissions, graded copies, feedback and gradebook.db are looked for and written in `folder`.
    """
    config = (config or load_config(course)).copy()
    folder, sources = folder.resolve(), glob_safe_path(course.root / course.source_directory)
    config.CourseDirectory.root = str(glob_safe_path(folder))
    # A relative path, because nbgrader reads an absolute one as a regular expression.
    config.CourseDirectory.source_directory = os.path.relpath(sources, folder)
    config.NbGraderAPI.log_level = "ERROR"
    tools_on_path()
    return NbGraderAPI(coursedir=CourseDirectory(config=config), config=config)


@cache
def glob_safe_path(path: Path) -> Path:
    """The path, or a link to it where nbgrader would take a part of its name, such as "[WS26]", for a pattern."""
    if not glob.has_magic(str(path)):
        return path
    folder = Path(tempfile.mkdtemp(prefix="course-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    link = folder / "link"
    link.symlink_to(path, target_is_directory=True)
    return link


@contextmanager
def without_library_warnings() -> Iterator[None]:
    """Silence warnings of newer libraries about nbgrader's own code, which works all the same."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SAWarning)  # the form of its queries
        warnings.simplefilter("ignore", MissingIDFieldWarning)  # test cells it puts back have no cell id
        yield


def failure(result: dict[str, Any]) -> str | None:
    """What went wrong in an nbgrader call, in one line, or None if it went well.

    Raises
    ------
    KeyboardInterrupt
        The call was interrupted, which nbgrader takes for a failure like any other.
    """
    if result["success"]:
        return None
    log = str(result.get("log", "")) + str(result.get("error", ""))
    if "KeyboardInterrupt" in (line.strip() for line in log.splitlines()):
        raise KeyboardInterrupt
    if "OperationalError" in log and (advice := database_advice(log)):
        return advice  # nbgrader takes every trouble of a database for an old one
    error_lines = [line.strip() for line in log.splitlines() if ERROR_LINE.match(line) and GENERAL_LINE not in line]
    return error_lines[-1] if error_lines else (log.strip().splitlines() or ["nbgrader gave no reason"])[-1]
