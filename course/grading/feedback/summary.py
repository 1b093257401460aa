"""What became of each task of a submission, in the words in which a student is told.

Pure functions: a graded notebook, its grades and the report of its run in, a summary out.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from nbformat import NotebookNode

from course.grading.gradebook.scores import NO_RESPONSE
from course.grading.workers.job import Outcome
from course.inbox.notes import note_text, printable
from course.labs.sources import grade_id, is_answer, is_test, is_written
from course.late import span_in_words
from course.markdown_text import headings

NOT_DONE = "Not done yet"  # begins the message of the stub, see c.ClearSolutions.code_stub in nbgrader_config.py
# What cell_runner.py, the tests' side, nbclient and nbgrader call the end of a cell that was not its own.
CUT_OFF_ERRORS = {"CellTimeout", "KernelEnded", "TestEnded", "SubmissionEnded", "WrongScore"}
CUT_OFF_ERRORS |= {"CellTimeoutError", "DeadKernelError", "KeyboardInterrupt"}
ANSWER_STOPPED = re.compile(r"\bstopped with \w+: ")  # in the message of a test that tells of an error in the answer
LONGEST = 300  # characters of a message
POINTS = re.compile(r"\s*\([\d.]+ points?[^()]*\)\s*$")


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
        return LOOKS[self]


SIGNS = dict(zip(State, "✓✗–!⊘…•", strict=True))
LOOKS = dict(zip(State, ("right", "wrong", "open", "error", "error", "waiting", "waiting"), strict=True))


@dataclass(frozen=True)
class Grade:
    """What the gradebook holds of a graded cell.

    `waiting` tells whether a person still has to look at it, `marked` whether one gave the points. `comment` is on the
    cell with this name, and `released` the text of the cell as it was handed out.
    """

    points: float = 0.0
    most: float = 0.0
    waiting: bool = False
    marked: bool = False
    comment: str = ""
    released: str | None = None


@dataclass(frozen=True)
class TaskSummary:
    """One task.

    `name` is the grade id of the cell with the points; `cell` the place in the notebook to look at, `task` that of the
    text with the title, both counted from 1. `message` tells what failed first; `comment` is the marker's.
    """

    name: str
    title: str
    state: State
    points: float
    most: float
    message: str
    comment: str
    cell: int
    task: int | None


@dataclass(frozen=True)
class Summary:
    """A submission: its tasks in the notebook's order, its points, and what is to be said about the grading.

    `score` are all points so far, `penalty` what is taken off for being late, and `late` by how much, in words; `total`
    is what remains, and `waiting` how many points still have to be given by a person.
    """

    title: str
    student: str
    tasks: tuple[TaskSummary, ...]
    score: float
    most: float
    penalty: float
    late: str
    total: float
    waiting: float
    notes: tuple[str, ...]

    def wants_hint(self, cell: int) -> bool:
        """Whether the cell, counted from 1, has the text of a task that is not right yet."""
        done = (State.RIGHT, State.MARKED)
        return any(task.task == cell and task.state not in done for task in self.tasks)


def summarise(
    notebook: NotebookNode,
    grades: Mapping[str, Grade],
    outcome: Outcome | None,
    student: str,
    penalty: float,
    late: timedelta = timedelta(),
) -> Summary:
    """The summary of a graded notebook.

    `grades` are by grade id, also of answer cells without points; `outcome` is that of the run, as gradebook/cache.py
    keeps it, or None if nbgrader ran the notebook by itself.
    """
    cells = notebook.cells
    graded = [place for place, cell in enumerate(cells) if is_test(cell) or is_written(cell)]
    tasks = tuple(task_summary(cells, place, grades) for place in graded)
    score = sum(task.points for task in tasks)
    return Summary(
        title=lab_title(cells),
        student=student,
        tasks=tasks,
        score=score,
        most=sum(task.most for task in tasks),
        penalty=penalty,
        late=span_in_words(late) if late else "",
        total=max(0.0, score - penalty),
        waiting=sum(grade.most for grade in grades.values() if grade.waiting),
        notes=run_notes(outcome) if outcome else (),
    )


def task_summary(cells: Sequence[NotebookNode], place: int, grades: Mapping[str, Grade]) -> TaskSummary:
    """The task whose points are given to the cell at that place."""
    name = grade_id(cells[place]) or ""
    answer_place = place if is_written(cells[place]) else find_answer(cells, name)
    answer_name = grade_id(cells[answer_place]) or "" if answer_place is not None else ""
    grade, answer_grade = grades.get(name, Grade()), grades.get(answer_name, Grade())
    untouched = answer_place is not None and is_untouched(cells[answer_place], answer_grade)
    state, message, failed_place = judge_task(cells, place, answer_place, grade, untouched)
    title_place, title = find_title(cells, answer_place if answer_place is not None else place, name)
    comments = dict.fromkeys(part.comment for part in (grade, answer_grade) if part.comment not in ("", NO_RESPONSE))
    return TaskSummary(
        name=name,
        title=title,
        state=state,
        points=grade.points,
        most=grade.most,
        message=message,
        comment=" ".join(comments),
        cell=failed_place + 1,
        task=None if title_place is None else title_place + 1,
    )


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
    if grade.points >= grade.most:
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
    line = printable(" ".join(re.sub(r"\x1b\[[0-9;]*m", "", text[: 10 * LONGEST]).split()))
    return line if len(line) <= LONGEST else f"{line[:LONGEST].rstrip()} …"


def find_answer(cells: Sequence[NotebookNode], test: str) -> int | None:
    """The place of the answer that a test is about."""
    name = test.removeprefix("test-")
    places = (place for place, cell in enumerate(cells) if is_answer(cell) and grade_id(cell) == name)
    return next(places, None)


def find_title(cells: Sequence[NotebookNode], place: int, name: str) -> tuple[int | None, str]:
    """The nearest heading before a cell and its place; without one, the grade id in words."""
    for earlier in range(place - 1, -1, -1):
        if cells[earlier].cell_type == "markdown" and not is_answer(cells[earlier]):
            titles = [text for _, text in headings(cells[earlier].source)]
            if titles:
                return earlier, plain_title(titles[-1])
    return None, plain_title(name.removeprefix("test-").replace("-", " ").capitalize())


def lab_title(cells: Sequence[NotebookNode]) -> str:
    """The first heading of level 1, or none."""
    texts = (cell.source for cell in cells if cell.cell_type == "markdown" and not is_answer(cell))
    return next((plain_title(text) for source in texts for depth, text in headings(source) if depth == 1), "")


def plain_title(heading: str) -> str:
    """A heading without its points, and without the marks of code and of bold text."""
    return one_line(re.sub(r"`|\*\*", "", POINTS.sub("", heading)))


def run_notes(outcome: Outcome) -> tuple[str, ...]:
    """What a run tells the student: what was put right, and what ended it."""
    return tuple(dict.fromkeys(run_note_lines(outcome)))


def run_note_lines(outcome: Outcome) -> Iterator[str]:
    """Its lines, which may repeat."""
    for cut in outcome.cuts[:-1] if outcome.ended else outcome.cuts:
        yield f"Your notebook was cut off at {cut}"
    if outcome.ended:
        yield f"Your notebook did not run to its end. {outcome.ended} Tests after that cell got no points."
    for note in outcome.notes:
        yield note_text(note)
    if not outcome.sandboxed:
        yield "This submission was run without a sandbox, as one that your instructor trusts."
