"""When students handed in, from Moodle's grading worksheet."""

from datetime import UTC, datetime, tzinfo
from pathlib import Path

from course.errors import RosterError
from course.inbox.filenames import printable_name
from course.inbox.roster import read_roster
from course.lms.match_roster import match_lines, student_label
from course.lms.participants import NUMBER_COLUMN, number_of, read_participants
from course.text.csv_tables import read_table, refuse
from course.text.times import TIME_PATTERN, TimeError, in_zone, read_time

SUBMITTED = "Last modified (submission)"  # of the worksheet; "-" of those who have handed in nothing
# strftimedaydatetime of Moodle's language packs en and en_us: "Monday, 2 March 2026, 9:05 PM", "Monday, March 2, 2026,
# 9:05 PM"; and with hours to 24, as a site may set it.
_FORMATS = ("%A, %d %B %Y, %I:%M %p", "%A, %B %d, %Y, %I:%M %p", "%A, %d %B %Y, %H:%M", "%A, %B %d, %Y, %H:%M")


def is_worksheet(path: Path) -> bool:
    """Whether a table is a grading worksheet that tells when students handed in."""
    return {NUMBER_COLUMN, SUBMITTED} <= {*read_table(path).columns}


def read_worksheet_times(path: Path, roster: Path | None, zone: tzinfo) -> dict[str, datetime]:
    """The times by student, in UTC; those of the worksheet are in `zone` and without seconds.

    Raises
    ------
    CourseError
        The file must be put right first, as a line is about nobody in the roster, or its time cannot be read; all such
        lines are named. Or there is no roster.
    """
    if not roster:
        raise RosterError(f"Who is who in {path} is known from a roster. Make it first: course roster")
    people = read_participants(path)
    lines = match_lines(path, people, read_roster(roster))
    by_number = dict(zip(people.numbers, zip(people.people, lines, strict=True), strict=True))
    times, problems = dict[str, datetime](), list[str]()
    for number, row in read_table(path).rows:
        text = " ".join(row[SUBMITTED].split())  # some versions write a narrow blank before AM and PM
        if text in ("", "-"):
            continue
        person, line = by_number.get(number_of(row), (None, None))
        if person is None:
            problems.append(f"line {number}: another line has the same address: give one of them another in Moodle")
            continue
        if line is None:
            problems.append(f"line {number}: {student_label(person)} is not in {roster}: add them by course roster")
            continue
        try:
            times[line.id] = read_moodle_time(text, zone)
        except TimeError as error:
            problems.append(f"line {number}: {error}")
    refuse(path, problems or ([] if times else [f"nobody has handed in anything, says its column {SUBMITTED}"]))
    return times


def read_moodle_time(text: str, zone: tzinfo) -> datetime:
    """A time as an English Moodle writes it, which is in `zone`, or as `read_time` takes it; in UTC.

    Raises
    ------
    TimeError
        It is neither, or a time that this zone has not or has twice; the message says what to write in its place.
    """
    for form in _FORMATS:
        try:
            time = datetime.strptime(text, form)
        except ValueError:
            continue
        return in_zone(time, zone).astimezone(UTC)
    if TIME_PATTERN.fullmatch(text):
        return read_time(text, zone)
    raise TimeError(
        f"{printable_name(text)!r} is no time as Moodle writes it in English, such as “Monday, 2 March 2026, 9:05 PM”. "
        "Set Moodle to English and download the worksheet again."
    )
