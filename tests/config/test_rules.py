"""What a lab must amount to: set in course.toml, for the course or for a lab, and kept."""

import re

import pytest

from course.config import load_course
from course.config.rules import Rules
from course.errors import CourseError, LintError
from course.labs.prepare import prepare_lab
from course.labs.sources import points_by_cell, read_source


def add(course, of_course="", of_lab=""):
    """The course, without what its labs have of rules, with lines added for all labs, and for the first one."""
    file = course.root / "course.toml"
    without_rules = re.sub(r"^rules = .*\n", "", file.read_text("utf-8"), flags=re.MULTILINE)
    head, first, *others = without_rules.split("[[labs]]\n")
    file.write_text("[[labs]]\n".join([f"{head}{of_course}\n", of_lab + "\n" + first, *others]), "utf-8")
    return load_course(course.root)


def test_rules_are_those_of_the_lab_then_of_the_course_then_the_usual_ones(copied):
    assert add(copied).labs[0].rules == Rules()
    course = add(copied, "[rules]\npoints = 30\nmost_cells = 7\n", "rules = { points = 5 }")
    assert course.labs[0].rules == Rules(points=5, most_cells=7)
    assert course.labs[1].rules == Rules(points=30, most_cells=7)


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        (
            "{ points = 19 }",
            "the points add up to {points}; they must be 19. Change them, or set `rules = {{ points = {points} }}`",
        ),
        ("{ fewest_tests = 99 }", "a lab has at least 99. Add tasks, or set `rules = {{ fewest_tests = "),
        ("{ most_cells = 3 }", "a lab has at most 3. Shorten or merge, or set `rules = {{ most_cells = "),
    ],
)
def test_a_lab_that_breaks_its_own_rules_is_refused(copied, rules, message):
    course = add(copied, of_lab=f"rules = {rules}")
    with pytest.raises(LintError) as error:
        prepare_lab(course, course.labs[0])
    points = sum(points_by_cell(read_source(course.source(course.labs[0]))).values())
    assert message.format(points=f"{points:g}") in str(error.value)


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ("{ point = 5 }", "there is no rule `point`. The rules are: points, fewest_tests, most_cells"),
        ("{ points = 0 }", "the rule `points` must be a whole number above 0; it is 0"),
        ("5", "`rules` must be a table such as"),
    ],
)
def test_wrong_rules_are_refused(copied, rules, message):
    with pytest.raises(CourseError) as error:
        add(copied, of_lab=f"rules = {rules}")
    assert message in str(error.value)
