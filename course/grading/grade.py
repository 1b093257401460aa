"""Grading a folder of submissions: run each in a box, score and store it with nbgrader, write its feedback."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path

from nbgrader.apps.api import NbGraderAPI
from nbgrader.utils import temp_attrs
from traitlets.config import Config

from course.config import Course, Lab
from course.errors import BoxError, BuildError, GradingError, SubmissionError
from course.grading import batch, exchange, kernels, store
from course.grading.boxes.box import box_available
from course.grading.gradebook import (
    FAILED,
    GRADED,
    UNREADABLE,
    Result,
    give_zero,
    is_stored,
    mark_stored,
    result_of,
    without_name,
)
from course.grading.kit import Kit
from course.grading.kits import make_kit
from course.grading.mending.folder import inspect_folder, passed_on
from course.grading.report_page import without_scripts, write_page
from course.grading.submissions import Submission, nameless, pattern
from course.grading.task import Outcome, Task
from course.grading.transaction import one_transaction
from course.nbgrader import failure, load_config, nbgrader_in, without_remarks

AGAIN = "What is graded is kept: run the same command again."
Advance = Callable[[str], None]


@dataclass(frozen=True)
class Options:
    """How to grade.

    `workers` submissions are run at a time; None means one a core, or one a thread of the cluster. `scheduler` is the
    address of a Dask cluster to run them on. `trust` runs them without a box. `full_size` leaves out the grading
    budget. `database` is a SQLAlchemy address for the gradebook in place of gradebook.db.
    """

    workers: int | None = None
    scheduler: str | None = None
    trust: bool = False
    full_size: bool = False
    database: str | None = None


def grade(
    course: Course, lab: Lab, folder: Path, submissions: Sequence[Submission], advance: Advance, options: Options
) -> list[Result]:
    """Grade the submissions into `folder`; results in the same order. What an earlier run finished is not done again.

    `advance` is called with a student's name after each one.

    Raises
    ------
    BuildError
        nbgrader cannot make the lab known to the gradebook.
    BoxError
        There is no box on this machine and `trust` is not set.
    GradingError
        A file cannot be written: the disk may be full.
    """
    if not options.trust and (reason := box_available()):
        raise BoxError(f"{reason} Or grade submissions that you trust without a box, with --trust-submissions.")
    folder = folder.resolve()
    kit = make_kit(course, lab, options.full_size)
    api = nbgrader_in(course, folder, settings(course, folder, options))
    named = [submission for submission in submissions if not nameless(submission.student)]
    with without_remarks():
        try:
            with running(kit, named, folder, options) as outcomes:
                register(api, lab)
                for outcome in outcomes:
                    save(api, lab, folder, outcome)
                    advance(outcome.student)
                for submission in named:
                    exchange.pass_on(submission.path.parent, folder, submission.student, lab.name)
        except OSError as error:
            where = error.filename or folder
            raise GradingError(f"{where} cannot be written: {error.strerror}. {AGAIN}") from error
        results = {one.student: result_of(api, lab, folder, one.student) for one in named}
    return [results.get(s.student) or without_name(s.student, nameless(s.student), kit) for s in submissions]


def settings(course: Course, folder: Path, options: Options) -> Config:
    """nbgrader's settings, with the outcomes of our own runs in place of its execution."""
    config = load_config(course)
    executed = str(folder / store.EXECUTED)
    config.CourseDirectory.submitted_directory = store.MENDED
    config.TakeExecuted.executed_directory = executed
    config.AddReport.executed_directory = executed
    config.Autograde.autograde_preprocessors = [
        "course.grading.store.TakeExecuted",
        "nbgrader.preprocessors.IgnorePattern",
        "nbgrader.preprocessors.SaveAutoGrades",
        "nbgrader.preprocessors.AssignLatePenalties",
        "nbgrader.preprocessors.CheckCellMetadata",
    ]
    if options.database:
        config.CourseDirectory.db_url = options.database
    return config


