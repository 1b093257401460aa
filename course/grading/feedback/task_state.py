"""What became of one task: right, wrong, not attempted, cut off …, and the message that says what failed first.

Pure functions on the cells of a graded notebook.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from nbformat import NotebookNode

from course.inbox.notes import printable
from course.labs.sources import is_written
from course.testing.errors import CutOff

NOT_DONE = "Not done yet"  # begins the message of the stub, see c.ClearSolutions.code_stub in nbgrader_config.py
# What we, nbclient and nbgrader call the end of a cell that was not its own.
CUT_OFF_ERRORS = {*CutOff, "CellTimeoutError", "DeadKernelError", "KeyboardInterrupt"}
ANSWER_STOPPED = re.compile(r"\bstopped with \w+: ")  # in the message of a test that tells of an error in the answer
LONGEST_MESSAGE = 300  # characters of a message


class State(StrEnum):
    """What a task's points mean."""

    RIGHT = "right"
    WRONG = "wrong"
    NOT_ATTEMPTED = "not attempted"
    ERROR = "error in your code"
    CUT_OFF = "cut off"
    WAITING = "waiting to be marked"
    MARKED = "marked"

    @property
    def sign(self) -> str:
        """What stands before it, for those who do not see its colour."""
        return SIGNS[self]

    @property
    def look(self) -> str:
        """Its class in the page's style sheet."""
        return _LOOKS[self]


SIGNS = dict(zip(State, "✓✗–!⊘…•", strict=True))
_LOOKS = dict(zip(State, ("right", "wrong", "open", "error", "error", "waiting", "waiting"), strict=True))


@dataclass(frozen=True)
class Grade:
    """What the gradebook holds of a graded cell.

    `waiting` tells whether a person still has to look at it, `marked` whether one gave the points. `comment` is on the
    cell with this name, and `released` the text of the cell as it was handed out.
    """

    points: float = 0.0
    max_points: float = 0.0
    waiting: bool = False
    marked: bool = False
    comment: str = ""
    released: str | None = None


def judge_task(
    cells: Sequence[NotebookNode], place: int, answer_place: int | None, grade: Grade, untouched: bool
) -> tuple[State, str, int]:
    """The state of a task, what failed first, and in which cell."""
    if grade.waiting and not (untouched and is_written(cells[place])):
        return State.WAITING, "", place
    if grade.marked:
        return State.MARKED, "", place
    if is_written(cells[place]):
        return (State.NOT_ATTEMPTED if untouched else State.MARKED), "", place
    error = first_error(cells[place])
    if error is None:
        return state_of_test(grade, place)
    answer_cell = cells[answer_place] if answer_place is not None else None
    if untouched:
        return State.NOT_ATTEMPTED, "", place if answer_place is None else answer_place
    answer_error = first_error(answer_cell) if answer_cell is not None else None
    if answer_error is not None and answer_place is not None and not is_stub(answer_error):
        return (*error_state(answer_error), answer_place)
    if is_stub(error) and (answer_cell is None or NOT_DONE in answer_cell.source):
        return State.NOT_ATTEMPTED, "", place if answer_place is None else answer_place
    return (*error_state(error), place)


def error_state(error: NotebookNode) -> tuple[State, str]:
    """The state and the message of a task that failed with this error first."""
    if error.ename in CUT_OFF_ERRORS:
        return State.CUT_OFF, message_of(error)
    if is_stub(error):
        return State.ERROR, "It uses another task that is not done yet."
    if error.ename == "AssertionError":
        state = State.ERROR if ANSWER_STOPPED.search(error.evalue) else State.WRONG
        return state, message_of(error) or "A test failed."
    return State.ERROR, one_line(f"{error.ename}: {error.evalue}")


def state_of_test(grade: Grade, place: int) -> tuple[State, str, int]:
    """The state of a test without an error, which may have given a part of its points."""
    if grade.points >= grade.max_points:
        return State.RIGHT, "", place
    if grade.points > 0:
        return State.WRONG, "A part of it is right.", place
    return State.CUT_OFF, "The test was not run.", place


def first_error(cell: NotebookNode) -> NotebookNode | None:
    """What a cell failed with first, or None."""
    errors = (output for output in cell.get("outputs", []) if output.output_type == "error")
    return next(errors, None)


def is_stub(error: NotebookNode) -> bool:
    """Whether the error is that of an answer as it was handed out, also where a test tells of it in a sentence."""
    text = f"{error.ename}: {error.evalue}"
    return f"NotImplementedError: {NOT_DONE}" in text


def is_untouched(cell: NotebookNode, grade: Grade) -> bool:
    """Whether an answer is as it was handed out, but for spaces around it."""
    return grade.released is not None and cell.source.strip() == grade.released.strip()


def message_of(error: NotebookNode) -> str:
    """The message of an error."""
    return one_line(str(error.evalue))


def one_line(text: str) -> str:
    """A message in one line, not longer than the summary has room for."""
    line = printable(" ".join(re.sub(r"\x1b\[[0-9;]*m", "", text[: 10 * LONGEST_MESSAGE]).split()))
    return line if len(line) <= LONGEST_MESSAGE else f"{line[:LONGEST_MESSAGE].rstrip()} …"
