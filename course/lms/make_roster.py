"""A roster from a table of Canvas or Moodle: made, or completed without a change to any line that is there."""

import csv
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import NamedTuple

from course.errors import RosterError
from course.inbox.filenames import folded, id_problem, printable_name
from course.inbox.roster import ROSTER_COLUMNS, Person, read_roster, roster_problems
from course.inbox.systems import System
from course.lms.lab_roster import is_in_several, lines_of_lab, one_group, several_groups
from course.lms.match_roster import any_order, match_lines, student_label
from course.lms.participants import read_participants
from course.text.csv_tables import read_table
from course.text.files import replacement
from course.text.spreadsheets import ENCODING, spreadsheet_text

NAMED = 5  # people in a message, if more have the same problem
# What an id can be made from; the first counts with which every new student gets one, and no two the same.
ID_SOURCES: dict[System, dict[str, Callable[[Person], str]]] = {
    System.CANVAS: {
        "login": lambda person: person.login,
        "sis_id": lambda person: person.sis_id,
        "lms_id": lambda person: person.lms_id,
    },
    System.MOODLE: {
        "idnumber": lambda person: person.idnumber,
        "mailbox": lambda person: person.email.partition("@")[0],
        "email": lambda person: person.email,
    },
}


class NewRoster(NamedTuple):
    """All lines of the roster, those that are new and what their ids are made from, and who is not in the table.

    `numbered` are the lines for the lab of the table's assignment, with Moodle's numbers in it as `lms_id`, and the
    groups that hand in there.
    """

    people: tuple[Person, ...]
    added: tuple[Person, ...]
    id_source: str
    missing: tuple[Person, ...]
    numbered: tuple[Person, ...]
    remarks: tuple[str, ...]


def make_roster(
    path: Path, existing: Path | None, id_source: str | None = None, lab_roster: Path | None = None
) -> NewRoster:
    """The existing roster, and after it those of the table at `path` who are not in it.

    Moodle numbers students anew in every assignment, so `lms_id` is set only for those who share their name.

    Parameters
    ----------
    path
        Canvas's gradebook (Grades → Export), or of Moodle the grading worksheet or the list of participants.
    id_source
        What ids of new students are made from, a key of `ID_SOURCES`; found out if None.
    lab_roster
        Where the lines of one lab will be written; numbers and groups in this assignment then go there, and nothing
        has to be changed in the roster. What is there already of groups and people stays where the table says nothing.

    Raises
    ------
    CourseError
        A file cannot be read, or must be put right first: its lines are named.
    RosterError
        It is no such table, or no ids can be made from it.
    """
    table, known = read_participants(path), read_roster(existing) if existing else ()
    lines = match_lines(path, table, known)
    names = Counter(any_order(person.name) for person in (*table.people, *(one for one in known if one not in lines)))
    new, remarks = [], []
    for person, number, line in zip(table.people, table.numbers, lines, strict=True):
        shares_name = table.system is System.MOODLE and names[any_order(person.name)] > 1
        if line:
            remarks += [] if lab_roster else remarks_on_line(line, person, number, shares_name)
            continue
        if shares_name and not lab_roster:
            remarks.append(
                f"{student_label(person)}: somebody else has this name, so lms_id tells them apart "
                f"({number or 'empty: look it up in the grading worksheet'}). Moodle changes it with every assignment"
            )
        if is_in_several(person) and not lab_roster:
            remarks.append(several_groups(student_label(person), person, "the roster"))
        new.append(replace(person, group=one_group(person), lms_id=number if shares_name else person.lms_id))
    source, added = give_ids(path, table.system, new, {folded(person.id) for person in known}, id_source)
    if existing:
        added, left_out = in_columns(added, read_table(existing).columns)
        remarks += [f"{existing} has no column {name}: what the table says there is left out" for name in left_out]
    people = (*known, *added)
    if problems := roster_problems([(student_label(person), person) for person in people]):
        raise RosterError("\n".join([f"With those of {path} the roster is not valid:", *problems]))
    rest = iter(added)
    in_table = [line or next(rest) for line in lines]
    numbered = lines_of_lab(table, in_table, read_roster(lab_roster) if lab_roster and lab_roster.is_file() else ())
    undecided = {one.id: person for one, person in zip(in_table, table.people, strict=True) if is_in_several(person)}
    remarks += [
        several_groups(one.id, undecided[one.id], lab_roster.name)
        for one in numbered
        if lab_roster and one.id in undecided and not one.group
    ]
    missing = tuple(one for one in known if one not in lines)
    return NewRoster(people, added, source, missing, tuple(numbered), tuple(remarks))


