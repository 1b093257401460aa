"""The feedback of a lab in one zip file, each page under the name by which Canvas or Moodle knows whose it is.

Moodle, "Upload multiple feedback files in a zip": `Full name_12345_assignsubmission_file_LAB.html`, where 12345 is the
participant's number in this assignment; what is before it is not looked at. Canvas, "Upload Submissions":
`name_USERID_FILEID_LAB.html`; the first two parts that are numbers count, and the second must be that of a file of the
submission that the student has now. Both numbers were written down when the lab was collected.
"""

import zipfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from course.config import Course, Lab
from course.errors import ExportError, SubmissionError
from course.inbox.filenames import UNPORTABLE
from course.inbox.origin import Origin, read_record
from course.inbox.places import collected_root
from course.inbox.roster import Person
from course.inbox.systems import System
from course.text.commands import course_command
from course.text.files import replacement
from course.text.spreadsheets import unprintable

ASK_FOR_NUMBERS = "; download the assignment's grading worksheet, then run: course roster WORKSHEET --lab LAB"
FIXED_TIME = (1980, 1, 1, 0, 0, 0)  # the same pages always make the same file


def pack_feedback(
    course: Course, lab: Lab, folder: Path, system: System, to: Path, roster: Sequence[Person] = ()
) -> list[str]:
    """Write the feedback pages of a lab to the zip file `to`; return what a person should know.

    A `roster` has the numbers of the members of Moodle's teams in this assignment. Students whose number in the system
    is not known are left out and named.

    Raises
    ------
    ExportError
        There is no page of this lab, nobody's number is known, or the file cannot be written.
    """
    pages = {path.parent.parent.name: path for path in folder.glob(f"feedback/*/{lab.name}/{lab.name}.html")}
    if not pages:
        raise ExportError(
            f"There is no feedback of {lab.name} in {folder}. Grade the lab first: "
            f"{course_command('grade', lab.name, folder)}"
        )
    remarks: list[str] = []
    origins: dict[str, Origin] = {}
    for student in sorted(pages):
        origin_or_reason = origin_of(folder, lab, student, system, roster)
        if isinstance(origin_or_reason, Origin):
            origins[student] = origin_or_reason
        else:
            remarks.append(f"{student}: left out; {origin_or_reason}")
    for student in students_sharing_number(origins):
        remarks.append(f"{student}: left out; another student has the same number {origins.pop(student).lms_id}")
    if not origins:
        raise ExportError("\n".join([f"No page can be packed for {system.title()}:", *remarks]))
    write_zip(to, {page_name(origins[student], lab): pages[student] for student in origins})
    return remarks


def origin_of(folder: Path, lab: Lab, student: str, system: System, roster: Sequence[Person] = ()) -> Origin | str:
    """Where a student's submission came from, or why the system would not know whose it is."""
    try:
        origin = read_record(collected_root(folder, lab.name) / student)
    except SubmissionError as error:
        return str(error)
    if origin is None:
        return f"the submission was not collected with `course collect`, so the number in {system.title()} is not known"
    if origin.system != system:
        return f"the submission came from {origin.system.title()}"
    member = next((person for person in roster if person.id == student and person.lms_id), None)
    if not origin.lms_id and member and system is System.MOODLE:
        return replace(origin, lms_id=member.lms_id, name=member.name or origin.name)
    if not origin.lms_id:
        reason = f"the team “{origin.name}” handed in, and the number of this member in {system.title()} is not known"
        return reason + (ASK_FOR_NUMBERS if system is System.MOODLE else "")
    return origin


def students_sharing_number(origins: dict[str, Origin]) -> list[str]:
    """The students who share a number."""
    counts = Counter(origin.lms_id for origin in origins.values())
    return [student for student, origin in origins.items() if counts[origin.lms_id] > 1]


def page_name(origin: Origin, lab: Lab) -> str:
    """The name of a page by which its system finds the student."""
    name = "".join("-" if unprintable(letter) else letter for letter in UNPORTABLE.sub("-", origin.name))
    name = name.replace("_", "-").strip(" .-")  # an underscore would end it
    if origin.system == System.MOODLE:
        return f"{name or 'Participant'}_{origin.lms_id}_assignsubmission_file_{lab.name}.html"
    before = "" if not name or name.isdigit() else f"{name}_"  # a number would be taken for the student's
    return f"{before}{origin.lms_id}_{origin.attempt}_{lab.name}.html"


def write_zip(to: Path, files: dict[str, Path]) -> None:
    """Write these files under these names, whole or not at all.

    Raises
    ------
    ExportError
        It cannot be written, or a page cannot be read.
    """
    try:
        with replacement(to) as draft, zipfile.ZipFile(draft, "x", zipfile.ZIP_DEFLATED) as archive:
            for name in sorted(files):
                info = zipfile.ZipInfo(name, FIXED_TIME)
                info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, 0o100644 << 16
                archive.writestr(info, files[name].read_bytes())
    except OSError as error:
        raise ExportError(f"{error.filename or to} cannot be read or written: {error.strerror}.") from error
