"""The students in the tables that Canvas and Moodle let one download."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from course.errors import RosterError
from course.inbox.filenames import folded, printable_name
from course.inbox.roster import Person
from course.inbox.systems import System
from course.text.csv_tables import CsvTable, read_table, refuse

# Columns of their tables, in English, for those of a roster; the first column that a table has counts.
CANVAS: dict[str, tuple[str, ...]] = {
    "name": ("Student",),
    "lms_id": ("ID",),
    "sis_id": ("SIS User ID",),
    "login": ("SIS Login ID",),
    "section": ("Section",),
}
MOODLE: dict[str, tuple[str, ...]] = {
    "name": ("Full name",),
    "email": ("Email address",),
    "idnumber": ("ID number",),
    "group": ("Group", "Groups"),
}
FIRST_NAME, LAST_NAMES = "First name", ("Last name", "Surname")
CANVAS_TEST_STUDENT = "Student, Test"
NUMBER_COLUMN = "Identifier"  # of Moodle's grading worksheet
PARTICIPANT = "Participant "  # before the number in it


@dataclass(frozen=True)
class Participants:
    """The students of a table, without ids, and Moodle's number of each in its assignment, "" if it has none."""

    system: System
    people: tuple[Person, ...]
    numbers: tuple[str, ...]


def read_participants(path: Path) -> Participants:
    """Read a table; of a student who has several lines, as in two sections of Canvas, the lines are put together.

    Raises
    ------
    CourseError
        It cannot be read.
    RosterError
        It is of neither system, holds no student, or a line of Canvas's has something else than a number as ID.
    """
    table = read_table(path)
    columns = set(table.columns)
    if {"Student", "ID"} <= columns:
        system, names, rows = System.CANVAS, CANVAS, _rows_of_canvas(path, table)
    elif "Email address" in columns and ("Full name" in columns or (FIRST_NAME in columns and columns & {*LAST_NAMES})):
        system, names, rows = System.MOODLE, MOODLE, [row for _, row in table.rows]
    else:
        shown = ", ".join(map(printable_name, table.columns)) or "of nothing"
        raise RosterError(
            f"{path} has the columns {shown}. A roster is made from Canvas's Grades → Export (Student, ID), or from "
            "Moodle's grading worksheet or participants (Full name or First name and Last name, Email address), with "
            "the system set to English."
        )
    found: dict[str, tuple[Person, str]] = {}
    for row in rows:
        person, number = _read_person(row, names), number_of(row)
        key = person.lms_id or folded(person.email) or f"line {len(found)}"
        before, number_before = found.get(key, (person, number))
        sections = dict.fromkeys(section for section in (before.section, person.section) if section)
        found[key] = replace(before, section=", ".join(sections)), number_before
    if not found:
        raise RosterError(f"{path} holds no student.")
    people, numbers = zip(*found.values(), strict=True)
    return Participants(system, people, numbers)


def number_of(row: Mapping[str, str]) -> str:
    """Moodle's number of a student in the assignment of a worksheet; "" in other tables."""
    return row.get(NUMBER_COLUMN, "").removeprefix(PARTICIPANT)


def _rows_of_canvas(path: Path, table: CsvTable) -> list[dict[str, str]]:
    """The lines of students: not those without an ID, such as the points possible, nor the test student's."""
    rows = [(line, row) for line, row in table.rows if row["ID"] and row["Student"] != CANVAS_TEST_STUDENT]
    refuse(
        path,
        [
            f"line {line}: the ID {printable_name(row['ID'])!r} is no number. Download the table again, and do not "
            "save it in a spreadsheet."
            for line, row in rows
            if not (row["ID"].isascii() and row["ID"].isdigit())
        ],
    )
    return [row for _, row in rows]


def _read_person(row: Mapping[str, str], names: Mapping[str, Sequence[str]]) -> Person:
    values = {ours: next((row[theirs] for theirs in choices if theirs in row), "") for ours, choices in names.items()}
    last_name = next((row[name] for name in LAST_NAMES if name in row), "")
    values["name"] = values["name"] or f"{row.get(FIRST_NAME, '')} {last_name}".strip()
    return Person("", **values)
