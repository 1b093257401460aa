"""Tables that people write: read whole, or refused with every line that has to be put right."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from course.errors import CourseError


class CsvTable(NamedTuple):
    """A table: its columns, and each row by column with the number of its line; "" stands for what a row lacks."""

    columns: tuple[str, ...]
    rows: tuple[tuple[int, dict[str, str]], ...]
    delimiter: str


def read_table(path: Path) -> CsvTable:
    """Read a CSV table.

    Cells are separated by commas, or by semicolons, as spreadsheets write them in half of Europe. Empty rows and
    spaces around a cell do not count.

    Raises
    ------
    CourseError
        The file cannot be read, or is no CSV table in UTF-8.
    """
    try:
        text = path.read_text("utf-8-sig")
        header = text.partition("\n")[0]
        delimiter = ";" if header.count(";") > header.count(",") else ","
        table = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, restval="")
        table.fieldnames = columns = [name.strip() for name in table.fieldnames or []]
        rows = [(table.line_num, {column: row[column].strip() for column in columns}) for row in table]
        return CsvTable(tuple(columns), tuple((line, row) for line, row in rows if any(row.values())), delimiter)
    except OSError as error:
        raise CourseError(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise CourseError(f"{path} is not UTF-8 text. Save it as “CSV UTF-8”.") from error
    except csv.Error as error:
        raise CourseError(f"{path} is no CSV table: {error} in line {table.line_num}.") from error


def refuse(path: Path, problems: Sequence[str]) -> None:
    """Raise a CourseError that names all problems, if there are any."""
    if problems:
        raise CourseError("\n".join([f"{path} has to be put right:", *(f"  - {problem}" for problem in problems)]))
