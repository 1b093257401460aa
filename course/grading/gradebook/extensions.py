"""Extensions: until when single students may hand in, in a table beside the gradebook.

FOLDER/extensions.csv has a line for each student and lab: `student,lab,until`.
"""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from course.errors import CourseError
from course.text.csv_tables import read_table, refuse
from course.text.files import write_whole
from course.text.times import TimeError, read_time

FILE, _COLUMNS = "extensions.csv", ["student", "lab", "until"]


@dataclass(frozen=True, order=True)
class Extension:
    """A student may hand in a lab until then (UTC)."""

    lab: str
    student: str
    until: datetime


def read_extensions(folder: Path) -> list[Extension]:
    """All extensions, by lab and student; none if there is no file.

    Raises
    ------
    CourseError
        The file is not such a table; the message names every line to correct.
    """
    path = folder / FILE
    if not path.is_file():
        return []
    extensions, problems = dict[tuple[str, str], Extension](), list[str]()
    for number, row in read_table(path).rows:
        try:
            extension = Extension(row["lab"], row["student"], read_time(row["until"]))
        except KeyError:
            problems.append(f"line {number}: the columns must be {','.join(_COLUMNS)}")
        except TimeError as error:
            problems.append(f"line {number}: {error}")
        else:
            if (extension.lab, extension.student) in extensions:
                problems.append(f"line {number}: {extension.student} has two extensions for {extension.lab}")
            extensions[extension.lab, extension.student] = extension
    refuse(path, problems)
    return sorted(extensions.values())


def extensions_of_lab(extensions: Iterable[Extension], lab: str) -> dict[str, datetime]:
    """Until when each student with an extension may hand in that lab."""
    return {extension.student: extension.until for extension in extensions if extension.lab == lab}


def grant(folder: Path, new: Sequence[Extension]) -> list[Extension]:
    """Add extensions, each in place of an earlier one of the same student and lab; return all."""
    replaced = {(extension.lab, extension.student) for extension in new}
    old = [each for each in read_extensions(folder) if (each.lab, each.student) not in replaced]
    return _save(folder, [*old, *new])


def revoke(folder: Path, students: Sequence[str], labs: Sequence[str]) -> list[Extension]:
    """Take extensions back, and return them.

    Raises
    ------
    CourseError
        One of the students has none for one of the labs; then all stay as they are.
    """
    extensions = read_extensions(folder)
    revoked = [extension for extension in extensions if extension.student in students and extension.lab in labs]
    revoked_keys = {(extension.student, extension.lab) for extension in revoked}
    missing = [
        f"{student} has none for {lab}" for student in students for lab in labs if (student, lab) not in revoked_keys
    ]
    if missing:
        raise CourseError(
            f"No extension was taken back: {'; '.join(missing)}. `course extensions` lists all there are."
        )
    _save(folder, [extension for extension in extensions if extension not in revoked])
    return revoked


def _save(folder: Path, extensions: Sequence[Extension]) -> list[Extension]:
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(_COLUMNS)
    for extension in sorted(extensions):
        table.writerow([extension.student, extension.lab, extension.until.isoformat(sep=" ")])
    write_whole(folder / FILE, text.getvalue())
    return sorted(extensions)
