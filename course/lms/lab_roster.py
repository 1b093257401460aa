"""The roster's lines as they are for one lab: numbers and teams can be others in each assignment of Moodle."""

from collections.abc import Sequence
from dataclasses import replace

from course.inbox.filenames import printable_name
from course.inbox.roster import Person
from course.lms.participants import Participants


def lines_of_lab(table: Participants, people: Sequence[Person], before: Sequence[Person]) -> list[Person]:
    """The people of the table as they are in its assignment, and after them those who were there before as well."""
    groups = {one.id: one.group for one in before}
    lines = [
        replace(one, lms_id=number, group=one_group(person) or groups.get(one.id) or one.group)
        for one, person, number in zip(people, table.people, table.numbers, strict=True)
        if number
    ]
    ids = {one.id for one in lines}
    return lines + [one for one in before if lines and one.id not in ids]


def is_in_several(person: Person) -> bool:
    """Whether a table names several groups for somebody."""
    return "," in person.group


def one_group(person: Person) -> str:
    """The group that a table names for somebody; none if it names several, of which nobody knows which hands in."""
    return "" if is_in_several(person) else person.group


def several_groups(who: str, person: Person, where: str) -> str:
    """What to do for somebody in several groups."""
    return f"{who} is in several groups ({printable_name(person.group)}): write the one that hands in into {where}"
