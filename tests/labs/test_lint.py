"""Every rule for a lab's source is broken once, and named."""

import copy
import re

import nbformat
import pytest
from this_course import COURSE

from course.errors import LintError
from course.labs import lint
from course.labs.budget import budget_problems
from course.labs.sources import grade_id, imports, read_source, tagged


@pytest.fixture(scope="module")
def source():
    return read_source(COURSE.source(COURSE.labs[0]))


@pytest.fixture
def notebook(source):
    return copy.deepcopy(source)


def cell_of(notebook, name):
    return next(cell for cell in notebook.cells if grade_id(cell) == name)


def first_test(notebook):
    return next(cell for cell in notebook.cells if (grade_id(cell) or "").startswith("test-"))


def first_answer(notebook):
    return cell_of(notebook, grade_id(first_test(notebook)).removeprefix("test-"))


def same_id_twice(notebook):
    tests = [cell for cell in notebook.cells if (grade_id(cell) or "").startswith("test-")]
    tests[1].metadata.nbgrader.grade_id = tests[0].metadata.nbgrader.grade_id


def replace(cell, old, new):
    assert old in cell.source
    cell.source = cell.source.replace(old, new)


BREAKS = {
    "two cells with one grade id": (same_id_twice, r"grade id 'test-.*' is used by 2 cells"),
    "a grade id with a space": (
        lambda nb: first_answer(nb).metadata.nbgrader.update(grade_id="my answer"),
        "'my answer' may hold only letters",
    ),
    "21 points": (lambda nb: first_test(nb).metadata.nbgrader.update(points=3), "add up to 21; they must be 20"),
    "no hidden test": (
        lambda nb: replace(first_test(nb), "### BEGIN HIDDEN TESTS", "# more"),
        "has 0 lines '### BEGIN HIDDEN TESTS' and 1 lines .*; they go in pairs",
    ),
    "no visible test": (
        lambda nb: setattr(first_test(nb), "source", "### BEGIN HIDDEN TESTS\nassert 1\n### END HIDDEN TESTS"),
        "has no visible assertion",
    ),
    "a test without an answer": (
        lambda nb: first_test(nb).metadata.nbgrader.update(grade_id="test-nothing"),
        "'test-nothing' must be called 'test-' and the grade id of an answer",
    ),
    "an answer that is not removed": (
        lambda nb: replace(first_answer(nb), "### BEGIN SOLUTION", "# here"),
        "has 0 lines '### BEGIN SOLUTION' and 1",
    ),
    "hidden tests in a plain cell": (
        lambda nb: nb.cells.append(nbformat.v4.new_code_cell("### BEGIN HIDDEN TESTS\n### END HIDDEN TESTS")),
        "students would see them",
    ),
    "a solution in a plain cell": (
        lambda nb: nb.cells.append(nbformat.v4.new_code_cell("### BEGIN SOLUTION\n### END SOLUTION")),
        "students would see it",
    ),
    "a marker that lacks a letter": (
        lambda nb: first_test(nb).update(source=first_test(nb).source + "\n### BEGIN HIDDEN TEST\nassert 1"),
        "'### BEGIN HIDDEN TEST' is no marker; students would get what follows. Write '### BEGIN HIDDEN TESTS'",
    ),
    "a marker in small letters": (
        lambda nb: first_answer(nb).update(source=first_answer(nb).source + "\n# end solution"),
        "'# end solution' is no marker; .* Write '### END SOLUTION'",
    ),
    "a marker with a remark": (
        lambda nb: first_test(nb).update(source=first_test(nb).source + "\n### BEGIN HIDDEN TESTS (slow)\nassert 1"),
        r"'### BEGIN HIDDEN TESTS \(slow\)' is no marker",
    ),
    "markers in the wrong order": (
        lambda nb: first_test(nb).update(
            source=first_test(nb).source + "\n### END HIDDEN TESTS\nassert 1\n### BEGIN HIDDEN TESTS"
        ),
        "they go in pairs, in turn",
    ),
    "a comment that becomes a command": (
        lambda nb: nb.cells.append(nbformat.v4.new_code_cell("rm -r runs")),
        "the line 'rm -r runs' in .* is run as a shell command",
    ),
    "no set-up cell": (
        lambda nb: tagged(nb, "stamp-setup")[0].metadata.pop("tags"),
        "0 cells are tagged 'stamp-setup'",
    ),
    "a parameter without its full value": (
        lambda nb: setattr(tagged(nb, "parameters")[0], "source", "N_TRAIN = 9  # few"),
        "'N_TRAIN = 9  # few' lacks the comment",
    ),
    "a parameter that the budget leaves out": (
        lambda nb: replace(tagged(nb, "parameters")[0], "N_TEST", "N_OTHER"),
        "parameter N_OTHER is not in the lab's budget in course.toml.* Add N_OTHER = 1000",
    ),
    "a budget for no parameter": (
        lambda nb: replace(tagged(nb, "parameters")[0], "N_TEST", "N_TESTS"),
        r"sets N_TEST, a parameter that the lab does not have. Did you mean N_TESTS\?",
    ),
    "a parameter of another kind": (
        lambda nb: replace(tagged(nb, "parameters")[0], "1_000", "0.5"),
        "the budget in course.toml sets N_TEST to 1000, which is no float",
    ),
    "a parameter that is computed": (
        lambda nb: replace(tagged(nb, "parameters")[0], "1_000", "N_TRAIN // 4"),
        "'N_TEST = N_TRAIN // 4' among the parameters is not of the form",
    ),
    "a parameter with a type": (
        lambda nb: replace(tagged(nb, "parameters")[0], "N_TEST =", "N_TEST: int ="),
        "'N_TEST: int = 1000' among the parameters is not of the form",
    ),
    "a given cell that loads as many digits as it likes": (
        lambda nb: nb.cells.append(nbformat.v4.new_code_cell("few, held = load_mnist(4_000, n_test=N_TEST)")),
        r"load_mnist\(4000, n_test=N_TEST\) does not follow the budget",
    ),
    "a given cell that loads all digits": (
        lambda nb: nb.cells.append(nbformat.v4.new_code_cell("(x, y), _ = load_mnist()")),
        r"load_mnist\(\) does not follow the budget",
    ),
    "a test that loads as Keras does": (
        lambda nb: replace(first_test(nb), "### BEGIN", "keras.datasets.mnist.load_data()\n### BEGIN"),
        r"keras.datasets.mnist.load_data\(\) loads everything",
    ),
    "a given cell that sets a parameter": (
        lambda nb: nb.cells.append(nbformat.v4.new_code_cell("for N_TRAIN in (100, 200):\n    pass")),
        "the parameter N_TRAIN gets another value, which undoes the budget",
    ),
    "an image without a text": (
        lambda nb: nb.cells.append(nbformat.v4.new_markdown_cell("see ![](digit.png)")),
        "no alternative text",
    ),
    "an HTML image without a text": (
        lambda nb: nb.cells.append(nbformat.v4.new_markdown_cell('<img src="digit.png">')),
        "no alternative text",
    ),
    "an HTML image with an empty text": (
        lambda nb: nb.cells.append(nbformat.v4.new_markdown_cell("See <img alt='' src='digit.png'/>.")),
        "the image 'digit.png' in .* has no alternative text",
    ),
    "a heading that jumps": (
        lambda nb: nb.cells.append(nbformat.v4.new_markdown_cell("#### Deep")),
        "'Deep' jumps from level 2 to 4",
    ),
    "two titles": (lambda nb: nb.cells.append(nbformat.v4.new_markdown_cell("# Again")), "2 headings of level 1"),
    "61 cells": (
        lambda nb: nb.cells.extend(nbformat.v4.new_code_cell("1") for _ in range(61 - len(nb.cells))),
        "61 cells; a lab has at most 60",
    ),
    "no written question": (
        lambda nb: [nb.cells.remove(c) for c in list(nb.cells) if c.cell_type == "markdown" and grade_id(c)],
        "no written question",
    ),
    "no marking scheme": (
        lambda nb: [setattr(cell, "source", re.sub(r"\*Marking[^*]*\*", "*Hints*", cell.source)) for cell in nb.cells],
        "the cell before 'explain-test-set' must end in a paragraph",
    ),
}


