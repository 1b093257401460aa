"""Logs of commands: a logger for each room, a file for each run.

Every module that logs has `log = logging.getLogger(__name__)`, so the logger's name tells the room.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from course.errors import CourseError

FOLDER = "logs"
KEPT_FILES = 20  # files of earlier runs of the same name; older ones are deleted
LINE_FORMAT = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"
root = logging.getLogger("course")
root.addHandler(logging.NullHandler())  # else Python prints warnings over the progress bar


def write_to(path: Path) -> logging.Handler:
    """Let all loggers of the course append to this file until `close_handler`."""
    handler = logging.FileHandler(path, encoding="utf-8")
    handler.setFormatter(logging.Formatter(LINE_FORMAT, "%Y-%m-%dT%H:%M:%S%z"))
    add_handler(handler)
    return handler


def join_log(path: Path) -> None:
    """Write to this log until this process ends, as a worker does to the log of the process that started it."""
    write_to(path)


def add_handler(handler: logging.Handler) -> None:
    """Send all that is logged from now on to this handler."""
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)


def close_handler(handler: logging.Handler) -> None:
    """Send nothing more to this handler, and close it."""
    root.removeHandler(handler)
    handler.close()


def log_files() -> list[Path]:
    """The files that are written to now, for a new process to write to as well."""
    return [Path(handler.baseFilename) for handler in root.handlers if isinstance(handler, logging.FileHandler)]


@contextmanager
def run_log(folder: Path, name: str) -> Iterator[Path]:
    """The file of this run, FOLDER/logs/NAME-TIME.log, which is written to until the end of the context.

    Raises
    ------
    CourseError
        It cannot be made.
    """
    log_folder = folder / FOLDER
    path = log_folder / f"{name}-{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}.log"
    try:
        log_folder.mkdir(parents=True, exist_ok=True)
        for old in sorted(file for file in log_folder.iterdir() if is_log(file, name))[:-KEPT_FILES]:
            old.unlink(missing_ok=True)
        handler = write_to(path)
    except OSError as error:
        raise CourseError(
            f"{path} cannot be written: {error.strerror}. Make room, or work in another folder."
        ) from error
    try:
        yield path
    except BaseException as error:
        root.error("ended by %s: %s", type(error).__name__, error)
        raise
    finally:
        close_handler(handler)


def is_log(file: Path, name: str) -> bool:
    """Whether this is the file of a run of that name."""
    return file.suffix == ".log" and file.stem.rpartition("-")[0] == name
