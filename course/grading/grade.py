"""Grading a folder of submissions: run each in a sandbox, score and store it with nbgrader, write its feedback.

Only verdicts are kept from one run to the next. Scores, dates, penalties and pages are always derived again.
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
from nbgrader.api import Gradebook
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
from course.grading.gradebook import cache, hand_marks, scores
from course.grading.gradebook.late_penalties import Notify, ignore_message
from course.grading.gradebook.new_edition import move_gradebook
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
from course.grading.gradebook.results import Result, give_zero, unnamed_result
from course.grading.gradebook.transaction import one_transaction
from course.grading.repair.read_folder import inspect_folder, read_companions
from course.grading.workers import batch, worker_pool
from course.grading.workers.job import Job, Outcome
from course.inbox.submissions import Submission, list_submissions, student_name_problem
from course.labs.editions import as_built, cells_by_grade_id, check_gradebook
from course.nbgrader_api import failure, load_config, nbgrader_in, without_library_warnings
from course.sandbox.manager import sandbox_available

log = logging.getLogger(__name__)
RUN_AGAIN = "What is graded is kept: run the same command again."
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
        A file cannot be written: the disk may be full.
    """
    if not options.trust and (reason := sandbox_available()):
        raise SandboxError(f"{reason} Or grade submissions that you trust without a sandbox, with --trust-submissions.")
    folder = folder.resolve()
    log.info("grading %s in %s: %d submissions, %s", lab.name, folder, len(submissions), options)
    spec = make_spec(course, lab, options.full_size, options.built)
    api = nbgrader_in(course, folder, nbgrader_settings(course, options))
    with database_errors(), without_library_warnings():
        if options.new_edition:
            for message in move_gradebook(api, lab, cells_by_grade_id(spec.reference)):
                notify(message)
        check_edition(api, lab, spec.reference, notify)
    gradable = [submission for submission in submissions if not student_name_problem(submission.student)]
    grading = Grading(api, course, lab, folder, gradable)
    with database_errors(), without_library_warnings():
        try:
            with start_runs(spec, gradable, folder, options) as outcomes:
                register_lab(api, lab)
                entries = grading.entries()
                with api.gradebook as gradebook:
                    for outcome in outcomes:
                        if options.again or not is_stored(folder, lab.name, outcome, entries.get(outcome.student)):
                            store_outcome(grading, gradebook, outcome)
                        advance(outcome.student)
            derived = derive(grading, notify, options.workers, on_page)
            results = {result.student: result for result in derived}
        except OSError as error:
            path = error.filename or folder
            raise GradingError(f"{path} cannot be written: {error.strerror}. {RUN_AGAIN}") from error
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
        Nothing of the lab has been graded in this folder.
    """
    folder = folder.resolve()
    api = nbgrader_in(course, folder, nbgrader_settings(course, options))
    submissions = [
        submission for submission in list_submissions(folder, lab) if not student_name_problem(submission.student)
    ]
    if not any(cache.find_outcome(folder, lab.name, submission.student) for submission in submissions):
        raise GradingError(
            f"Nothing of {lab.name} has been graded in {folder}. Grade it first: "
            f"{course_command('grade', lab.name, folder)}"
        )
    grading = Grading(api, course, lab, folder, submissions)
    with database_errors(), without_library_warnings():
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


def nbgrader_settings(course: Course, options: Options) -> Config:
    """nbgrader's settings, with the gradebook of these options."""
    config = load_config(course)
    if options.database:
        config.CourseDirectory.db_url = options.database
    return config


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


def make_job(submission: Submission, spec: Spec, options: Options) -> Job:
    """The job that a worker needs for one submission."""
    student, sandboxed = submission.student, not options.trust
    try:
        if submission.refused:
            raise SubmissionError(submission.refused)
        inspected = inspect_folder(submission.path.parent, spec.lab)
        files = read_companions(inspected, submission.path.parent)
    except SubmissionError as error:
        return Job(student, None, str(error), (), spec, sandboxed)
    return Job(student, inspected.notebook, "", inspected.notes, spec, sandboxed, files)


