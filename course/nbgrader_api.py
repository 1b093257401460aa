"""nbgrader in this process: set up by nbgrader_config.py, working in any folder, with errors that say what to do."""

import atexit
import glob
import os
import re
import shutil
import sqlite3
import sys
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
from sqlalchemy.exc import DBAPIError, SAWarning
from traitlets.config import Config, PyFileConfigLoader

from course.errors import GradingError

# In nbgrader's log the cause is the last line of a traceback; a general line comes after it.
ERROR_LINE = re.compile(r"^\s*[\w.]*(Error|Exception|Entry)\w*: ")
GENERAL_LINE = "see the the above traceback"
AGAIN = "then run the same command again; what is graded is kept."
# What SQLite and PostgreSQL say, and what to do about it.
ADVICE = {
    "database is locked": f"Another program, such as another `course grade`, writes to the gradebook. Wait, {AGAIN}",
    "readonly database": f"The gradebook cannot be written by you. Change its owner or its permissions, {AGAIN}",
    "unable to open database": f"The gradebook cannot be opened or made. Look at permissions of its folder, {AGAIN}",
    "database or disk is full": f"The disk is full. Make room, {AGAIN}",
    "disk image is malformed": "The gradebook is damaged. Put a copy of it in its place, and grade again.",
    "file is not a database": "The gradebook is no database. Put a copy of it in its place, and grade again.",
    "no such column": "The gradebook is of an older nbgrader. Keep a copy of it, then: nbgrader db upgrade",
    "no such table": "The gradebook is of an older nbgrader, or none. Keep a copy of it, then: nbgrader db upgrade",
    "connection refused": f"The database does not answer. Start it, {AGAIN}",
    "password authentication failed": "The database does not know this user and password: look at --db.",
}


def load_config(root: Path, database: str | None = None) -> Config:
    """What nbgrader_config.py in the course's folder sets; `database` is the gradebook's address, if it is another."""
    config = PyFileConfigLoader("nbgrader_config.py", path=str(root)).load_config()
    if database:
        config.CourseDirectory.db_url = database
    return config


def nbgrader_in(folder: Path, config: Config) -> NbGraderAPI:
    """nbgrader with `folder` as its course directory and the sources and settings of the course of `config`.

    Submissions, graded copies, feedback and gradebook.db are looked for and written in `folder`.
    """
    config, folder = config.copy(), folder.resolve()
    sources = glob_safe_path(Path(config.CourseDirectory.root, config.CourseDirectory.source_directory))
    config.CourseDirectory.root = str(glob_safe_path(folder))
    # A relative path, because nbgrader reads an absolute one as a regular expression.
    config.CourseDirectory.source_directory = os.path.relpath(sources, folder)
    config.NbGraderAPI.log_level = "ERROR"
    tools_on_path()
    return NbGraderAPI(coursedir=CourseDirectory(config=config), config=config)


def tools_on_path() -> None:
    """Let programs be found that lie beside this interpreter: a new gradebook calls `alembic` by name."""
    tools = str(Path(sys.executable).parent)
    if tools not in os.environ["PATH"].split(os.pathsep):
        os.environ["PATH"] = os.pathsep.join([tools, os.environ["PATH"]])


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


def database_advice(message: str) -> str | None:
    """What to do about a database's error message, or None if it is not known."""
    return next((advice for phrase, advice in ADVICE.items() if phrase in message.lower()), None)


@contextmanager
def database_errors() -> Iterator[None]:
    """Turn a database's errors inside into `GradingError`."""
    try:
        yield
    except (DBAPIError, sqlite3.Error) as error:
        message = str(getattr(error, "orig", None) or error).strip()
        advice = database_advice(message)
        raise GradingError(f"{advice} ({message})" if advice else f"The gradebook cannot be used: {message}") from error
