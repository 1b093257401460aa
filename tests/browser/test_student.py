"""A student's way in JupyterLab: from the list of labs to a solved lab that Validate finds right."""

import os
import re

import nbformat
import pytest
from browser import expect, keep_picture, needs_browser
from notebook_page import Notebook
from servers import BIN, run, running_lab
from this_course import COURSE

from course.grading import demo
from course.labs.prepare import prepare_lab
from course.labs.sources import cells_with_tests, grade_id, is_answer, is_written

pytestmark = [pytest.mark.kernel, needs_browser]
LAB = COURSE.labs[0]
SOURCE = prepare_lab(COURSE, LAB)
MODEL = demo.model_answers(SOURCE)
RELEASED = nbformat.read(COURSE.released(LAB), as_version=4)
HEADING = re.compile(r"^### (Task .*\(([\d.]+) points?\))$", re.MULTILINE)
TITLES = [found for cell in SOURCE.cells if cell.cell_type == "markdown" for found in HEADING.findall(cell.source)]
WRITTEN = next(cell for cell in RELEASED.cells if is_written(cell))
FIGURE = "axes.imshow(X_train[0]"  # a picture of a digit right below the test of a task
ANSWERS = [cell for cell in RELEASED.cells if is_answer(cell) and not is_written(cell)]
TESTS = list(cells_with_tests(RELEASED))


def own_line(cell):
    """A line of a code cell that no other cell of the lab has."""
    others = "\n".join(other.source for other in RELEASED.cells if other is not cell)
    return next(line for line in cell.source.splitlines() if line.strip() and line not in others)


@pytest.fixture(scope="module")
def edition(tmp_path_factory):
    """The students' edition, as `course publish` makes it."""
    folder = tmp_path_factory.mktemp("edition") / "labs"
    run([BIN / "course", "publish", folder], COURSE.root)
    return folder


@pytest.fixture(scope="module")
def lab_address(edition, tmp_path_factory):
    """JupyterLab, started in the edition as its first page says, with the edition's own helper package."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MNIST_SOURCE", "bundled")
        patch.setenv("PYTHONPATH", str(edition))
        patch.setenv("PATH", os.pathsep.join([str(BIN), os.environ["PATH"]]))
        with running_lab(edition, tmp_path_factory.mktemp("home"), "--config=jupyter_lab_config.py") as address:
            yield address


@pytest.fixture
def notebook(page, lab_address):
    """Lab 1, reached from the list of labs."""
    page.goto(lab_address)
    page.locator(".jp-MarkdownViewer a", has_text=re.compile("^1 · ")).click()
    return Notebook(page)


def solve(notebook, cells):
    for cell in cells:
        notebook.write(own_line(cell), MODEL[grade_id(cell)])


def test_two_tasks_are_solved_and_the_third_says_that_it_is_not(notebook):
    solve(notebook, ANSWERS[:2])
    notebook.choose("Run", "Run All Cells")
    expect(notebook.output(own_line(TESTS[2]))).to_contain_text("NotImplementedError: Not done yet")
    for cell, (_, points) in zip(TESTS[:2], TITLES[:2], strict=True):
        said = notebook.output(own_line(cell))
        expect(said).to_contain_text("All tests shown here pass.")
        expect(said).to_contain_text(f"this task gives {points} points")
    text = notebook.validate()
    assert [title for title, _ in TITLES if title in text] == [title for title, _ in TITLES[2 : len(TESTS)]], text
    assert text.count("Not done yet") >= len(TESTS) - 2 and "assert " not in text


def test_a_lab_that_is_solved_is_found_right(page, notebook, edition):
    solve(notebook, [*ANSWERS, WRITTEN])
    notebook.choose("Run", "Run All Cells")
    for cell in TESTS:
        expect(notebook.output(own_line(cell))).to_contain_text("All tests shown here pass.")
    figure = notebook.output(FIGURE).locator("img")
    figure.evaluate("figure => figure.scrollIntoView({block: 'end'})")
    keep_picture(page, "lab.png")
    assert "Success! Your notebook passes all the tests." in notebook.validate()
    saved = nbformat.read(edition / "labs" / LAB.name / f"{LAB.name}.ipynb", as_version=4)
    assert {grade_id(cell): cell.source for cell in saved.cells if is_answer(cell)} == MODEL
