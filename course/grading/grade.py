"""Grading a folder of submissions: run each in a sandbox, score and store it with nbgrader, write its feedback.

Only execution is kept from one run to the next. Scores, dates, penalties and pages follow anew from what is true now.
"""

import logging
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from pathlib import Path

from nbformat import NotebookNode
from nbgrader.apps.api import NbGraderAPI
from nbgrader.utils import temp_attrs
from traitlets.config import Config

from course.command_text import course_command
from course.config import Course, Lab
from course.database_errors import database_errors
from course.errors import BuildError, GradingError, SandboxError, SubmissionError
from course.grading.derive import Grading, derive
from course.grading.execution import kernel_pair
from course.grading.execution.make_spec import make_spec
from course.grading.execution.spec import Spec
from course.grading.gradebook import cache, hand_marks
from course.grading.gradebook.late_penalties import Tell, silent
from course.grading.gradebook.new_edition import move_to
from course.grading.gradebook.recorded import (
    FAILED,
    GRADED,
    UNREADABLE,
    Stored,
    checksum_if_any,
    graded_copy,
    is_stored,
    write_stored,
)
from course.grading.gradebook.results import Result, give_zero, without_name
from course.grading.gradebook.transaction import one_transaction
from course.grading.repair.read_folder import inspect_folder, passed_on
from course.grading.workers import batch, worker_pool
from course.grading.workers.job import Job, Outcome
from course.inbox.submissions import Submission, list_submissions, nbgrader_pattern, student_name_problem
from course.labs.editions import as_built, cells_by_grade_id, check_gradebook
from course.nbgrader_api import failure, load_config, nbgrader_in, without_library_warnings
from course.sandbox.manager import sandbox_available

log = logging.getLogger(__name__)
AGAIN = "What is graded is kept: run the same command again."
Advance = Callable[[str], None]


@dataclass(frozen=True)
class Options:
    """How to grade.

    `workers` submissions are run at a time; None means one a core, or one a thread of the cluster. `scheduler` is the
    address of a Dask cluster to run them on. `trust` runs them without a sandbox. `full_size` leaves out the grading
    budget. `database` is a SQLAlchemy address for the gradebook in place of gradebook.db. `built` grades by the lab as
    it was built, though its source was edited since; `new_edition` moves the gradebook to the present edition first.
    `again` runs also what was run before and has not changed, as after an update of the grading itself.
    """

    workers: int | None = None
    scheduler: str | None = None
    trust: bool = False
    full_size: bool = False
    database: str | None = field(default=None, repr=False)  # it may hold a password, and options are logged
    built: bool = False
    new_edition: bool = False
    again: bool = False


def grade(
    course: Course,
    lab: Lab,
    folder: Path,
    submissions: Sequence[Submission],
    advance: Advance,
    options: Options,
    tell: Tell = silent,
) -> list[Result]:
    """Grade the submissions into `folder`; results in the same order. What an earlier run executed is not run again.

    `advance` is called with a student's name after each one, `tell` with what an instructor should know about dates.

    Raises
    ------
    BuildError
        nbgrader cannot make the lab known to the gradebook.
    SandboxError
        There is no sandbox on this machine and `trust` is not set.
    EditionError
        Source, built lab and gradebook are not of one edition.
    GradingError
        A file cannot be written: the disk may be full.
    """
    if not options.trust and (reason := sandbox_available()):
        raise SandboxError(f"{reason} Or grade submissions that you trust without a sandbox, with --trust-submissions.")
    folder = folder.resolve()
    log.info("grading %s in %s: %d submissions, %s", lab.name, folder, len(submissions), options)
    spec = make_spec(course, lab, options.full_size, options.built)
    api = nbgrader_in(course, folder, nbgrader_settings(course, folder, options))
    with database_errors(), without_library_warnings():
        if options.new_edition:
            for text in move_to(api, lab, cells_by_grade_id(spec.reference)):
                tell(text)
        fits(api, lab, spec.reference, tell)
    named = [submission for submission in submissions if not student_name_problem(submission.student)]
    grading = Grading(api, course, lab, folder, named)
    with database_errors(), without_library_warnings():
        try:
            with start_runs(spec, named, folder, options) as outcomes:
                register(api, lab)
                before = grading.entries()
                for outcome in outcomes:
                    if options.again or not is_stored(folder, lab.name, outcome, before.get(outcome.student)):
                        save(grading, outcome)
                    advance(outcome.student)
            results = {result.student: result for result in derive(grading, tell=tell)}
        except OSError as error:
            where = error.filename or folder
            raise GradingError(f"{where} cannot be written: {error.strerror}. {AGAIN}") from error
    return [
        results.get(s.student) or without_name(s.student, student_name_problem(s.student), spec) for s in submissions
    ]


