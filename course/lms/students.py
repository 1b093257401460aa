"""Who is who: from a learning management system's numbers and names to the ids of students in the course, and back."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from nbgrader.api import Student

from course.errors import ExportError, SubmissionError
from course.inbox.filenames import folded, id_problem, printable_name
from course.inbox.origin import read_record
from course.inbox.places import collected_root
from course.inbox.roster import Person, find_person
from course.inbox.systems import System
from course.lms.teams import anonymous_names, why_maybe_team, why_not_this_person


def assign_ids(
    names: Mapping[str, str], system: System, roster: Sequence[Person] | None
) -> tuple[dict[str, str], dict[str, str]]:
    """The course's id of each student by the system's number, and for the others the reason why there is none.

    Without a roster the id is Canvas's number, which a student keeps. Moodle numbers the students of every assignment
    anew, so there it is the name; students of the same name get the number too. A name that may be that of a team gets
    no id.
    """
    ids: dict[str, str] = {}
    reasons: dict[str, str] = {}
    twice = Counter(folded(_from_name(name)) for name in names.values())
    nobody = anonymous_names(names.values())
    for number, name in names.items():
        if roster is None:
            own = _from_name(name)
            reason = why_maybe_team(number, name, system)
            alone = own and twice[folded(own)] == 1 and own != "participant"
            student = number if system is System.CANVAS else own if alone else f"{own or 'x'}-{number}"
        else:
            found = find_person(roster, number, name)
            reason = found if isinstance(found, str) else why_not_this_person(found, number, name, system, nobody)
            student = "" if isinstance(found, str) else found.id
        if reason:
            reasons[number] = reason
        else:
            ids[number] = student
    for number, student in list(ids.items()):
        if problem := id_problem(student):
            reasons[number] = (
                f"the id {printable_name(student)!r} is not possible: {problem}; give another one with --roster"
            )
    by_id = defaultdict(list)
    for number, student in ids.items():
        by_id[folded(student)].append(number)
    for numbers in by_id.values():
        if len(numbers) > 1:
            who = " and ".join(f"{printable_name(names[number])} ({number})".strip() for number in numbers)
            reason = f"{who} would both be {ids[numbers[0]]}: tell them apart by lms_id in the roster"
            reasons |= dict.fromkeys(numbers, reason)
    return {number: student for number, student in ids.items() if number not in reasons}, reasons


def _from_name(name: str) -> str:
    """An id made of a name: its words in lower case, joined by hyphens."""
    words = "".join(character if not id_problem(f"1{character}") else " " for character in folded(name)).split()
    return "-".join(words).strip(".-_@")


def identify(student: Student, system: System, labs: Sequence[str], folder: Path, roster: Sequence[Person]) -> Person:
    """What is known of a student from the roster, from collecting these labs, and from the gradebook.

    In Canvas a student has one number, so the roster's counts. Moodle numbers students anew in every assignment, so
    the number from collecting the lab counts before it; the numbers in nbgrader's gradebook are Canvas's.

    Raises
    ------
    ExportError
        A record of where a submission came from is damaged.
    """
    listed = next((person for person in roster if person.id == student.id), Person(student.id))
    number, name = _collected(student.id, system, labs, folder)
    if system is System.CANVAS:
        number = listed.lms_id or number or student.lms_user_id or ""
    else:
        number = number or listed.lms_id
    if system is System.CANVAS:
        full = ", ".join(part for part in (student.last_name, student.first_name) if part)
    else:
        full = " ".join(part for part in (student.first_name, student.last_name) if part)
    return Person(
        id=student.id,
        name=listed.name or full or name,
        lms_id=number,
        email=listed.email or student.email or "",
        login=listed.login,
        sis_id=listed.sis_id,
        section=listed.section,
        idnumber=listed.idnumber,
    )


def _collected(student: str, system: System, labs: Sequence[str], folder: Path) -> tuple[str, str]:
    """The system's number and name of a student whose submission of one of the labs was collected; else empty."""
    for lab in labs:
        try:
            origin = read_record(collected_root(folder, lab) / student)
        except SubmissionError as error:
            raise ExportError(str(error)) from error
        if origin and origin.system == system:
            return origin.lms_id, origin.name
    return "", ""
