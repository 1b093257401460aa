"""Tables that people write: read whole, or refused with every line that has to be put right."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from course.errors import CourseError


def read_rows(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV table by column; what a row lacks is None, as the csv module leaves it.

    Raises
    ------
    CourseError
        The file cannot be read, or is no CSV table in UTF-8.
    """
    try:
        return list(csv.DictReader(io.StringIO(path.read_text("utf-8-sig"))))
    except OSError as error:
        raise CourseError(f"{path} cannot be read: {error.strerror}.") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise CourseError(f"{path} is no CSV table in UTF-8: {error}.") from error


def refuse(path: Path, problems: Sequence[str]) -> None:
    """Raise a CourseError that names all problems, if there are any."""
    if problems:
        raise CourseError("\n".join([f"{path} has to be put right:", *(f"  - {problem}" for problem in problems)]))
