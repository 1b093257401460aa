"""Which line of a roster is about which student of a table of Canvas or Moodle."""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from course.errors import RosterError
from course.inbox.filenames import folded, printable_name
from course.inbox.roster import Person, name_orders
from course.inbox.systems import System
from course.lms.participants import Participants

# What tells one person from another, the surest first.
_KEYS = {System.CANVAS: ("lms_id", "sis_id", "login"), System.MOODLE: ("idnumber", "email")}


def match_lines(path: Path, table: Participants, known: Sequence[Person]) -> list[Person | None]:
    """For each person of the table the line of the roster that is about them, or None.

    Raises
    ------
    RosterError
        Of some nobody can tell; the message names them all and says what to write into the roster.
    """
    by_key = [[line for line in known if _is_by_key(line, person, table.system)] for person in table.people]
    taken = {line.id for found in by_key for line in found}
    by_name = defaultdict(list)
    for line in known:
        if line.id not in taken and (name := any_order(line.name)):
            by_name[name].append(line)
    matches = [found or by_name[any_order(person.name)] for person, found in zip(table.people, by_key, strict=True)]
    problems = []
    for person, found in zip(table.people, matches, strict=True):
        if len(found) > 1 or any(_conflict(line, person, table.system) for line in found):
            lines = " or ".join(_with_keys(line.id, line, table.system) for line in found)
            problems.append(f"{_with_keys(student_label(person), person, table.system)} may be {lines} of the roster")
    for line in known:
        claimants = [
            _with_keys(student_label(one), one, table.system)
            for one, found in zip(table.people, matches, strict=True)
            if line in found
        ]
        if len(claimants) > 1:
            problems.append(f"{line.id} of the roster may be {' or '.join(claimants)}")
    if problems:
        advice = "Write into these lines of the roster what is right; for somebody else, add a line yourself."
        raise RosterError("\n".join([f"Of some in {path} nobody can tell who they are. {advice}", *problems]))
    return [found[0] if found else None for found in matches]


def _is_by_key(line: Person, person: Person, system: System) -> bool:
    return any(folded(getattr(person, key)) == folded(getattr(line, key)) != "" for key in _KEYS[system])


def _conflict(line: Person, person: Person, system: System) -> bool:
    """Whether the surest thing that both have differs."""
    pairs = [(folded(getattr(line, key)), folded(getattr(person, key))) for key in _KEYS[system]]
    return next((ours != theirs for ours, theirs in pairs if ours and theirs), False)


def _with_keys(name: str, person: Person, system: System) -> str:
    known = [f"{key} {printable_name(value)}" for key in _KEYS[system] if (value := getattr(person, key))]
    return f"{name} ({', '.join(known) or 'name only'})"


def any_order(name: str) -> str:
    """The same text for a name in whatever order its words are; "" if it has no letters."""
    return min(name_orders(name), default="")


def student_label(person: Person) -> str:
    """What to call a student without an id in a message."""
    return printable_name(person.name) or printable_name(person.email) or person.lms_id
