"""A test that passes says so, and how many points that is, unless it says more than the student can know."""

import contextlib
import io

import pytest
from nbformat.v4 import new_code_cell, new_notebook
from this_course import prepared

from course.labs.sources import cells_with_tests
from course.labs.stamp import stamp_lab

ALL = "All tests pass: {}.\n"
SHOWN = "All tests shown here pass. With the hidden tests of grading, this task gives {}.\n"
HIDDEN = "\n### BEGIN HIDDEN TESTS\nassert x\n### END HIDDEN TESTS"


def stamped(course, source, points=2):
    cell = new_code_cell(source)
    cell.metadata["nbgrader"] = {"grade_id": "test-x", "grade": True, "solution": False, "points": points}
    stamp_lab(course, course.labs[0], new_notebook(cells=[cell]))
    return cell.source


def printed(source, x):
    shown = io.StringIO()
    with contextlib.redirect_stdout(shown), contextlib.suppress(AssertionError):
        exec(source, {"x": x})
    return shown.getvalue()


@pytest.mark.parametrize(
    ("source", "points", "said"),
    [
        ("assert x", 2, ALL.format("2 points")),
        ("assert x", 1.0, ALL.format("1 point")),
        ("assert x", 1.5, ALL.format("1.5 points")),
        ("assert x" + HIDDEN, 2, SHOWN.format("2 points")),
        ("assert x\nstr(x)", 2, ALL.format("2 points")),
    ],
)
def test_what_passes_says_so_and_what_fails_does_not(course, source, points, said):
    cell = stamped(course, source, points)
    assert (printed(cell, x=1), printed(cell, x=0)) == (said, "")


def test_another_build_writes_the_line_anew(course):
    once = stamped(course, "assert x" + HIDDEN, points=2)
    assert stamped(course, once, points=2) == once
    assert stamped(course, once, points=3) == once.replace("2 points", "3 points")
    assert stamped(course, "assert x\n1.5\n" + once.splitlines()[-1]) == "assert x\n1.5"


@pytest.mark.parametrize("source", ["assert x\n1.5", "score = x\nscore", "assert x\n2 * x" + HIDDEN + "\nscore"])
def test_a_score_as_last_value_stays_the_last(course, source):
    assert stamped(course, source) == source


def test_every_test_of_the_course_says_so(course, lab):
    cells = cells_with_tests(prepared(lab))
    assert cells and all(cell.source.splitlines()[-1].startswith("print(") for cell in cells)
