"""Grading a folder of submissions: run each in a box, score and store it with nbgrader, write its feedback."""

import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from nbgrader.apps.api import NbGraderAPI
from nbgrader.utils import temp_attrs
from traitlets.config import Config

from course.config import Course, Lab
from course.errors import BoxError, BuildError, SubmissionError
from course.grading import batch, store
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
from course.grading.kit import Kit, make_kit
from course.grading.mending.folder import inspect_folder
from course.grading.report_page import write_page
from course.grading.submissions import Submission, nameless, pattern
from course.grading.task import Outcome, Task
from course.nbgrader import failure, load_config, nbgrader_in, without_remarks

Advance = Callable[[str], None]


@dataclass(frozen=True)
class Options:
    """How to grade.

    `workers` submissions are run at a time; None means one a core. `scheduler` is the address of a Dask cluster to run
    them on. `trust` runs them without a box. `full_size` leaves out the grading budget. `database` is a SQLAlchemy
    address for the gradebook in place of gradebook.db.
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
    """
    if not options.trust and (reason := box_available()):
        raise BoxError(f"{reason} Or grade submissions that you trust without a box, with --trust-submissions.")
    folder = folder.resolve()
    kit = make_kit(course, lab, options.full_size)
    api = nbgrader_in(course, folder, settings(course, folder, options))
    workers = options.workers or os.cpu_count() or 1
    with without_remarks():
        register(api, lab)
        named = [submission for submission in submissions if not nameless(submission.student)]
        tasks = [task_of(submission, kit, options, workers) for submission in named]
        for outcome in ran(tasks, lab, folder, options, workers):
            save(api, lab, folder, outcome)
            advance(outcome.student)
        results = {task.student: result_of(api, lab, folder, task.student) for task in tasks}
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


def task_of(submission: Submission, kit: Kit, options: Options, workers: int) -> Task:
    """What a worker needs for one submission."""
    threads = batch.threads_each(workers)
    student, boxed = submission.student, not options.trust
    try:
        if submission.refused:
            raise SubmissionError(submission.refused)
        found = inspect_folder(submission.path.parent, kit.lab)
    except SubmissionError as error:
        return Task(student, None, str(error), (), kit, boxed, threads)
    return Task(student, found.notebook, "", found.notes, kit, boxed, threads, found.handed_in)


def ran(tasks: Sequence[Task], lab: Lab, folder: Path, options: Options, workers: int) -> Iterator[Outcome]:
    """The outcome of every task: those kept from an earlier run first, then the others as they come in."""
    todo = []
    for task in tasks:
        earlier = store.kept(folder, lab.name, task.student)
        if earlier and earlier.digest == task.digest:
            yield earlier
        else:
            todo.append(task)
    if not todo:
        return
    pool = batch.cluster(options.scheduler) if options.scheduler else batch.local(workers)
    handed_in = {task.student: task.handed_in for task in todo}
    with pool as make:
        for outcome in batch.outcomes(todo, workers, make):
            store.keep(folder, lab.name, outcome, handed_in[outcome.student])
            yield outcome


def save(api: NbGraderAPI, lab: Lab, folder: Path, outcome: Outcome) -> None:
    """Score an outcome, store the grades and write the feedback, unless that is done."""
    student = outcome.student
    if is_stored(api, lab, folder, outcome):
        return
    notebook = store.place(folder, store.MENDED, student, lab.name) / f"{lab.name}.ipynb"
    status, reason = (GRADED, "") if notebook.is_file() else (UNREADABLE, outcome.reason)
    if notebook.is_file() and (failed := failure(api.autograde(lab.name, pattern(student)))):
        status, reason = FAILED, failed
    if status != GRADED:
        give_zero(api, lab, student)
        write_page(folder, lab, outcome, reason)
    elif failed := failure(api.generate_feedback(lab.name, pattern(student))):
        reason = f"no feedback could be written: {failed}"
    mark_stored(folder, lab, outcome, status, reason)
