"""The students of a course: who has which number, name and login in the learning management system."""

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, fields
from difflib import get_close_matches
from pathlib import Path

from course.errors import CourseError, RosterError
from course.inbox.filenames import folded, id_problem, printable_name
from course.inbox.systems import System
from course.text.csv_tables import read_table


@dataclass(frozen=True)
class Person:
    """One line of the roster; `id` is the student's id in this course, the rest is what the system knows.

    `group` is the name of the team in which the student hands in, `lti_user_id` what a platform calls the student in
    LTI 1.3.
    """

    id: str
    name: str = ""
    lms_id: str = ""
    email: str = ""
    login: str = ""
    sis_id: str = ""
    section: str = ""
    idnumber: str = ""
    group: str = ""
    lti_user_id: str = ""


ROSTER = "roster.csv"  # in the folder of a class; read wherever no other file is given
LAB_ROSTER = "roster_{lab}.csv"  # the same with the numbers and groups in the assignment of one lab of Moodle
ROSTER_COLUMNS = tuple(field.name for field in fields(Person))
SIMILARITY = 0.8  # from here on, a column's name is taken for a misspelt one
_NUMBERS = ("id", "lms_id", "login", "sis_id", "idnumber", "lti_user_id")
NUMBER_ADVICE = {
    System.CANVAS: "correct a mistake there",
    System.MOODLE: "Moodle numbers anew in every assignment, so leave lms_id empty if the name is enough",
}
UNIQUE = ("lms_id", "lti_user_id")
# What a spreadsheet makes of a number: 11.0, 1.02E+12, 1,020,304.
MANGLED = re.compile(r"\d+[.,]0+|\d([.,]\d+)?E[+-]\d{2,}|\d{1,3}([,.\u202f\xa0']\d{3}){2,}", re.IGNORECASE)


def roster_file(folder: Path, given: Path | None, lab: str = "") -> Path | None:
    """The file that was given, else that of the class for the lab, else that of the class; None if there is none."""
    files = (folder / LAB_ROSTER.format(lab=lab), folder / ROSTER)
    return given or next((file for file in files if file.is_file()), None)


def read_roster(path: Path) -> tuple[Person, ...]:
    """Read a CSV file with the columns of `Person`; `id` and one of `lms_id` and `name` are needed, others ignored.

    Raises
    ------
    RosterError
        The file cannot be read, a column is missing or misspelt, or an id is missing, impossible, there twice, or a
        number that a spreadsheet has rewritten.
    """
    try:
        columns, rows, _ = read_table(path)
    except CourseError as error:
        raise RosterError(f"The roster {error}") from error
    if "id" not in columns or not {"lms_id", "name", "group"} & set(columns):
        raise RosterError(
            f"The roster {path} has the columns {', '.join(map(printable_name, columns)) or 'of nothing'}. It needs "
            "`id`, the student's id in this course, and `lms_id` or `name` (or `group`, for teams); possible are "
            f"{', '.join(ROSTER_COLUMNS)}."
        )
    for column in set(columns) - set(ROSTER_COLUMNS):
        similar = [
            name for name in get_close_matches(column.casefold(), ROSTER_COLUMNS, 1, SIMILARITY) if name not in columns
        ]
        if similar:
            raise RosterError(
                f"The roster {path} has a column {printable_name(column)!r}. Call it {similar[0]!r}, or leave it out."
            )
    people = [
        (f"line {line}", Person(**{column: row[column] for column in ROSTER_COLUMNS if column in columns}))
        for line, row in rows
        if any(row[column] for column in ROSTER_COLUMNS if column in columns)
    ]
    if problems := roster_problems(people):
        raise RosterError(f"The roster {path} must be put right:\n" + "\n".join(problems))
    return tuple(person for _, person in people)


def roster_problems(people: Sequence[tuple[str, Person]]) -> list[str]:
    """What is wrong with the lines of a roster; each comes with what to call it in a message, such as "line 3"."""
    ids = Counter(folded(person.id) for _, person in people)
    numbers = {column: Counter(getattr(person, column) for _, person in people) for column in UNIQUE}
    problems = []
    for line, person in people:
        if reason := id_problem(person.id):
            problems.append(f"{line}: the id {printable_name(person.id)!r} is not possible: {reason}.")
        elif ids[folded(person.id)] > 1:
            problems.append(f"{line}: the id {person.id!r} is there twice; capitals make no difference.")
        problems += [
            f"{line}: the {column} {printable_name(value)!r} is what a spreadsheet makes of a number. Give the "
            "column the format “Text” and enter it anew, from where the numbers come from."
            for column in _NUMBERS
            if MANGLED.fullmatch(value := getattr(person, column))
        ]
        problems += [
            f"{line}: the {column} {printable_name(value)!r} is there twice."
            for column in UNIQUE
            if (value := getattr(person, column)) and numbers[column][value] > 1
        ]
        if not person.lms_id and not person.name and not person.group:
            problems.append(f"{line}: {person.id!r} has neither lms_id nor name nor group.")
    return problems


def find_person(roster: Sequence[Person], number: str, name: str, system: System) -> Person | str:
    """The person with this number, else with this name; or why there is none.

    A person whose number the roster gives is never found by name, which students may be able to change.
    """
    for person in roster:
        if person.lms_id == number:
            return person
    matches = [person for person in roster if not person.lms_id and bare_name(name) in _names(person)]
    if len(matches) == 1:
        return matches[0]
    label = f"{printable_name(name)} (lms_id {number})" if name else f"lms_id {number}"
    if matches:
        return f"{label} could be {' or '.join(person.id for person in matches)}: give them their lms_id in the roster"
    if others := [person for person in roster if person.lms_id and bare_name(name) in _names(person)]:
        lines = " and ".join(f"{person.id} has the lms_id {printable_name(person.lms_id)}" for person in others)
        return f"{label} is not in the roster. Of that name, {lines}: {NUMBER_ADVICE[system]}, or add a line"
    return f"{label} is not in the roster: add a line"


def _names(person: Person) -> set[str]:
    """What the systems may call a person: by name, or by the team and the name, as older Moodles do."""
    names = name_orders(person.name)
    return names | ({bare_name(person.group) + name for name in names} if person.group else set())


def name_orders(name: str) -> set[str]:
    """The name as the systems may write it: its words joined, beginning with any of them."""
    words = [bare for word in name.replace(",", " ").split() if (bare := bare_name(word))]
    return {"".join(words[start:] + words[:start]) for start in range(len(words))}


def bare_name(name: str) -> str:
    """A name with only its letters and digits, in lower case."""
    normalized = unicodedata.normalize("NFC", name).casefold()
    return "".join(character for character in normalized if unicodedata.category(character)[0] in "LMN")
