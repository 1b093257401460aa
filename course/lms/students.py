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
    name_counts = Counter(folded(_from_name(name)) for name in names.values())
    anonymous = anonymous_names(names.values())
    for number, name in names.items():
        if roster is None:
            name_id = _from_name(name)
            reason = why_maybe_team(number, name, system)
            is_unique = name_id and name_counts[folded(name_id)] == 1 and name_id != "participant"
            student = number if system is System.CANVAS else name_id if is_unique else f"{name_id or 'x'}-{number}"
        else:
            person_or_reason = find_person(roster, number, name, system)
            reason = (
                why_maybe_team(number, name, system) or person_or_reason
                if isinstance(person_or_reason, str)
                else why_not_this_person(person_or_reason, number, name, system, anonymous)
            )
            student = "" if isinstance(person_or_reason, str) else person_or_reason.id
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
            people = " and ".join(f"{printable_name(names[number])} ({number})".strip() for number in numbers)
            reason = f"{people} would both be {ids[numbers[0]]}: tell them apart by lms_id in the roster"
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
    person = next((person for person in roster if person.id == student.id), Person(student.id))
    number, name = _collected(student.id, system, labs, folder)
    if system is System.CANVAS:
        number = person.lms_id or number or student.lms_user_id or ""
    else:
        number = number or person.lms_id
    if system is System.CANVAS:
        full_name = ", ".join(part for part in (student.last_name, student.first_name) if part)
    else:
        full_name = " ".join(part for part in (student.first_name, student.last_name) if part)
    return Person(
        id=student.id,
        name=person.name or full_name or name,
        lms_id=number,
        email=person.email or student.email or "",
        login=person.login,
        sis_id=person.sis_id,
        section=person.section,
        idnumber=person.idnumber,
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
