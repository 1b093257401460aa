"""A roster from the table of participants that Canvas or Moodle gives to download."""

import csv
import io
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import NamedTuple

from course.errors import RosterError
from course.inbox.filenames import folded, id_problem, printable_name
from course.inbox.roster import COLUMNS, Person, name_orders, read_roster
from course.inbox.systems import System
from course.lms.participants import read_people
from course.text.csv_tables import read_table
from course.text.files import write_whole
from course.text.spreadsheets import spreadsheet_text

BYTE_ORDER_MARK = "\ufeff"  # by which Excel knows that a file is UTF-8
# What an id can be made of, the first with which every student gets one, and no two the same.
ID_SOURCES: dict[System, dict[str, Callable[[Person], str]]] = {
    System.CANVAS: {
        "login": lambda person: person.login,
        "sis_id": lambda person: person.sis_id,
        "lms_id": lambda person: person.lms_id,
    },
    System.MOODLE: {
        "idnumber": lambda person: person.idnumber,
        "email": lambda person: person.email.partition("@")[0],
        "whole email": lambda person: person.email,
    },
}


class NewRoster(NamedTuple):
    """Everybody of the class, what ids were made of, who is new, who is no longer in the system, and remarks.

    `renumbered` are the new `lms_id` of some who were there before, by id.
    """

    people: tuple[Person, ...]
    id_source: str
    added: tuple[Person, ...]
    missing: tuple[Person, ...]
    renumbered: Mapping[str, str]
    remarks: tuple[str, ...]


def make_roster(table: Path, existing: Path | None, id_source: str | None = None) -> NewRoster:
    """The roster of those in `table`; lines of an existing roster stay as they are, and new ones follow.

    Moodle numbers students anew in every assignment. The number is noted, or renewed, for those of the same name only.

    Parameters
    ----------
    table
        Canvas's gradebook (Grades → Export), or of Moodle the grading worksheet or the list of participants.
    id_source
        Of what ids of new students are made, a key of `ID_SOURCES`; found out if None.

    Raises
    ------
    RosterError
        It is no such table, no ids can be made of it, or the existing roster is not valid.
    """
    system, people, numbers = read_people(table)
    known = read_roster(existing) if existing else ()
    names, remarks = Counter(_any_order(person.name) for person in people), []
    lines = [find_known(person, known, system) for person in people]
    renumbered = {}
    for place, (person, line) in enumerate(zip(people, lines, strict=True)):
        if system is System.CANVAS or names[_any_order(person.name)] == 1:
            continue
        people[place] = replace(person, lms_id=numbers[place])
        if line and numbers[place] and line.lms_id != numbers[place]:
            renumbered[line.id] = numbers[place]
        number = numbers[place] or "empty: take it from the grading worksheet"
        remarks.append(
            f"{printable_name(person.name)}, {printable_name(person.email)}: others have the same name, so lms_id "
            f"tells them apart ({number}). It holds for this assignment of Moodle only: do this again for the next one"
        )
    new = [person for person, line in zip(people, lines, strict=True) if line is None]
    source, added = with_ids(table, system, new, {folded(person.id) for person in known}, id_source)
    present = {line.id for line in lines if line}
    missing = tuple(person for person in known if person.id not in present)
    return NewRoster((*known, *added), source, added, missing, renumbered, tuple(remarks))


def find_known(person: Person, known: Sequence[Person], system: System) -> Person | None:
    """The line of the existing roster that is about the same person."""
    keys = ("lms_id", "login", "sis_id") if system is System.CANVAS else ("email", "idnumber")
    for key in keys:
        value = folded(getattr(person, key))
        for line in known:
            if value and folded(getattr(line, key)) == value:
                return line
    alike = [line for line in known if not any(getattr(line, key) for key in keys)]
    return next((line for line in alike if _any_order(line.name) == _any_order(person.name)), None)


def _any_order(name: str) -> str:
    """The same text for a name in whatever order its words are."""
    return min(name_orders(name), default="")


def with_ids(
    table: Path, system: System, people: Sequence[Person], taken: set[str], source: str | None
) -> tuple[str, tuple[Person, ...]]:
    """The people with ids, and what these were made of.

    Raises
    ------
    RosterError
        With no source does everybody get an id of their own; the message names for each source who does not.
    """
    sources = ID_SOURCES[system]
    if source and source not in sources:
        raise RosterError(f"No ids can be made of {source!r} in a table of {system.title()}: {', '.join(sources)}.")
    problems = []
    for name, make in sources.items() if not source else [(source, sources[source])]:
        ids = [make(person) for person in people]
        counts = Counter(folded(one) for one in ids)
        reasons = [
            f"{printable_name(person.name)}: " + (id_problem(one) or f"{one} is another's id, too")
            for person, one in zip(people, ids, strict=True)
            if id_problem(one) or counts[folded(one)] > 1 or folded(one) in taken
        ]
        if not reasons:
            return name, tuple(replace(person, id=one) for person, one in zip(people, ids, strict=True))
        problems.append(f"  - {name}: {reasons[0]}" + (f", and {len(reasons) - 1} more" if reasons[1:] else ""))
    raise RosterError(f"{table} does not give everybody an id of their own:\n" + "\n".join(problems))


def write_roster(path: Path, existing: Path | None, new: NewRoster) -> None:
    """Write the roster; columns of the existing one that are not a roster's stay.

    Raises
    ------
    OSError
        It cannot be written; what was there is left.
    """
    table = read_table(existing) if existing else None
    used = [column for column in COLUMNS if any(getattr(person, column) for person in new.people)]
    used += ["lms_id"] if new.renumbered and "lms_id" not in used else []
    columns = [
        *(table.columns if table else ()),
        *(column for column in used if not table or column not in table.columns),
    ]
    lines = (
        [row | {"lms_id": new.renumbered.get(row["id"], row.get("lms_id", ""))} for _, row in table.rows]
        if table
        else []
    )
    lines += [{key: spreadsheet_text(value) for key, value in asdict(person).items()} for person in new.added]
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="", extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    write_whole(path, BYTE_ORDER_MARK + text.getvalue())