@contextmanager
def start_runs(
    spec: Spec, submissions: Sequence[Submission], folder: Path, options: Options
) -> Iterator[Iterator[Outcome]]:
    """The outcome of every submission: those kept from an earlier run first, then the others as they come in.

    Workers start with the context. A submission is read when its turn comes, so that a large class needs no more
    memory than a small one.
    """
    kept_outcomes, to_run = list[Outcome](), list[Submission]()
    for submission in submissions:
        outcome = cache.find_outcome(folder, spec.lab, submission.student)
        if outcome and not options.again and outcome.digest == make_job(submission, spec, options).digest:
            kept_outcomes.append(outcome)
        else:
            to_run.append(submission)
    log.info("%d were run before and are kept, %d are to be run", len(kept_outcomes), len(to_run))
    if not to_run:
        yield iter(kept_outcomes)
        return
    if options.scheduler:
        open_pool = worker_pool.cluster_pool(options.scheduler, options.workers)
    else:
        prepare = partial(kernel_pair.prepare_kernels, not options.trust, imports=spec.imports)
        open_pool = worker_pool.local_pool(options.workers, len(to_run), spec.limits.submission_seconds, prepare)
    with open_pool as pool, run_and_keep(spec, to_run, folder, options, pool) as new_outcomes:
        yield chain(kept_outcomes, new_outcomes)


@contextmanager
def run_and_keep(
    spec: Spec, submissions: Sequence[Submission], folder: Path, options: Options, pool: worker_pool.Pool
) -> Iterator[Iterator[Outcome]]:
    """Run submissions; each outcome is written to its files as it comes in."""
    jobs = (make_job(submission, spec, options) for submission in submissions)

    def write(outcome: Outcome) -> Outcome:
        cache.write_outcome_files(folder, spec.lab, outcome)
        return outcome

    with batch.open_batch(jobs, pool) as outcomes:
        yield map(write, outcomes)


def store_outcome(grading: Grading, gradebook: Gradebook, outcome: Outcome) -> None:
    """Store the scores of an outcome, dates and penalty, in one transaction with the gradebook.

    If a submission could not be run, or not scored, no points are stored, as its points are not known.
    """
    student, lab, folder = outcome.student, grading.lab, grading.folder
    notebook = cache.step_folder(folder, cache.MENDED, student, lab.name) / f"{lab.name}.ipynb"
    status, reason = (GRADED, "") if notebook.is_file() else (UNREADABLE, outcome.reason)
    if outcome.fault:
        status, reason = FAILED, outcome.fault
    old_answers = hand_marks.marked_answers(folder, student, lab.name)
    with one_transaction(gradebook) as transaction:
        settled_names = hand_marks.settled_answers(gradebook, lab, student)
        if status == GRADED:
            try:
                store_scores(grading, gradebook, student)
            except GradingError as error:
                status, reason = FAILED, str(error)
                transaction.undo()
        if status != FAILED:
            hand_marks.keep_hand_marks(
                gradebook, lab, student, settled_names, old_answers, hand_marks.written_answers(notebook)
            )
        if status == UNREADABLE:
            give_zero(gradebook, lab, student)
        if status != GRADED:
            # Formgrader and `nbgrader generate_feedback` must not take an earlier graded copy for this submission's.
            shutil.rmtree(graded_copy(folder, student, lab.name).parent, ignore_errors=True)
        entries, _ = grading.update_in(gradebook, [student])
    log.log(logging.ERROR if status == FAILED else logging.INFO, "%s: %s. %s", student, status, reason)
    # Without a digest, a submission that failed is stored again the next time.
    digest, tests = (outcome.digest, entries[student].by_tests) if status != FAILED else ("", {})
    copy = checksum_if_any(graded_copy(folder, student, lab.name))
    write_stored(folder, student, lab.name, Stored(digest, status, reason, tests, copy))


def store_scores(grading: Grading, gradebook: Gradebook, student: str) -> None:
    """Write the graded copy of what was run, and its scores into the gradebook.

    Raises
    ------
    GradingError
        What was run cannot be read, or is not of the lab that the gradebook has; or the gradebook cannot be written.
    """
    folder, lab = grading.folder, grading.lab
    executed = cache.step_folder(folder, cache.EXECUTED, student, lab.name) / f"{lab.name}.ipynb"
    graded = scores.graded_notebook(scores.read_executed(executed))
    with database_errors():
        scores.write_scores(gradebook, lab, student, scores.compute_scores(graded))
    scores.write_graded_copy(graded_copy(folder, student, lab.name), graded)