def refresh(course: Course, lab: Lab, folder: Path, options: Options, tell: Tell = silent) -> list[Result]:
    """Bring up to date all that follows from what has been graded, and run nothing; results by student.

    `tell` is called with what an instructor should know: about dates, and who is not graded yet.

    Raises
    ------
    EditionError
        The gradebook is of another edition of the lab.
    GradingError
        Nothing of the lab has been graded in this folder.
    """
    folder = folder.resolve()
    api = nbgrader_in(course, folder, nbgrader_settings(course, folder, options))
    submissions = [
        submission for submission in list_submissions(folder, lab) if not student_name_problem(submission.student)
    ]
    if not any(cache.kept_outcome(folder, lab.name, submission.student) for submission in submissions):
        raise GradingError(
            f"Nothing of {lab.name} has been graded in {folder}. Grade it first: "
            f"{course_command('grade', lab.name, folder)}"
        )
    grading = Grading(api, course, lab, folder, submissions)
    with database_errors(), without_library_warnings():
        fits(api, lab, as_built(course, lab), tell)
        register(api, lab)
        before = grading.entries()
        for submission in submissions:
            kept = cache.kept_outcome(folder, lab.name, submission.student)
            if kept and not is_stored(folder, lab.name, kept, before.get(submission.student)):
                save(grading, kept)
        results = derive(grading, tell=tell)
    graded = {result.student for result in results}
    for submission in submissions:
        if submission.student not in graded:
            tell(f"{submission.student} is not graded yet: {course_command('grade', lab.name, folder)}")
    return results


def nbgrader_settings(course: Course, folder: Path, options: Options) -> Config:
    """nbgrader's settings, with the outcomes of our own runs in place of its execution."""
    config = load_config(course)
    config.CourseDirectory.submitted_directory = cache.MENDED
    config.TakeExecuted.executed_directory = str(folder / cache.EXECUTED)
    config.Autograde.autograde_preprocessors = [
        "course.grading.gradebook.cache.TakeExecuted",
        "nbgrader.preprocessors.IgnorePattern",
        "nbgrader.preprocessors.SaveAutoGrades",  # penalties follow when all is known (late_penalties.py)
        "nbgrader.preprocessors.CheckCellMetadata",
    ]
    if options.database:
        config.CourseDirectory.db_url = options.database
    return config


def fits(api: NbGraderAPI, lab: Lab, edition: NotebookNode, tell: Tell) -> None:
    """See that the gradebook is of this edition of the lab; tell what an instructor should know of other points.

    Raises
    ------
    EditionError
        It is not.
    """
    with api.gradebook as gradebook:
        for text in check_gradebook(gradebook, lab, cells_by_grade_id(edition), Path(api.coursedir.root)):
            tell(text)


def register(api: NbGraderAPI, lab: Lab) -> None:
    """Write the lab's cells and points into the gradebook; the student copies already made are left alone."""
    with tempfile.TemporaryDirectory() as elsewhere, temp_attrs(api.coursedir, release_directory=elsewhere):
        if reason := failure(api.generate_assignment(lab.name)):
            raise BuildError(f"nbgrader cannot register {lab.name}: {reason}")


