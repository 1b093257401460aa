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
from course.files import write_whole as write
from course.times import TimeError, read_time

FILE, COLUMNS = "extensions.csv", ["student", "lab", "until"]


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
        The file is no such table; the message names every line to put right.
    """
    path = folder / FILE
    if not path.is_file():
        return []
    try:
        rows = list(csv.DictReader(io.StringIO(path.read_text("utf-8-sig"))))
    except (UnicodeDecodeError, csv.Error) as error:
        raise CourseError(f"{path} is no CSV table in UTF-8: {error}.") from error
    found, problems = dict[tuple[str, str], Extension](), list[str]()
    for number, row in enumerate(rows, 2):
        try:
            one = Extension(row["lab"].strip(), row["student"].strip(), read_time(row["until"] or ""))
        except (KeyError, AttributeError):
            problems.append(f"line {number}: the columns must be {','.join(COLUMNS)}")
        except TimeError as error:
            problems.append(f"line {number}: {error}")
        else:
            if (one.lab, one.student) in found:
                problems.append(f"line {number}: {one.student} has two extensions for {one.lab}")
            found[one.lab, one.student] = one
    if problems:
        raise CourseError("\n".join([f"{path} has to be put right:", *(f"  - {problem}" for problem in problems)]))
    return sorted(found.values())


def of_lab(extensions: Iterable[Extension], lab: str) -> dict[str, datetime]:
    """Until when each student may hand in that lab, who has an extension."""
    return {one.student: one.until for one in extensions if one.lab == lab}


def grant(folder: Path, new: Sequence[Extension]) -> list[Extension]:
    """Add extensions, each in place of an earlier one of the same student and lab; return all."""
    kept = [one for one in read_extensions(folder) if (one.lab, one.student) not in {(n.lab, n.student) for n in new}]
    return _save(folder, [*kept, *new])


def revoke(folder: Path, students: Sequence[str], labs: Sequence[str]) -> list[Extension]:
    """Take extensions back; return those that were taken.

    Raises
    ------
    CourseError
        One of the students has none for one of the labs; then all stay as they are.
    """
    have = read_extensions(folder)
    taken = [one for one in have if one.student in students and one.lab in labs]
    there = {(one.student, one.lab) for one in taken}
    missing = [f"{student} has none for {lab}" for student in students for lab in labs if (student, lab) not in there]
    if missing:
        raise CourseError(
            f"No extension was taken back: {'; '.join(missing)}. `course extensions` lists all there are."
        )
    _save(folder, [one for one in have if one not in taken])
    return taken


def _save(folder: Path, extensions: Sequence[Extension]) -> list[Extension]:
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(COLUMNS)
    for one in sorted(extensions):
        table.writerow([one.student, one.lab, one.until.isoformat(sep=" ")])
    write(folder / FILE, text.getvalue())
    return sorted(extensions)
