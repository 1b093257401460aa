"""What is read of one submission: its states are those that the student is told, and where a test failed."""

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell

from course.grading.execution.verdicts import error_output, failure_output
from course.grading.feedback.task_state import State
from course.grading.gradebook.entries import Mark
from course.grading.report.attempts import attempts, statement_at

TEST = """x = double(2)
assert (
    x == 4
), f"{x} is not 4."
### BEGIN HIDDEN TESTS
assert double(3) == 6, "Not for 3."
### END HIDDEN TESTS"""
STUB = "raise NotImplementedError"


def about(name, **more):
    return {"nbgrader": {"grade_id": name, "grade": False, "solution": False} | more}


def cells(answer="def double(x): ...", line=0, output=None, hidden=False):
    test = new_code_cell(TEST, metadata=about("test-double", grade=True, points=2))
    verdict = {"ename": "AssertionError", "evalue": "4 is not 4.", "line": line, "hidden": hidden, "lines": []}
    test.outputs = [output] if output else [failure_output(TEST, verdict)] if line else []
    return [
        new_code_cell(answer, metadata=about("double", solution=True)),
        test,
        new_markdown_cell("Because.", metadata=about("why", grade=True, solution=True, points=3)),
    ]


def marks(points=0.0, auto=None, why=None):
    return [
        Mark("test-double", True, 2, points if auto is None else auto, points, False),
        Mark("why", False, 3, None, why or 0.0, why is None),
    ]


RELEASED = {cell.metadata["nbgrader"]["grade_id"]: cell for cell in cells(STUB)}


def test_a_failure_has_its_statement_and_its_part():
    visible = attempts(cells(line=2), marks(), RELEASED)["test-double"]
    assert (visible.state, visible.line, visible.hidden) == (State.WRONG, 2, False)
    assert visible.code == "assert x == 4, f'{x} is not 4.'" and visible.answer == "def double(x): ..."
    hidden = attempts(cells(line=6, hidden=True), marks(), RELEASED)["test-double"]
    assert hidden.hidden and hidden.code.startswith("assert double(3) == 6")


def test_what_did_not_fail_has_no_line():
    right = attempts(cells(), marks(2.0), RELEASED)["test-double"]
    assert (right.state, right.line, right.code, right.hidden) == (State.RIGHT, 0, "", False)
    cut = attempts(cells(output=error_output("CellTimeout", "Too long.")), marks(), RELEASED)["test-double"]
    assert (cut.state, cut.line, cut.message) == (State.CUT_OFF, 0, "Too long.")


def test_what_was_not_touched_is_not_attempted():
    assert attempts(cells(STUB, line=2), marks(), RELEASED)["test-double"].state == State.NOT_ATTEMPTED
    assert attempts(cells(), marks(), {})["why"].state == State.WAITING
    assert attempts(cells(), marks(), RELEASED)["why"].state == State.NOT_ATTEMPTED


def test_marks_by_hand():
    made = attempts(cells(line=2), marks(1.0, auto=0.0, why=2.0), {})
    assert made["test-double"].state == State.MARKED and made["test-double"].points == 1
    assert made["why"].state == State.MARKED and made["why"].points == 2
    assert attempts(cells(), marks(), {})["why"].points is None, "it waits"


def test_without_verdicts_there_are_points_alone():
    made = attempts(None, marks(2.0), RELEASED)
    assert (made["test-double"].points, made["test-double"].state) == (2, None)
    gone = attempts([cells()[0]], marks(2.0), RELEASED)
    assert gone["test-double"].state is None, "the notebook lacks the cell"


@pytest.mark.parametrize(
    ("source", "line", "expected"),
    [
        ("def f(x):\n    assert x, 'no'\nf(0)", 2, "assert x, 'no'"),
        ("x = 1", 9, ""),
        ("x = 1", 0, ""),
        ("%magic\nx = (", 1, "%magic"),
        ("", 1, ""),
        (f"x = '{'y' * 999}'", 1, f"x = '{'y' * 295} …"),
    ],
)
def test_the_statement_at_a_line(source, line, expected):
    assert statement_at(source, line) == expected
