"""A table of when students handed in, written beside their submissions as nbgrader's timestamp.txt."""

from collections.abc import Mapping
from datetime import datetime, tzinfo
from pathlib import Path

from course.config import Lab
from course.errors import CourseError, SubmissionError
from course.inbox.filenames import printable_name
from course.inbox.origin import STAMP, timestamp_text
from course.inbox.places import Places
from course.text.csv_tables import read_table, refuse
from course.text.files import write_whole
from course.text.times import TimeError, read_time

_COLUMNS = ["student", "handed_in"]


def read_times_table(path: Path, zone: tzinfo) -> dict[str, datetime]:
    """The times by student, in UTC; those that name no zone are in `zone`.

    Raises
    ------
    CourseError
        The file is no such table; the message names every line to correct.
    """
    times, problems, table = dict[str, datetime](), list[str](), read_table(path)
    if not {*_COLUMNS} <= {*table.columns}:
        raise CourseError(
            f"{path} has the columns {', '.join(map(printable_name, table.columns)) or 'of nothing'}. It needs "
            f"{' and '.join(_COLUMNS)}; or give Moodle's grading worksheet, downloaded with Moodle set to English."
        )
    for number, row in table.rows:
        try:
            student, time = row["student"], read_time(row["handed_in"], zone)
        except TimeError as error:
            problems.append(f"line {number}: {error}")
        else:
            if student in times:
                problems.append(f"line {number}: {student} is there twice")
            times[student] = time
    refuse(path, problems or ([] if times else [f"it has no line below {','.join(_COLUMNS)}"]))
    return times


def write_times(folder: Path, lab: Lab, times: Mapping[str, datetime]) -> list[str]:
    """Write each time beside the student's submission; return why it could not be, by student.

    It is then as if the submission had been collected with that time: it stays until the student hands in again.
    """
    remarks = []
    for student, time in sorted(times.items()):
        places = Places(folder.resolve(), student, lab.name)
        if Path(student).name != student or not places.submitted.is_dir():
            remarks.append(f"{student} has handed in nothing of {lab.name}; is the name right?")
            continue
        try:
            places.check()
        except SubmissionError as error:
            remarks.append(f"{student}: {error}")
            continue
        write_whole(places.submitted / STAMP, timestamp_text(time))
    return remarks
