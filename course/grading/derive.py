"""All that is derived from cached verdicts: dates, penalties, totals and pages, always from the present settings."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbgrader.api import Gradebook
from nbgrader.apps.api import NbGraderAPI

from course.config import Course, Lab
from course.grading.exchange import copy_exchange_files
from course.grading.feedback import pages
from course.grading.feedback.make_all_pages import make_pages
from course.grading.feedback.make_page import PageJob, grades_of
from course.grading.feedback.titles import lab_title
from course.grading.feedback.ungradable_page import write_ungradable_page
from course.grading.gradebook import cache, late_penalties
from course.grading.gradebook.entries import GradebookEntry, handed_out, read_entries
from course.grading.gradebook.late_penalties import Lateness, Notify, ignore_message
from course.grading.gradebook.recorded import FAILED, GRADED, Stored, graded_copy, read_stored
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
    def handed_out(self) -> dict[str, str]:
        """The texts of the lab's cells in the gradebook, by grade id."""
        with self.api.gradebook as gradebook:
            return handed_out(gradebook, self.lab.name)

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
            return self.update_in(gradebook, students, notify)

    def update_in(
        self, gradebook: Gradebook, students: Iterable[str] | None = None, notify: Notify = ignore_message
    ) -> tuple[dict[str, GradebookEntry], dict[str, Lateness]]:
        """The same in a gradebook that is open."""
        return late_penalties.update_lateness(
            gradebook, self.course, self.lab, self.folder, self.submissions, students, notify
        )


@dataclass(frozen=True)
class _Derived:
    """What is known of one student: `graded` only of those in the gradebook; `key` says what the page has to show."""

    stored: Stored
    outcome: Outcome
    key: str
    graded: tuple[GradebookEntry, Lateness] | None = None


def derive(
    grading: Grading, notify: Notify = ignore_message, workers: int | None = None, on_page: Notify = ignore_message
) -> list[Result]:
    """Bring the gradebook's dates and penalties and the pages of all whose outcomes are stored up to date.

    Parameters
    ----------
    notify
        Called with what an instructor should know about dates.
    workers
        Processes that make pages, if they are many; None means one a core.
    on_page
        Called with each student whose page is as it should be.
    """
    folder, lab = grading.folder, grading.lab
    entries, lateness = grading.update(notify=notify)
    places = {submission.student: submission.path.parent for submission in grading.submissions}
    derived = {
        student: known
        for student in sorted({*entries, *places})
        if (known := _known(grading, student, entries, lateness))
    }
    problems = _bring_pages_up_to_date(grading, derived, workers, on_page)
    results = []
    for student, known in derived.items():
        page, stored = pages.page_path(folder, student, lab.name), known.stored
        if not known.graded:
            results.append(not_graded_result(student, stored, grading.max_test_points, page))
            continue
        entry, late = known.graded
        if submitted := places.get(student):
            copy_exchange_files(submitted, folder, student, lab.name, late.handed_in)
        stored = replace(
            stored, reason="; ".join(reason for reason in (stored.reason, problems.get(student)) if reason)
        )
        results.append(make_result(grading.with_sorted_marks(entry), late, stored, known.outcome, page))
    return results


def _known(
    grading: Grading, student: str, entries: dict[str, GradebookEntry], lateness: dict[str, Lateness]
) -> _Derived | None:
    """What is known of a student; None if nothing is, or if the gradebook has lost it."""
    course, lab, folder = grading.course, grading.lab, grading.folder
    stored, outcome = read_stored(folder, student, lab.name), cache.find_outcome(folder, lab.name, student)
    if not stored or not outcome:
        return None  # the submission was graded elsewhere, or is not graded yet
    if stored.status == FAILED:  # not in the gradebook, or only with the points of an earlier submission
        return _Derived(stored, outcome, pages.page_key(course, lab, stored, outcome, None))
    if not (entry := entries.get(student)):
        return None  # somebody has deleted it from the gradebook since
    graded = entry, lateness[student]
    return _Derived(stored, outcome, pages.page_key(course, lab, stored, outcome, graded), graded)


def _bring_pages_up_to_date(
    grading: Grading, derived: dict[str, _Derived], workers: int | None, on_page: Notify
) -> dict[str, str]:
    """Make the pages on which anything has changed; returns why pages could not be made, by student."""
    folder, lab = grading.folder, grading.lab
    jobs, problems = [], {}
    for student, known in derived.items():
        stored = known.stored
        if pages.is_page_up_to_date(folder, student, lab.name, stored, known.key):
            on_page(student)
        elif stored.status == GRADED and known.graded:
            jobs.append(_page_job(grading, student, known.outcome, *known.graded))
        else:
            write_ungradable_page(folder, lab, grading.title, known.outcome, stored.status, stored.reason)
            pages.note_page(folder, student, lab.name, stored, known.key)
            on_page(student)
    for student, problem in make_pages(jobs, workers):
        if problem:
            problems[student] = f"no feedback could be written: {problem}"
        else:
            pages.note_page(folder, student, lab.name, derived[student].stored, derived[student].key)
        on_page(student)
    return problems


def _page_job(grading: Grading, student: str, outcome: Outcome, entry: GradebookEntry, late: Lateness) -> PageJob:
    folder, lab = grading.folder, grading.lab.name
    return PageJob(
        course=grading.course.root,
        student=student,
        lab=lab,
        graded=graded_copy(folder, student, lab),
        page=pages.page_path(folder, student, lab),
        grades=grades_of(entry, grading.handed_out),
        outcome=outcome,
        penalty=entry.penalty,
        late=late.late,
    )
