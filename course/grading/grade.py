"""Grading a folder of submissions: run each in a sandbox, score and store it with nbgrader, write its feedback.

Only verdicts are kept from one run to the next. Scores, dates, penalties and pages are always derived again.
"""

import logging
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from nbformat import NotebookNode
from nbgrader.apps.api import NbGraderAPI
from nbgrader.utils import temp_attrs

from course.config import Course, Lab
from course.errors import BuildError, GradingError, SandboxError
from course.grading.course_nbgrader import course_nbgrader
from course.grading.derive import Grading, derive
from course.grading.execution.make_spec import make_spec
from course.grading.file_errors import file_errors
from course.grading.gradebook import cache
from course.grading.gradebook.late_penalties import Notify, ignore_message
from course.grading.gradebook.new_edition import move_gradebook
from course.grading.gradebook.new_gradebook import make_gradebook
from course.grading.gradebook.recorded import is_stored
from course.grading.gradebook.results import Result, unnamed_result
from course.grading.options import Options
from course.grading.run_submissions import start_runs
from course.grading.store_outcome import store_outcome
from course.inbox.submissions import Submission, list_submissions, student_name_problem
from course.labs.editions import as_built, cells_by_grade_id, check_gradebook
from course.nbgrader_api import database_errors, failure, without_library_warnings
from course.sandbox.manager import sandbox_available
from course.text.commands import course_command

log = logging.getLogger(__name__)
Advance = Callable[[str], None]


def grade(
    course: Course,
    lab: Lab,
    folder: Path,
    submissions: Sequence[Submission],
    advance: Advance,
    options: Options,
    notify: Notify = ignore_message,
    on_page: Advance = ignore_message,
) -> list[Result]:
    """Grade the submissions into `folder`; results in the same order. What an earlier run executed is not run again.

    `advance` is called with a student's name after each one, `notify` with what an instructor should know about dates,
    and `on_page` with the name of each whose page is there.

    Raises
    ------
    BuildError
        nbgrader cannot make the lab known to the gradebook.
    SandboxError
        There is no sandbox on this machine and `trust` is not set.
    EditionError
        Source, built lab and gradebook are not of one edition.
    GradingError
        A file cannot be read or written: the disk may be full.
    """
    if not options.trust and (reason := sandbox_available()):
        raise SandboxError(f"{reason} Or grade submissions that you trust without a sandbox, with --trust-submissions.")
    folder = folder.resolve()
    log.info("grading %s in %s: %d submissions, %s", lab.name, folder, len(submissions), options)
    spec = make_spec(course, lab, options.full_size, options.built)
    api = course_nbgrader(course, folder, options.database)
    with database_errors(), without_library_warnings():
        make_gradebook(api)
        if options.new_edition:
            for message in move_gradebook(api, lab, cells_by_grade_id(spec.reference)):
                notify(message)
        check_edition(api, lab, spec.reference, notify)
    gradable = [submission for submission in submissions if not student_name_problem(submission.student)]
    grading = Grading(api, course, lab, folder, gradable)
    with database_errors(), without_library_warnings(), file_errors(folder):
        with start_runs(spec, gradable, folder, options) as outcomes:
            register_lab(api, lab)
            entries = grading.entries()
            with api.gradebook as gradebook:
                for outcome in outcomes:
                    if options.again or not is_stored(folder, lab.name, outcome, entries.get(outcome.student)):
                        store_outcome(grading, gradebook, outcome)
                    advance(outcome.student)
        results = {result.student: result for result in derive(grading, notify, options.workers, on_page)}
    return [
        results.get(submission.student)
        or unnamed_result(submission.student, student_name_problem(submission.student), spec)
        for submission in submissions
    ]


def refresh(
    course: Course,
    lab: Lab,
    folder: Path,
    options: Options,
    notify: Notify = ignore_message,
    on_page: Advance = ignore_message,
) -> list[Result]:
    """Bring up to date all that is derived from verdicts, and run nothing; results by student.

    `notify` is called with what an instructor should know: about dates, and who is not graded yet. `on_page` is called
    with the name of each student whose page is as it should be.

    Raises
    ------
    EditionError
        The gradebook is of another edition of the lab.
    GradingError
        Nothing of the lab has been graded in this folder, or a file cannot be read or written.
    """
    folder = folder.resolve()
    api = course_nbgrader(course, folder, options.database)
    submissions = [
        submission for submission in list_submissions(folder, lab) if not student_name_problem(submission.student)
    ]
    if not any(cache.find_outcome(folder, lab.name, submission.student) for submission in submissions):
        raise GradingError(
            f"Nothing of {lab.name} has been graded in {folder}. Grade it first: "
            f"{course_command('grade', lab.name, folder)}"
        )
    grading = Grading(api, course, lab, folder, submissions)
    with database_errors(), without_library_warnings(), file_errors(folder):
        check_edition(api, lab, as_built(course, lab), notify)
        register_lab(api, lab)
        entries = grading.entries()
        with api.gradebook as gradebook:
            for submission in submissions:
                outcome = cache.find_outcome(folder, lab.name, submission.student)
                if outcome and not is_stored(folder, lab.name, outcome, entries.get(submission.student)):
                    store_outcome(grading, gradebook, outcome)
        results = derive(grading, notify, options.workers, on_page)
    graded = {result.student for result in results}
    for submission in submissions:
        if submission.student not in graded:
            notify(f"{submission.student} is not graded yet: {course_command('grade', lab.name, folder)}")
    return results


def check_edition(api: NbGraderAPI, lab: Lab, edition: NotebookNode, notify: Notify) -> None:
    """Make sure that the gradebook is of this edition of the lab; report other points that it holds.

    Raises
    ------
    EditionError
        It is of another edition.
    """
    with api.gradebook as gradebook:
        for message in check_gradebook(gradebook, lab, cells_by_grade_id(edition), Path(api.coursedir.root)):
            notify(message)


def register_lab(api: NbGraderAPI, lab: Lab) -> None:
    """Write the lab's cells and points into the gradebook; existing student copies are not touched."""
    with tempfile.TemporaryDirectory() as empty_folder, temp_attrs(api.coursedir, release_directory=empty_folder):
        if reason := failure(api.generate_assignment(lab.name)):
            raise BuildError(f"nbgrader cannot register {lab.name}: {reason}")
