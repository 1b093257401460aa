"""Where thresholds of tests come nearest to what model answers give."""

from dataclasses import replace

import nbformat
import pytest
from this_course import prepared

from benchmarks import margins
from benchmarks.margins import Comparison

ANSWER = """set_random_seed = int
drawn = set_random_seed(1)
same = 3"""
TEST = """def _is_large(number, least):
    assert number > least, "too small"
@beside_answer
def _there(least):
    assert drawn > least
    return drawn
assert 0 < drawn < 1_000, "out of bounds"
assert drawn == 1 or drawn >= 100, f"{drawn} < 1"
_is_large(drawn, 50)
_is_large(drawn, 40)
_there(1)
assert drawn > 101 or same < 5
assert same >= 1
if drawn < 0:
    raise ValueError"""


def _cell(name: str, source: str, **about: object) -> nbformat.NotebookNode:
    flags = {"grade": False, "solution": False, "locked": False, "schema_version": 3, "task": False} | about
    return nbformat.v4.new_code_cell(source, metadata={"nbgrader": {"grade_id": name, **flags}})


@pytest.mark.kernel
def test_thresholds_for_what_depends_on_the_seed_are_found(course):
    solution = prepared(course.labs[0])
    lab = replace(course.labs[0], budget={})
    test = _cell("test-luck", TEST, grade=True, locked=True, points=2)
    solution.cells = [_cell("luck", ANSWER, solution=True), test]
    runs = [margins.run_seed(course, lab, solution, seed) for seed in (101, 110)]
    assert [run.failures for run in runs] == [[], []]
    assert margins.nearest([run.comparisons for run in runs]) == [
        Comparison("test-luck", "0 < drawn < 1000", 110, 1_000, True),
        Comparison("test-luck", "drawn >= 100", 101, 100, True),
        Comparison("test-luck", "number > least", 101, 50, True),
    ]
    assert test.source == TEST, "the lab is left as it is"


@pytest.mark.kernel
def test_a_failure_is_still_one(course):
    solution = prepared(course.labs[0])
    test = _cell("test-luck", "assert drawn > 105, 'no luck'", grade=True, locked=True, points=2)
    solution.cells = [_cell("luck", ANSWER, solution=True), test]
    run = margins.run_seed(course, replace(course.labs[0], budget={}), solution, 101)
    assert run.comparisons == [Comparison("test-luck", "drawn > 105", 101, 105, False)]
    assert run.failures == [f"{course.labs[0].name}, seed 101: test-luck gives 0 points: AssertionError: no luck"]


def test_a_margin_is_a_share_of_the_larger_side():
    assert Comparison("t", "a > b", 0.8, 0.5, True).margin == pytest.approx(0.375)
    assert Comparison("t", "a > b", -3, 1, False).margin == pytest.approx(4 / 3)
    assert Comparison("t", "a >= b", 0, 0, True).margin == 0
