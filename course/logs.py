"""What is written down while a command works: a logger for each room, a file for each run.

Every module that has something to say has `log = logging.getLogger(__name__)`; so the room is in the logger's name.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from course.errors import CourseError

FOLDER = "logs"
KEPT = 20  # files of earlier runs of the same name; older ones are deleted
LINE = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"
root = logging.getLogger("course")
root.addHandler(logging.NullHandler())  # else Python prints warnings over the progress bar


def write_to(path: Path) -> logging.Handler:
    """Let all loggers of the course append to this file, from this process; the handler is closed by `stop`."""
    handler = logging.FileHandler(path, encoding="utf-8")
    handler.setFormatter(logging.Formatter(LINE, "%Y-%m-%dT%H:%M:%S%z"))
    show(handler)
    return handler


def join(path: Path) -> None:
    """Write there until this process ends: a worker, into the log of the process that has started it."""
    write_to(path)


def show(handler: logging.Handler) -> None:
    """Give this handler all that is logged from now on."""
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)


def stop(handler: logging.Handler) -> None:
    """No longer write there."""
    root.removeHandler(handler)
    handler.close()


def log_files() -> list[Path]:
    """The files that are written to now, for a process that is started to write there as well."""
    return [Path(handler.baseFilename) for handler in root.handlers if isinstance(handler, logging.FileHandler)]


@contextmanager
def run_log(folder: Path, name: str) -> Iterator[Path]:
    """The file of this run, FOLDER/logs/NAME-TIME.log, which is written to until the end of the context.

    Raises
    ------
    CourseError
        It cannot be made.
    """
    place = folder / FOLDER
    path = place / f"{name}-{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}.log"
    try:
        place.mkdir(parents=True, exist_ok=True)
        for old in sorted(file for file in place.iterdir() if is_log(file, name))[:-KEPT]:
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
        stop(handler)


def is_log(file: Path, name: str) -> bool:
    """Whether this is the file of a run of that name."""
    return file.suffix == ".log" and file.stem.rpartition("-")[0] == name
