"""Who a student of the gradebook is in the learning management system."""

from collections.abc import Sequence
from pathlib import Path

from nbgrader.api import Student

from course.errors import ExportError, SubmissionError
from course.inbox.origin import read_record
from course.inbox.places import workshop
from course.inbox.roster import Person
from course.inbox.systems import System


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
            origin = read_record(workshop(folder, lab) / student)
        except SubmissionError as error:
            raise ExportError(str(error)) from error
        if origin and origin.system == system:
            return origin.lms_id, origin.name
    return "", ""
