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

# What teams are called, and students are not. Whatever has a digit in it is no student's name either.
TEAM_NAME = re.compile(
    r"\b(groups?|teams?|gruppen?|groupe|équipe|grupo|equipo|equipa|gruppo|squadra|groep|grupa|ryhmä|skupina|csoport|"
    r"zespół|группа|команда|ομάδα|takım|nhóm)\b|组|組|小隊|グループ|チーム|팀|\d",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class FileOwner:
    """Whose files a student gets: those with the number `owner`; of a `team`, with `others`, if it is set.

    `is_own` tells whether the number is the student's.
    """

    owner: str
    team: str = ""
    others: tuple[str, ...] = ()
    is_own: bool = True


def teams_of(names: Mapping[str, str], roster: Sequence[Person]) -> dict[str, tuple[Person, ...]]:
    """The members of each team that handed in, by the system's number, as the roster's column `group` has them."""
    found = {}
    for number, name in names.items():
        members = tuple(person for person in roster if person.group and bare_name(person.group) == bare_name(name))
        if members:
            found[number] = members
    return found


def team_members(
    teams: Mapping[str, tuple[Person, ...]], names: Mapping[str, str], alone: Iterable[str], system: System
) -> tuple[dict[str, FileOwner], list[tuple[str, str]]]:
    """Whose files each member of a team gets, and who gets none with the reason: more than one submission is theirs."""
    of: defaultdict[str, list[str]] = defaultdict(list)
    for owner, members in teams.items():
        for person in members:
            of[person.id].append(owner)
    found, reasons, single = dict[str, FileOwner](), list[tuple[str, str]](), set(alone)
    for student, owners in of.items():
        if len(owners) > 1 or student in single:
            which = [f"“{printable_name(names[owner])}” ({owner})" for owner in owners]
            which += ["what was handed in alone"] if student in single else []
            reasons.append((student, f"it could be {' or '.join(which)}: correct the column `group`"))
            continue
        team = {person.id: person for person in teams[owners[0]]}
        # Canvas has the number of one member, Moodle that of the team.
        is_own = system is System.CANVAS and team[student].lms_id == owners[0]
        found[student] = FileOwner(owners[0], names[owners[0]], tuple(one for one in team if one != student), is_own)
    return found, reasons


def anonymous_names(names: Iterable[str]) -> set[str]:
    """What Moodle calls everybody where names are hidden, in the language of the site; no two teams have one name."""
    return {name for name, count in Counter(names).items() if count > 1} | {"Participant"}


def why_maybe_team(number: str, name: str, system: System) -> str | None:
    """Without a roster: why a name is hardly a student's, so that its number may be that of a team; else None."""
    if system is not System.MOODLE or not TEAM_NAME.search(name):
        return None
    return (
        f"“{printable_name(name)}” looks like a team, and {printable_name(number)} like Moodle's number of it, not of "
        "a student. Say who "
        "is in it: --roster with a column `group`"
    )


def why_not_this_person(person: Person, number: str, name: str, system: System, nobody: set[str]) -> str | None:
    """Why files with a person's number in Moodle may not be theirs: they are under another name; else None.

    `nobody` are the names of `hidden`.
    """
    own = name_orders(person.name)
    if system is not System.MOODLE or not person.name or name in nobody or bare_name(name) in own:
        return None
    if any(bare_name(name).endswith(one) for one in own):  # the team's name before the student's
        return None
    return (
        f"the roster has {printable_name(number)} as the number of {person.id}, “{printable_name(person.name)}”, and "
        "the archive as that "
        f"of “{printable_name(name)}”. If this is a team, give its members its name in the column `group`; otherwise "
        "put name "
        "or lms_id right in the roster"
    )