def test_the_labs_keep_the_rules(course, lab):
    lint.lint(course.source(lab), read_source(course.source(lab)), lab.budget, lab.rules)


@pytest.mark.parametrize("name", BREAKS)
def test_a_broken_rule_is_named(course, notebook, name):
    damage, message = BREAKS[name]
    damage(notebook)
    with pytest.raises(LintError, match=message) as error:
        lint.lint(course.source(course.labs[0]), notebook, course.labs[0].budget)
    assert str(course.source(course.labs[0])) in str(error.value)


def test_few_tests_are_counted(course, notebook):
    for cell in [cell for cell in notebook.cells if (grade_id(cell) or "").startswith("test-")][5:]:
        notebook.cells.remove(cell)
    with pytest.raises(LintError, match="it has 5 test cells; a lab has at least 6"):
        lint.lint(course.source(course.labs[0]), notebook, course.labs[0].budget)


def test_what_only_looks_wrong_is_allowed(notebook):
    """Fences of all kinds, and alternative texts in any quotes."""
    notebook.cells += [
        nbformat.v4.new_markdown_cell("~~~python\n# not a heading\n~~~\n\n````\n```\n#### nor this\n```\n````"),
        nbformat.v4.new_markdown_cell("<img src='digit.png' alt='a seven'> and `![](digit.png)`"),
        nbformat.v4.new_code_cell('text = """\nrm -r runs\n"""\necho = 5\n!ls\n# Begin with solutions'),
    ]
    sized = "small = load_mnist(min(500, N_TRAIN), n_test=N_TEST // 2)\nepochs = N_TRAIN // 8\nmodel.N_TEST = 5"
    notebook.cells.append(nbformat.v4.new_code_cell(sized))
    first_answer(notebook).source += "\nN_TRAIN = 5"
    assert [*lint.grading(notebook), *lint.prose(notebook), *lint.shell(notebook)] == []
    assert budget_problems(notebook, {"N_TRAIN": 400, "N_TEST": 100}) == []


def test_a_magic_among_the_imports_is_no_import(notebook):
    first = next(cell for cell in notebook.cells if "import " in cell.source)
    before = imports(notebook)
    first.source = "%matplotlib inline\n" + first.source
    assert imports(notebook) == before
