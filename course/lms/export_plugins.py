"""Grades for Canvas and Moodle, as plug-ins of `nbgrader export` and for `course export`.

    nbgrader export --exporter=course.lms.export_plugins.CanvasExportPlugin --to FILE

A grade is what nbgrader's own CSV export writes: tests and marks given by hand, less the penalty for being late, never
below 0. A submission that still waits for a person's marks gets no grade, unless `allow_unmarked` is set. Who handed in
nothing is left out, as it is for the instructor to say what that means.
"""

import re
from collections.abc import Iterator, Sequence

from nbgrader.api import Assignment

from course.errors import ExportError
from course.inbox.roster import Person
from course.inbox.systems import System
from course.lms.export_base import GradedStudent, LmsExportPlugin, points_for_lms

_NUMBERED = re.compile(r"\(\d+\)\s*$")  # the end of a column's title as Canvas exports it


class CanvasExportPlugin(LmsExportPlugin):
    """Canvas's gradebook CSV: `Student,ID,SIS User ID,SIS Login ID,Section` and a column a lab.

    Canvas finds a student by ID, else by SIS User ID, SIS Login ID or name. It finds a column by the number in
    parentheses, else by its title; of an unknown title it offers to make a new assignment. The second line holds the
    points possible; they must be those of the assignment in Canvas. An empty cell deletes a grade that is there.
    """

    system = System.CANVAS

    def unidentified(self, person: Person) -> str | None:
        """Canvas needs one of four things."""
        if person.lms_id or person.sis_id or person.login or person.name:
            return None
        return "no number, login or name is known; give them with a roster"

    def table(self, labs: Sequence[Assignment], rows: Sequence[GradedStudent]) -> Iterator[Sequence[str]]:
        """Two lines of heading, then one a student."""
        titles = (str(self.columns.get(lab.name, lab.name)) for lab in labs)
        self.remarks += [
            f"the column {title!r} has no number, as in “Lab 3 (4711)”, so Canvas looks for an assignment of just that "
            "title, and offers to make one if there is none"
            for title in map(str, self.columns.values())
            if not _NUMBERED.search(title)
        ]
        yield "Student", "ID", "SIS User ID", "SIS Login ID", "Section", *titles
        yield "    Points Possible", "", "", "", "", *(points_for_lms(lab.max_score) for lab in labs)
        self.remark_on_missing("ID", [row.person for row in rows if not row.person.lms_id], self._consequence)
        for row in rows:
            person = row.person
            yield person.name or person.id, person.lms_id, person.sis_id, person.login, person.section, *row.grades

    @staticmethod
    def _consequence(person: Person) -> str:
        column = next(
            (key for key, value in (("SIS User ID", person.sis_id), ("SIS Login ID", person.login)) if value), ""
        )
        return f"Canvas finds them by {column or 'their names, which others may have, too'}"


class MoodleExportPlugin(LmsExportPlugin):
    """Moodle's grading worksheet of one assignment: `Identifier,Email address,Full name,Grade` and three more.

    "Upload grading worksheet" needs Identifier, Grade and Last modified (grade), under the names of an English Moodle,
    and skips empty grades and those above the assignment's maximum. The gradebook's CSV import lets one choose the
    column that identifies a student, Email address or ID number, and the one with the grade.
    """

    system = System.MOODLE

    def unidentified(self, person: Person) -> str | None:
        """Moodle needs one of three things; a name is none of them."""
        if person.lms_id or person.email or person.idnumber:
            return None
        return "no Moodle number, e-mail address or ID number is known; give one with a roster"

    def table(self, labs: Sequence[Assignment], rows: Sequence[GradedStudent]) -> Iterator[Sequence[str]]:
        """One line of heading, then one a student; "Last modified" is empty, so no newer grade is overwritten."""
        if len(labs) != 1:
            names = ", ".join(lab.name for lab in labs)
            raise ExportError(f"Moodle takes one lab a file; choose one of {names} with --assignment.")
        maximum = points_for_lms(labs[0].max_score)
        self.remarks.append(
            f"the grades are out of {maximum}: that must be the maximum grade of the assignment in Moodle"
        )
        yield "Identifier", "Email address", "Full name", "Grade", "Maximum grade", "ID number", "Last modified (grade)"
        self.remark_on_missing("Identifier", [row.person for row in rows if not row.person.lms_id], self._consequence)
        for row in rows:
            person = row.person
            identifier = f"Participant {person.lms_id}" if person.lms_id else ""
            yield identifier, person.email, person.name or person.id, row.grades[0], maximum, person.idnumber, ""

    @staticmethod
    def _consequence(person: Person) -> str:
        column = "Email address" if person.email else "ID number"
        return f"the grading worksheet passes them over; use Moodle's Grades → Import → CSV file, by {column}"


PLUGINS = {System.CANVAS: CanvasExportPlugin, System.MOODLE: MoodleExportPlugin}
