"""What follows from verdicts that are kept: dates, penalties, totals and pages, from what is true now."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbgrader.apps.api import NbGraderAPI

from course.config import Course, Lab
from course.grading import exchange
from course.grading.feedback import pages
from course.grading.feedback.summary import lab_title
from course.grading.gradebook import cache, late_penalties
from course.grading.gradebook.entries import GradebookEntry, read_entries
from course.grading.gradebook.late_penalties import Lateness, Tell, silent
from course.grading.gradebook.recorded import FAILED, Stored, read_stored
from course.grading.gradebook.results import Result, not_graded_result, result_of
from course.grading.workers.job import Outcome
from course.inbox.submissions import Submission
from course.labs.sources import cells_with_tests, grade_id


@dataclass(frozen=True)
class Grading:
    """A lab that is being graded in a folder, through nbgrader set up for it."""

    api: NbGraderAPI
    course: Course
    lab: Lab
    folder: Path
    submissions: Sequence[Submission]

    @cached_property
    def released(self) -> NotebookNode:
        """The lab as students got it."""
        return nbformat.read(self.course.released(self.lab), as_version=4)

    @cached_property
    def title(self) -> str:
        """The lab's title, as students read it."""
        return lab_title(self.released.cells)

    @cached_property
    def most_by_tests(self) -> float:
        """The points of all tests together."""
        return sum(float(cell.metadata["nbgrader"]["points"]) for cell in cells_with_tests(self.released))

    def in_order(self, entry: GradebookEntry) -> GradebookEntry:
        """The same with its marks in the order of the lab, which the gradebook does not keep."""
        places = {grade_id(cell): place for place, cell in enumerate(self.released.cells)}
        return replace(entry, marks=tuple(sorted(entry.marks, key=lambda mark: places.get(mark.name, len(places)))))

    def entries(self, students: Iterable[str] | None = None) -> dict[str, GradebookEntry]:
        """What the gradebook holds, of all or of some students."""
        with self.api.gradebook as gradebook:
            return read_entries(gradebook, self.lab.name, students)

    def update(
        self, students: Iterable[str] | None = None, tell: Tell = silent
    ) -> tuple[dict[str, GradebookEntry], dict[str, Lateness]]:
        """Bring the gradebook's dates and penalties up to date; see `lateness.update`."""
        with self.api.gradebook as gradebook:
            return late_penalties.update_lateness(
                gradebook, self.course, self.lab, self.folder, self.submissions, students, tell
            )


def derive(grading: Grading, students: Sequence[str] | None = None, tell: Tell = silent) -> list[Result]:
    """Bring the gradebook's dates and penalties and the students' pages up to date; return the results.

    Parameters
    ----------
    students
        Of these only; None means all whose outcomes were stored.
    tell
        Called with what an instructor should know about dates.
    """
    course, lab, folder = grading.course, grading.lab, grading.folder
    entries, late = grading.update(students, tell)
    places = {submission.student: submission.path.parent for submission in grading.submissions}
    results = []
    for student in sorted({*entries, *(places if students is None else students)}):
        stored, outcome = read_stored(folder, student, lab.name), cache.kept_outcome(folder, lab.name, student)
        if not stored or not outcome:
            continue  # of a submission that was graded elsewhere, or not yet
        if stored.status == FAILED:
            results.append(_not_graded(grading, stored, outcome))
            continue
        if not (entry := entries.get(student)):
            continue  # somebody has taken it out of the gradebook since
        key = pages.page_key(course, lab, stored, outcome, (entry, late[student]))
        failed = pages.bring_up_to_date(grading.api, lab, grading.title, folder, stored, key, outcome)
        if submitted := places.get(student):
            exchange.pass_on(submitted, folder, student, lab.name, late[student].handed_in)
        stored = replace(stored, reason="; ".join(text for text in (stored.reason, failed) if text))
        page = pages.page_path(folder, student, lab.name)
        results.append(result_of(grading.in_order(entry), late[student], stored, outcome, page))
    return results


def _not_graded(grading: Grading, stored: Stored, outcome: Outcome) -> Result:
    """Of a student of whom the gradebook knows nothing, or only what an earlier submission was worth."""
    course, lab, folder, student = grading.course, grading.lab, grading.folder, outcome.student
    key = pages.page_key(course, lab, stored, outcome, None)
    pages.bring_up_to_date(grading.api, lab, grading.title, folder, stored, key, outcome)
    return not_graded_result(student, stored, grading.most_by_tests, pages.page_path(folder, student, lab.name))
