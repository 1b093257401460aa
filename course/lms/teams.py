"""Submissions that a team handed in: each member gets the submission, and never the team's number for a student's.

Moodle names the files of a team by the team and its number, `Group A_42_assignsubmission_file/lab.ipynb`, in the very
form in which it names those of a student; older ones by both names and the student's number, `Group A-Ada_12345_…`.
Canvas puts the team's name before the number of one of its members. Only a roster can tell who is in a team.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from course.inbox.filenames import printable_name
from course.inbox.roster import Person, bare_name, name_orders
from course.inbox.systems import System

# Words in names of teams that are in no student's name; nor is a digit.
TEAM_NAME = re.compile(
    r"\b(groups?|teams?|gruppen?|groupe|équipe|grupo|equipo|equipa|gruppo|squadra|groep|grupa|ryhmä|skupina|csoport|"
    r"zespół|группа|команда|ομάδα|takım|nhóm)\b|组|組|小隊|グループ|チーム|팀|\d",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class FileOwner:
    """Whose files a student gets: those with this `number`; of a `team`, with `others`, if it is set.

    `is_own` tells whether the number is the student's.
    """

    number: str
    team: str = ""
    others: tuple[str, ...] = ()
    is_own: bool = True


def teams_of(names: Mapping[str, str], roster: Sequence[Person]) -> dict[str, tuple[Person, ...]]:
    """The members of each team that handed in, by the system's number, as the roster's column `group` has them."""
    teams = {}
    for number, name in names.items():
        members = tuple(person for person in roster if person.group and bare_name(person.group) == bare_name(name))
        if members:
            teams[number] = members
    return teams


def teams_without_files(teams: Mapping[str, tuple[Person, ...]], roster: Sequence[Person]) -> list[str]:
    """Of each team of the roster that handed in nothing under its name: a remark that names its members."""
    handed_in = {bare_name(person.group) for members in teams.values() for person in members}
    missing = defaultdict[str, list[str]](list)
    for person in roster:
        if person.group and bare_name(person.group) not in handed_in:
            missing[person.group].append(person.id)
    return [
        f"the team “{printable_name(team)}” of the roster ({', '.join(students)}) handed in nothing; is its name right?"
        for team, students in sorted(missing.items())
    ]


def team_members(
    teams: Mapping[str, tuple[Person, ...]], names: Mapping[str, str], individual_ids: Iterable[str], system: System
) -> tuple[dict[str, FileOwner], list[tuple[str, str]]]:
    """Whose files each member of a team gets, and who gets none with the reason: more than one submission is theirs."""
    numbers_by_student: defaultdict[str, list[str]] = defaultdict(list)
    for number, members in teams.items():
        for person in members:
            numbers_by_student[person.id].append(number)
    file_owners, reasons, individuals = dict[str, FileOwner](), list[tuple[str, str]](), set(individual_ids)
    for student, numbers in numbers_by_student.items():
        if len(numbers) > 1 or student in individuals:
            choices = [f"“{printable_name(names[number])}” ({number})" for number in numbers]
            choices += ["what was handed in alone"] if student in individuals else []
            reasons.append((student, f"it could be {' or '.join(choices)}: correct the column `group`"))
            continue
        team = {person.id: person for person in teams[numbers[0]]}
        # Canvas has the number of one member, Moodle that of the team.
        is_own = system is System.CANVAS and team[student].lms_id == numbers[0]
        file_owners[student] = FileOwner(
            numbers[0], names[numbers[0]], tuple(member for member in team if member != student), is_own
        )
    return file_owners, reasons


def anonymous_names(names: Iterable[str]) -> set[str]:
    """What Moodle calls everybody where names are hidden, in the language of the site; no two teams have one name."""
    return {name for name, count in Counter(names).items() if count > 1} | {"Participant"}


def why_maybe_team(number: str, name: str, system: System) -> str | None:
    """Why a name that is not in the roster is hardly a student's, so that its number may be a team's; else None."""
    if system is not System.MOODLE or not TEAM_NAME.search(name):
        return None
    return (
        f"“{printable_name(name)}” looks like a team, and {printable_name(number)} like Moodle's number of it, not of "
        "a student. Say who is in it, in the column `group` of the roster (--roster)"
    )


def why_not_this_person(person: Person, number: str, name: str, system: System, anonymous: set[str]) -> str | None:
    """Why files with a person's number in Moodle may not be theirs: they are under another name; else None.

    `anonymous` are the names of `anonymous_names`.
    """
    own_names = name_orders(person.name)
    if system is not System.MOODLE or not person.name or name in anonymous or bare_name(name) in own_names:
        return None
    if any(bare_name(name).endswith(own_name) for own_name in own_names):  # the team's name before the student's
        return None
    return (
        f"the roster has {printable_name(number)} as the number of {person.id}, “{printable_name(person.name)}”, and "
        f"the archive as that of “{printable_name(name)}”. If this is a team, give its members its name in the column "
        "`group`; otherwise put name or lms_id right in the roster"
    )
