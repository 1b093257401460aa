"""The students in the tables that Canvas and Moodle give to download."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from course.errors import RosterError
from course.inbox.filenames import printable_name
from course.inbox.roster import Person
from course.inbox.systems import System
from course.text.csv_tables import read_table

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
CANVAS_TEST_STUDENT = "Student, Test"
PARTICIPANT = "Participant "  # before the number in the column Identifier of Moodle's grading worksheet


def read_people(path: Path) -> tuple[System, list[Person], list[str]]:
    """The system that a table is from, its students without ids, and Moodle's number of each in this assignment.

    Raises
    ------
    RosterError
        It is of neither system, or holds no student.
    """
    columns, rows = read_table(path)
    if {"Student", "ID"} <= set(columns):
        system, names = System.CANVAS, CANVAS
        # A line without a number holds the points possible.
        rows = tuple(row for row in rows if row[1]["ID"].isdigit() and row[1]["Student"] != CANVAS_TEST_STUDENT)
    elif "Email address" in columns and ("Full name" in columns or {"First name", "Last name"} <= set(columns)):
        system, names = System.MOODLE, MOODLE
    else:
        shown = ", ".join(map(printable_name, columns)) or "of nothing"
        raise RosterError(
            f"{path} has the columns {shown}. A roster is made of Canvas's Grades → Export (Student, ID), or of "
            "Moodle's grading worksheet or participants (Full name or First name and Last name, Email address), with "
            "the system set to English."
        )
    if not rows:
        raise RosterError(f"{path} holds no student.")
    people = [read_person(row, names) for _, row in rows]
    numbers = [row.get("Identifier", "").removeprefix(PARTICIPANT) for _, row in rows]
    return system, people, numbers


def read_person(row: Mapping[str, str], names: Mapping[str, Sequence[str]]) -> Person:
    """One student of a table, without an id."""
    values = {ours: next((row[theirs] for theirs in choices if theirs in row), "") for ours, choices in names.items()}
    values["name"] = values["name"] or f"{row.get('First name', '')} {row.get('Last name', '')}".strip()
    if "," in values.get("group", ""):  # Moodle's list of all groups: which of them hands in, nobody can tell
        values["group"] = ""
    return Person("", **values)