def job_of(submission: Submission, spec: Spec, options: Options) -> Job:
    """What a worker needs for one submission."""
    student, sandboxed = submission.student, not options.trust
    try:
        if submission.refused:
            raise SubmissionError(submission.refused)
        found = inspect_folder(submission.path.parent, spec.lab)
        files = passed_on(found, submission.path.parent)
    except SubmissionError as error:
        return Job(student, None, str(error), (), spec, sandboxed)
    return Job(student, found.notebook, "", found.notes, spec, sandboxed, files)


@contextmanager
def start_runs(
    spec: Spec, submissions: Sequence[Submission], folder: Path, options: Options
) -> Iterator[Iterator[Outcome]]:
    """The outcome of every submission: those kept from an earlier run first, then the others as they come in.

    Workers begin with the context. A submission is read when its turn comes, so that a large class needs no more memory
    than a small one.
    """
    earlier, todo = list[Outcome](), list[Submission]()
    for submission in submissions:
        kept = cache.kept_outcome(folder, spec.lab, submission.student)
        if kept and not options.again and kept.digest == job_of(submission, spec, options).digest:
            earlier.append(kept)
        else:
            todo.append(submission)
    log.info("%d were run before and are kept, %d are to be run", len(earlier), len(todo))
    if not todo:
        yield iter(earlier)
        return
    if options.scheduler:
        running_on = worker_pool.cluster(options.scheduler, options.workers)
    else:
        prepare = partial(kernel_pair.prepare_kernels, not options.trust, imports=spec.imports)
        running_on = worker_pool.local(options.workers, len(todo), spec.limits.submission_seconds, prepare)
    with running_on as pool, ran(spec, todo, folder, options, pool) as new:
        yield chain(earlier, new)


@contextmanager
def ran(
    spec: Spec, submissions: Sequence[Submission], folder: Path, options: Options, pool: worker_pool.Pool
) -> Iterator[Iterator[Outcome]]:
    """Begin to run submissions; each outcome is kept as it comes in."""
    jobs = (job_of(submission, spec, options) for submission in submissions)

    def kept(outcome: Outcome) -> Outcome:
        cache.keep_outcome(folder, spec.lab, outcome)
        return outcome

    with batch.working(jobs, pool) as outcomes:
        yield map(kept, outcomes)


def save(grading: Grading, outcome: Outcome) -> None:
    """Store the scores of an outcome and what follows from them, in one transaction, and make the student's page.

    Of a submission that could not be run, or not scored, nothing is stored: it is not known what it is worth.
    """
    student, lab, folder = outcome.student, grading.lab, grading.folder
    notebook = cache.step_folder(folder, cache.MENDED, student, lab.name) / f"{lab.name}.ipynb"
    status, reason = (GRADED, "") if notebook.is_file() else (UNREADABLE, outcome.reason)
    if outcome.fault:
        status, reason = FAILED, outcome.fault
    marked = hand_marks.marked_answers(folder, student, lab.name)
    with one_transaction() as transaction:
        with grading.api.gradebook as gradebook:
            settled = hand_marks.settled(gradebook, lab, student)
        if status == GRADED and (failed := failure(grading.api.autograde(lab.name, nbgrader_pattern(student)))):
            status, reason = FAILED, failed
            transaction.undo()
        if status != FAILED:
            with grading.api.gradebook as gradebook:
                hand_marks.keep_hand_marks(
                    gradebook, lab, student, settled, marked, hand_marks.written_answers(notebook)
                )
        if status == UNREADABLE:
            give_zero(grading.api, lab, student)
        if status != GRADED:
            # What was graded before must not be taken for it, by Formgrader or `nbgrader generate_feedback`.
            shutil.rmtree(graded_copy(folder, student, lab.name).parent, ignore_errors=True)
        entries, _ = grading.update([student])
    log.log(logging.ERROR if status == FAILED else logging.INFO, "%s: %s. %s", student, status, reason)
    # What could not be done may go well the next time.
    digest, tests = (outcome.digest, entries[student].by_tests) if status != FAILED else ("", {})
    copy = checksum_if_any(graded_copy(folder, student, lab.name))
    write_stored(folder, student, lab.name, Stored(digest, status, reason, tests, copy))
    derive(grading, [student])
