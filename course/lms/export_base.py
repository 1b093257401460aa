"""What the exports to learning management systems have in common."""

import csv
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from nbgrader.api import Assignment, Gradebook, Student
from nbgrader.plugins import ExportPlugin
from traitlets import Bool, Dict, Unicode

from course.errors import ExportError
from course.grading.gradebook.recorded import students_not_graded
from course.inbox.roster import Person, read_roster, roster_file
from course.inbox.systems import System
from course.lms.sent_grades import find_grade, grade_remark, not_graded_remarks
from course.lms.students import identify
from course.text.commands import course_command
from course.text.files import replacement
from course.text.listing import shortened
from course.text.spreadsheets import spreadsheet_text


@dataclass(frozen=True)
class GradedStudent:
    """One student with one grade a lab, as text; "" if there is none to give."""

    person: Person
    grades: tuple[str, ...]


class LmsExportPlugin(ExportPlugin):
    """What the exports have in common; after `export`, `remarks` holds what a person should know."""

    roster = Unicode("", help="CSV file with names and numbers; roster.csv in the folder, if none.").tag(config=True)
    folder = Unicode("", help="The folder in which the lab was collected; if empty, the course's.").tag(config=True)
    allow_unmarked = Bool(False, help="Export what is not marked to the end, too.").tag(config=True)
    columns = Dict(help="The title of a lab's column in Canvas by the lab's name: 'Title (number)'.").tag(config=True)

    system: System
    remarks: list[str]

    def export(self, gradebook: Gradebook) -> None:
        """Write the file `to`.

        Raises
        ------
        ExportError
            A lab is not in the gradebook, or the file cannot be written.
        RosterError
            The roster is wrong.
        """
        self.remarks = []
        labs = self._labs(gradebook)
        rows = self._unique(list(self._graded(gradebook, labs)))
        lines = [[spreadsheet_text(cell) for cell in line] for line in self.table(labs, rows)]
        if not rows:
            raise ExportError("\n".join([f"There is no grade to export to {self.system.title()}.", *self.remarks]))
        target = Path(self.to or f"grades_{self.system}.csv")
        try:
            with replacement(target) as draft, draft.open("x", newline="", encoding="utf-8") as file:
                csv.writer(file).writerows(lines)
        except OSError as error:
            raise ExportError(f"{target} cannot be written: {error.strerror}.") from error
        self.log.info("Exported the grades of %d students to %s", len(rows), target)
        for remark in self.remarks:
            self.log.warning(remark)

    def table(self, labs: Sequence[Assignment], rows: Sequence[GradedStudent]) -> Iterator[Sequence[str]]:
        """All lines of the file."""
        raise NotImplementedError

    def unidentified(self, person: Person) -> str | None:
        """Why the system cannot tell who a student is, or None."""
        raise NotImplementedError

    def remark_on_missing(self, column: str, people: Sequence[Person], consequence_of: Callable[[Person], str]) -> None:
        """Add remarks on those whose column is empty, each with the consequence."""
        by_consequence = defaultdict[str, list[str]](list)
        for person in people:
            by_consequence[consequence_of(person)].append(person.id)
        for consequence, ids in by_consequence.items():
            self.remarks.append(
                f"{shortened(ids)}: the column {column} is empty, as their number is not known; {consequence}"
            )

    def _labs(self, gradebook: Gradebook) -> list[Assignment]:
        assignments = {lab.name: lab for lab in gradebook.assignments}
        wanted = [str(name) for name in self.assignment] or sorted(assignments)
        if missing := [name for name in wanted if name not in assignments]:
            advice = course_command("grade", missing[0], Path(self.folder))
            raise ExportError(f"The gradebook does not hold {', '.join(missing)}. Grade it first: {advice}")
        return [assignments[name] for name in wanted]

    def _graded(self, gradebook: Gradebook, labs: Sequence[Assignment]) -> Iterator[GradedStudent]:
        coursedir = getattr(self.parent, "coursedir", None)
        folder = Path(self.folder or (coursedir.root if coursedir else ""))
        own_lab = labs[0].name if len(labs) == 1 else ""  # Moodle's numbers differ between labs
        file = roster_file(folder, Path(self.roster) if self.roster else None, own_lab)
        roster = read_roster(file) if file else ()
        chosen = {str(name) for name in self.student}
        failed = {lab.name: students_not_graded(folder, lab.name) for lab in labs}
        for name, reasons in failed.items():
            self.remarks += not_graded_remarks(name, reasons)
        for student in sorted(gradebook.students, key=lambda student: str(student.id)):
            if chosen and student.id not in chosen:
                continue
            grades = [self._grade(gradebook, lab, student, failed[lab.name]) for lab in labs]
            if all(grade is None for grade in grades):
                continue
            person = identify(student, self.system, [lab.name for lab in labs], folder, roster)
            if reason := self.unidentified(person):
                self.remarks.append(f"{student.id}: left out; {reason}")
            else:
                yield GradedStudent(person, tuple(grade or "" for grade in grades))

    def _grade(self, gradebook: Gradebook, lab: Assignment, student: Student, failed: Collection[str]) -> str | None:
        """One grade as text; None if nothing was handed in, with a remark, or could be graded."""
        if student.id in failed:
            return None  # also if the gradebook holds what an earlier submission was worth
        grade = find_grade(gradebook, lab.name, student.id)
        if remark := grade_remark(student.id, lab.name, grade, self.allow_unmarked):
            self.remarks.append(remark)
        if grade is None:
            return None
        return "" if grade.waits and not self.allow_unmarked else points_for_lms(grade.points)

    def _unique(self, rows: list[GradedStudent]) -> list[GradedStudent]:
        """The rows without those that claim to be the same person in the system."""
        numbers = Counter(row.person.lms_id for row in rows if row.person.lms_id)
        for number in (number for number, count in numbers.items() if count > 1):
            ids = ", ".join(row.person.id for row in rows if row.person.lms_id == number)
            self.remarks.append(
                f"{ids}: left out; all of them are {number} in {self.system.title()}. If that is one person who was "
                "collected under two ids, see “was collected before as” in docs/troubleshooting.md"
            )
        return [row for row in rows if numbers[row.person.lms_id] <= 1]


def points_for_lms(value: float) -> str:
    """Points with at most four decimals and a point, as both systems read them in every language."""
    return f"{value:.4f}".rstrip("0").rstrip(".")
