"""What a student is told about each task, over handmade notebooks."""

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from course.grading.execution.executed import Cut, Incident
from course.grading.feedback.summary import summarise
from course.grading.feedback.task_state import LONGEST_MESSAGE, Grade, State
from course.grading.feedback.titles import lab_title
from course.grading.workers.job import Outcome
from course.inbox.notes import Note

STUB = 'def scale(x):\n    # YOUR CODE HERE\n    raise NotImplementedError("Not done yet: replace these two lines.")'
DONE = "def scale(x):\n    return x / 255"
NOT_DONE = ("NotImplementedError", "Not done yet: replace these two lines.")
ASSERTION = "AssertionError"
STOPPED = "For 2 digits scale stopped with KeyError: 'x'"
STOPPED_AT_STUB = f"For 2 digits scale stopped with {': '.join(NOT_DONE)}"
OUTCOME = Outcome("kim", "")


def nbgrader(name: str, **about):
    return {"nbgrader": {"grade_id": name, "grade": False, "solution": False, **about}}


def failed(name: str, value: str):
    return new_output("error", ename=name, evalue=value, traceback=[])


def notebook(answer=DONE, answer_error=None, test_errors=(), written="Because."):
    cells = [
        new_markdown_cell("# 1 · Digits\n\n## What you need"),
        new_markdown_cell("### Task 1 · Scale `images` (2 points)\n\nWrite it."),
        new_code_cell(answer, metadata=nbgrader("scale", solution=True)),
        new_code_cell("assert scale(255) == 1", metadata=nbgrader("test-scale", grade=True, points=2)),
        new_markdown_cell("### Task 2 · Why? (3 points)"),
        new_markdown_cell(written, metadata=nbgrader("why", grade=True, solution=True, points=3)),
    ]
    cells[2].outputs = [failed(*answer_error)] if answer_error else []
    cells[3].outputs = [failed(*error) for error in test_errors]
    return new_notebook(cells=cells)


def grades(points=0.0, test=None, why=None):
    return {
        "scale": Grade(released=STUB),
        "test-scale": Grade(points, 2, **(test or {})),
        "why": Grade(**({"max_points": 3, "waiting": True, "released": "YOUR ANSWER HERE"} | (why or {}))),
    }


def first(nb, given=None):
    return summarise(nb, given or grades(), OUTCOME, "kim", 0).tasks[0]


@pytest.mark.parametrize(
    ("made", "state", "message", "cell"),
    [
        ({"test_errors": [("AssertionError", "Divide by 255.")]}, State.WRONG, "Divide by 255.", 4),
        ({"test_errors": [("AssertionError", "")]}, State.WRONG, "A test failed.", 4),
        ({"test_errors": [("TypeError", "no len()")]}, State.ERROR, "TypeError: no len()", 4),
        ({"answer": STUB, "test_errors": [NOT_DONE]}, State.NOT_ATTEMPTED, "", 3),
        ({"answer": STUB + "\n", "test_errors": [("AssertionError", "It is None.")]}, State.NOT_ATTEMPTED, "", 3),
        ({"answer": DONE + "\n" + STUB, "test_errors": [NOT_DONE]}, State.NOT_ATTEMPTED, "", 3),
        ({"test_errors": [NOT_DONE]}, State.ERROR, "It uses another task that is not done yet.", 4),
        ({"test_errors": [(ASSERTION, STOPPED)]}, State.ERROR, STOPPED, 4),
        ({"test_errors": [(ASSERTION, STOPPED_AT_STUB)]}, State.ERROR, "It uses another task that is not done yet.", 4),
        ({"answer": DONE + "\n" + STUB, "test_errors": [(ASSERTION, STOPPED_AT_STUB)]}, State.NOT_ATTEMPTED, "", 3),
        (
            {"test_errors": [(ASSERTION, "Training stopped with epoch 2.")]},
            State.WRONG,
            "Training stopped with epoch 2.",
            4,
        ),
        ({"test_errors": [("CellTimeout", "Longer than 300 s.")]}, State.CUT_OFF, "Longer than 300 s.", 4),
        ({"test_errors": [("KernelEnded", "No memory.")]}, State.CUT_OFF, "No memory.", 4),
        ({"test_errors": [("SubmissionEnded", "It left.")]}, State.CUT_OFF, "It left.", 4),
        (
            {"answer_error": ("SyntaxError", "bad"), "test_errors": [("NameError", "scale")]},
            State.ERROR,
            "SyntaxError: bad",
            3,
        ),
        (
            {"answer_error": ("CellTimeout", "Too long."), "test_errors": [("AssertionError", "It is None.")]},
            State.CUT_OFF,
            "Too long.",
            3,
        ),
    ],
)
def test_a_test_that_failed(made, state, message, cell):
    task = first(notebook(**made))
    assert (task.state, task.message, task.cell) == (state, message, cell)