def register(api: NbGraderAPI, lab: Lab) -> None:
    """Write the lab's cells and points into the gradebook; the student copies already made are left alone."""
    with tempfile.TemporaryDirectory() as elsewhere, temp_attrs(api.coursedir, release_directory=elsewhere):
        if reason := failure(api.generate_assignment(lab.name)):
            raise BuildError(f"nbgrader cannot register {lab.name}: {reason}")


def task_of(submission: Submission, kit: Kit, options: Options) -> Task:
    """What a worker needs for one submission."""
    student, boxed = submission.student, not options.trust
    try:
        if submission.refused:
            raise SubmissionError(submission.refused)
        found = inspect_folder(submission.path.parent, kit.lab)
        files = passed_on(found, submission.path.parent)
    except SubmissionError as error:
        return Task(student, None, str(error), (), kit, boxed)
    return Task(student, found.notebook, "", found.notes, kit, boxed, found.handed_in, files)


@contextmanager
def running(kit: Kit, submissions: Sequence[Submission], folder: Path, options: Options) -> Iterator[Iterator[Outcome]]:
    """The outcome of every submission: those kept from an earlier run first, then the others as they come in.

    Workers begin with the context. A submission is read when its turn comes, so that a large class needs no more memory
    than a small one.
    """
    earlier, todo = list[Outcome](), list[Submission]()
    for submission in submissions:
        kept = store.kept(folder, kit.lab, submission.student)
        if kept and kept.digest == task_of(submission, kit, options).digest:
            earlier.append(kept)
        else:
            todo.append(submission)
    if not todo:
        yield iter(earlier)
        return
    if options.scheduler:
        running_on = batch.cluster(options.scheduler, options.workers)
    else:
        prepare = partial(kernels.prepare, not options.trust, imports=kit.imports)
        running_on = batch.local(options.workers, len(todo), kit.limits.submission_seconds, prepare)
    with running_on as pool, ran(kit, todo, folder, options, pool) as new:
        yield chain(earlier, new)


@contextmanager
def ran(
    kit: Kit, submissions: Sequence[Submission], folder: Path, options: Options, pool: batch.Pool
) -> Iterator[Iterator[Outcome]]:
    """Begin to run submissions; each outcome is kept as it comes in."""
    handed_in: dict[str, str] = {}

    def tasks() -> Iterator[Task]:
        for submission in submissions:
            task = task_of(submission, kit, options)
            handed_in[task.student] = task.handed_in
            yield task

    def kept(outcome: Outcome) -> Outcome:
        store.keep(folder, kit.lab, outcome, handed_in[outcome.student])
        return outcome

    with batch.working(tasks(), pool) as outcomes:
        yield map(kept, outcomes)


def save(api: NbGraderAPI, lab: Lab, folder: Path, outcome: Outcome) -> None:
    """Score an outcome, store the grades in one transaction and write the feedback, unless that is done."""
    student = outcome.student
    if is_stored(api, lab, folder, outcome):
        return
    notebook = store.place(folder, store.MENDED, student, lab.name) / f"{lab.name}.ipynb"
    status, reason = (GRADED, "") if notebook.is_file() else (UNREADABLE, outcome.reason)
    with one_transaction() as transaction:
        if notebook.is_file() and (failed := failure(api.autograde(lab.name, pattern(student)))):
            status, reason = FAILED, failed
            transaction.undo()
        if status != GRADED:
            give_zero(api, lab, student)
            write_page(folder, lab, outcome, reason)
        elif failed := failure(api.generate_feedback(lab.name, pattern(student))):
            reason = f"no feedback could be written: {failed}"
        else:
            page = store.place(folder, "feedback", student, lab.name) / f"{lab.name}.html"
            store.write(page, without_scripts(page.read_text("utf-8")))
    # What nbgrader could not do may go well the next time.
    mark_stored(folder, lab, "" if reason and status != UNREADABLE else outcome.digest, student, status, reason)
