"""What became of each task of a submission, in the words in which a student is told.

Pure functions: a graded notebook, its grades and the report of its run in, a summary out.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from nbformat import NotebookNode

from course.config.late import span_in_words
from course.grading.feedback.task_state import Grade, State, is_untouched, judge_task
from course.grading.feedback.titles import find_answer, find_title, lab_title
from course.grading.gradebook.scores import NO_RESPONSE
from course.grading.workers.job import Outcome
from course.inbox.notes import note_text
from course.labs.sources import grade_id, is_test, is_written


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
    max_points: float
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
    max_points: float
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
        max_points=sum(task.max_points for task in tasks),
        penalty=penalty,
        late=span_in_words(late) if late else "",
        total=max(0.0, score - penalty),
        waiting=sum(grade.max_points for grade in grades.values() if grade.waiting),
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
        max_points=grade.max_points,
        message=message,
        comment=" ".join(comments),
        cell=failed_place + 1,
        task=None if title_place is None else title_place + 1,
    )


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
