"""All that is derived from cached verdicts: dates, penalties, totals and pages, always from the present settings."""

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
from course.grading.gradebook.late_penalties import Lateness, Notify, ignore_message
from course.grading.gradebook.recorded import FAILED, Stored, read_stored
from course.grading.gradebook.results import Result, make_result, not_graded_result
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
    def max_test_points(self) -> float:
        """The points of all tests together."""
        return sum(float(cell.metadata["nbgrader"]["points"]) for cell in cells_with_tests(self.released))

    def with_sorted_marks(self, entry: GradebookEntry) -> GradebookEntry:
        """An entry with its marks in the order of the lab, which the gradebook does not keep."""
        positions = {grade_id(cell): position for position, cell in enumerate(self.released.cells)}
        marks = sorted(entry.marks, key=lambda mark: positions.get(mark.name, len(positions)))
        return replace(entry, marks=tuple(marks))

    def entries(self, students: Iterable[str] | None = None) -> dict[str, GradebookEntry]:
        """The gradebook's entries of all or of some students."""
        with self.api.gradebook as gradebook:
            return read_entries(gradebook, self.lab.name, students)

    def update(
        self, students: Iterable[str] | None = None, notify: Notify = ignore_message
    ) -> tuple[dict[str, GradebookEntry], dict[str, Lateness]]:
        """Bring the gradebook's dates and penalties up to date; see `update_lateness`."""
        with self.api.gradebook as gradebook:
            return late_penalties.update_lateness(
                gradebook, self.course, self.lab, self.folder, self.submissions, students, notify
            )


def derive(grading: Grading, students: Sequence[str] | None = None, notify: Notify = ignore_message) -> list[Result]:
    """Bring the gradebook's dates and penalties and the students' pages up to date; return the results.

    Parameters
    ----------
    students
        Only these; None means all whose outcomes were stored.
    notify
        Called with what an instructor should know about dates.
    """
    course, lab, folder = grading.course, grading.lab, grading.folder
    entries, lateness = grading.update(students, notify)
    places = {submission.student: submission.path.parent for submission in grading.submissions}
    results = []
    for student in sorted({*entries, *(places if students is None else students)}):
        stored, outcome = read_stored(folder, student, lab.name), cache.find_outcome(folder, lab.name, student)
        if not stored or not outcome:
            continue  # the submission was graded elsewhere, or is not graded yet
        if stored.status == FAILED:
            results.append(_not_graded(grading, stored, outcome))
            continue
        if not (entry := entries.get(student)):
            continue  # somebody has deleted it from the gradebook since
        key = pages.page_key(course, lab, stored, outcome, (entry, lateness[student]))
        page_problem = pages.bring_up_to_date(grading.api, lab, grading.title, folder, stored, key, outcome)
        if submitted := places.get(student):
            exchange.copy_exchange_files(submitted, folder, student, lab.name, lateness[student].handed_in)
        stored = replace(stored, reason="; ".join(reason for reason in (stored.reason, page_problem) if reason))
        page = pages.page_path(folder, student, lab.name)
        results.append(make_result(grading.with_sorted_marks(entry), lateness[student], stored, outcome, page))
    return results


def _not_graded(grading: Grading, stored: Stored, outcome: Outcome) -> Result:
    """The result of a student who is not in the gradebook, or only with the points of an earlier submission."""
    course, lab, folder, student = grading.course, grading.lab, grading.folder, outcome.student
    key = pages.page_key(course, lab, stored, outcome, None)
    pages.bring_up_to_date(grading.api, lab, grading.title, folder, stored, key, outcome)
    return not_graded_result(student, stored, grading.max_test_points, pages.page_path(folder, student, lab.name))
