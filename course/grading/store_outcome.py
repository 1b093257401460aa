"""Storing what became of a submission: its scores in the gradebook, its graded copy, and a record of both."""

import logging
import shutil

from nbgrader.api import Gradebook

from course.errors import GradingError
from course.grading.derive import Grading
from course.grading.gradebook import cache, hand_marks, scores
from course.grading.gradebook.recorded import (
    FAILED,
    GRADED,
    UNREADABLE,
    Stored,
    checksum_if_any,
    graded_copy,
    write_stored,
)
from course.grading.gradebook.results import give_zero
from course.grading.gradebook.transaction import one_transaction
from course.grading.workers.job import Outcome
from course.nbgrader_api import database_errors

log = logging.getLogger(__name__)


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
