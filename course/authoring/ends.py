"""How the test of an answer ended: not at all, with a sentence, in the hidden part only, or with a bare exception."""

from enum import StrEnum

from nbformat import NotebookNode

from course.grading.execution.verdicts import failed_line
from course.grading.feedback.task_state import first_error
from course.labs.sources import cells_with_tests, grade_id


class End(StrEnum):
    """How the test of a changed or wrong answer ended."""

    MESSAGE = "a message"
    HIDDEN = "a message, in the hidden part only"
    EXCEPTION = "a bare exception"
    CRASH = "an error of the answer's own cell"
    RIGHT = "as right as the answer"
    NOT = "not caught"


def end_of_test(notebook: NotebookNode, task: str) -> tuple[End, str]:
    """How the test of a task ended in an executed notebook, and with which error; no words if it passed."""
    answer = next(cell for cell in notebook.cells if grade_id(cell) == task)
    test = next(cell for cell in cells_with_tests(notebook) if grade_id(cell) == f"test-{task}")
    error = first_error(test)
    if not error:
        return End.NOT, ""
    text = f"{error.ename}: {error.evalue}"
    if first_error(answer):
        return End.CRASH, text
    if error.ename != "AssertionError":
        return End.EXCEPTION, text
    _, hidden = failed_line(error)
    return (End.HIDDEN if hidden else End.MESSAGE), text