def remarks_on_line(line: Person, person: Person, number: str, shares_name: bool) -> list[str]:
    """What the instructor may want to change in a line that stays as it is."""
    remarks = []
    if number and line.lms_id != number and (line.lms_id or shares_name):
        remarks.append(f"{line.id}: in this assignment the lms_id is {number}, not {line.lms_id or 'empty'}: change it")
    if person.group and person.group != line.group:
        groups = f"{printable_name(person.group)}, in the roster {printable_name(line.group) or 'none'}"
        remarks.append(f"{line.id}: the group is {groups}: change it if teams hand in")
    return remarks


def give_ids(
    path: Path, system: System, people: Sequence[Person], taken: set[str], source: str | None
) -> tuple[str, tuple[Person, ...]]:
    """The people with ids, and what these were made from.

    Raises
    ------
    RosterError
        From no source does everybody get an id of their own; the message names for each source who does not.
    """
    sources = ID_SOURCES[system]
    if source and source not in sources:
        raise RosterError(f"No ids can be made from {source!r} in a table of {system.title()}: {', '.join(sources)}.")
    problems = []
    for name in [source] if source else sources:
        ids = [sources[name](person) for person in people]
        counts = Counter(folded(one) for one in ids)
        reasons = [
            f"{student_label(person)}: " + (id_problem(one) or f"{one} is another's id, too")
            for person, one in zip(people, ids, strict=True)
            if id_problem(one) or counts[folded(one)] > 1 or folded(one) in taken
        ]
        if not reasons:
            return name, tuple(replace(person, id=one) for person, one in zip(people, ids, strict=True))
        more = f"; and {len(reasons) - NAMED} more" if len(reasons) > NAMED else ""
        problems.append(f"  - {name}: {'; '.join(reasons[:NAMED])}{more}")
    raise RosterError(f"{path} does not give everybody an id of their own:\n" + "\n".join(problems))


def in_columns(people: Sequence[Person], columns: Sequence[str]) -> tuple[tuple[Person, ...], list[str]]:
    """The people with only what has a column, and the columns that something would need."""
    missing = [
        name for name in ROSTER_COLUMNS if name not in columns and any(getattr(person, name) for person in people)
    ]
    return tuple(replace(person, **dict.fromkeys(missing, "")) for person in people), missing


def write_roster(path: Path, existing: Path | None, added: Sequence[Person]) -> None:
    """Write the roster, or put new lines at the end of the existing one, in its columns.

    Raises
    ------
    OSError
        It cannot be written; what was there is left.
    """
    columns: Sequence[str] = [name for name in ROSTER_COLUMNS if any(getattr(person, name) for person in added)]
    before, delimiter, encoding = "", ",", ENCODING
    if existing:
        columns, _, delimiter = read_table(existing)
        before, encoding = existing.read_bytes().decode("utf-8").rstrip("\r\n") + "\n", "utf-8"
    with replacement(path.resolve()) as draft, draft.open("x", encoding=encoding, newline="") as file:
        file.write(before)
        writer = csv.DictWriter(
            file, columns, extrasaction="ignore", restval="", delimiter=delimiter, lineterminator="\n"
        )
        if not existing:
            writer.writeheader()
        writer.writerows({key: spreadsheet_text(value) for key, value in asdict(person).items()} for person in added)
