"""Errors of files and processes while a class is graded, told as what a person can do something about."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from course.errors import GradingError

RUN_AGAIN = "What is graded is kept: run the same command again."


@contextmanager
def file_errors(folder: Path) -> Iterator[None]:
    """Turn what the system refuses inside, such as a file on a full disk, into `GradingError`."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        what = f"{error.filename} cannot be read or written" if error.filename else f"The work in {folder} stopped"
        raise GradingError(f"{what}: {reason}. {RUN_AGAIN}") from error