def test_a_test_that_passed():
    assert first(notebook(), grades(2)).state == State.RIGHT
    partly = first(notebook(), grades(0.5))
    assert (partly.state, partly.message) == (State.WRONG, "A part of it is right.")
    assert first(notebook(), grades(0)).state == State.CUT_OFF, "no error and no points: it never ran"


def test_points_given_by_hand():
    wrong = notebook(test_errors=[("AssertionError", "No.")])
    assert first(wrong, grades(1, test={"marked": True})).state == State.MARKED
    assert first(wrong, grades(1, test={"marked": True, "waiting": True})).state == State.WAITING


@pytest.mark.parametrize(
    ("written", "why", "state"),
    [
        ("Because.", {}, State.WAITING),
        ("Because.", {"waiting": False, "marked": True, "points": 1.5}, State.MARKED),
        ("YOUR ANSWER HERE\n", {}, State.NOT_ATTEMPTED),
        ("YOUR ANSWER HERE", {"waiting": False}, State.NOT_ATTEMPTED),
        ("YOUR ANSWER HERE", {"waiting": False, "marked": True}, State.MARKED),
    ],
)
def test_a_written_answer(written, why, state):
    task = summarise(notebook(written=written), grades(why=why), None, "kim", 0).tasks[1]
    assert (task.state, task.title, task.cell) == (state, "Task 2 · Why?", 6)


def test_totals_titles_and_comments():
    given = grades(2, why={"waiting": False, "marked": True, "points": 1.5, "comment": "Nearly."})
    given["scale"] = Grade(released=STUB, comment="No response.")
    summary = summarise(notebook(), given, OUTCOME, "kim", 1)
    assert (summary.title, summary.student) == ("1 · Digits", "kim")
    assert [task.title for task in summary.tasks] == ["Task 1 · Scale images", "Task 2 · Why?"]
    assert [task.comment for task in summary.tasks] == ["", "Nearly."], "nbgrader's own remark is not the marker's"
    assert (summary.score, summary.max_points, summary.penalty, summary.total, summary.waiting) == (3.5, 5, 1, 2.5, 0)
    assert summarise(notebook(), given, OUTCOME, "kim", 9).total == 0, "never below 0"
    assert summarise(notebook(), grades(2), OUTCOME, "kim", 0).waiting == 3


def test_a_task_without_its_heading_has_its_name_in_words():
    bare = notebook()
    bare.cells = bare.cells[2:4]
    task = first(bare)
    assert (task.title, task.task, lab_title(bare.cells)) == ("Scale", None, "")


def test_what_a_message_holds_is_one_short_line():
    task = first(notebook(test_errors=[("AssertionError", "\x1b[31mred\x1b[0m\n\n  and\x00" + " long" * 1000)]))
    assert task.message.startswith("red and") and "\n" not in task.message and "\x1b" not in task.message
    assert len(task.message) <= LONGEST_MESSAGE + 2 and task.message.endswith("…")


def test_hints_are_wanted_where_a_task_is_not_right():
    summary = summarise(notebook(), grades(2), OUTCOME, "kim", 0)
    assert [cell for cell in range(1, 7) if summary.wants_hint(cell)] == [5]


def test_notes_begin_with_what_cost_points():
    outcome = Outcome(
        "kim",
        "",
        notes=(Note("cell-restored", "scale", "A cell was put back."),) * 2,
        cuts=(Cut(2, "", "It took too long."), Cut(3, "scale", "It left.")),
        ended="Cell 3 (scale): It left.",
        incidents=(Incident("the notebook", "its other files could not be put beside it"),),
        sandboxed=False,
    )
    notes = summarise(notebook(), grades(), outcome, "kim", 0).notes
    assert notes[1].startswith("Your notebook did not run to its end. Cell 3 (scale): It left.")
    assert [note.split(".")[0] for note in notes] == [
        "Your notebook was cut off at cell 2: It took too long",
        "Your notebook did not run to its end",
        "scale: A cell was put back",
        "This submission was run without a sandbox, as one that your instructor trusts",
    ]
