"""What a lab tells students: points in headings, and links that open wherever the notebook is."""

import nbformat
import pytest

from course.errors import LintError
from course.labs.prepare import prepare_lab
from course.labs.prose_rules import text_problems


def text(source):
    return nbformat.v4.new_markdown_cell(source)


def graded(name, points, task=False):
    about = {"grade": True, "solution": task, "grade_id": name, "points": points}
    return nbformat.v4.new_code_cell("assert 1", metadata={"nbgrader": about})


def of(*cells):
    return text_problems(nbformat.v4.new_notebook(cells=cells))


def test_headings_that_tell_the_points():
    assert of(
        text("### Task 1 · A (2 points)"), graded("test-a", 2), text("### Task 2 · B (1 point, written)\n\nWhy?")
    ) == ["the heading 'Task 2 · B (1 point, written)' says 1 points, but its graded cells give 0. Change either."]
    assert of(text("### Task 1 (3 points)\n\n#### A hint"), graded("test-a", 2), graded("b", 1)) == []


def test_a_heading_without_points_is_found_by_the_one_before():
    cells = text("### Task 1 (2 points)"), graded("test-a", 2), text("### Task 2"), graded("test-b", 3)
    assert "says 2 points, but its graded cells give 5" in of(*cells)[0]


@pytest.mark.parametrize(
    "source",
    [
        "see [lab 4](../04_lecun_lenet/04_lecun_lenet.ipynb)",
        "[the page](/docs/students.md)",
        "![a digit](digit.png)",
        "<img src='digit.png' alt='a digit'>",
        "<details>\n<a href='../README.md'>all labs</a>\n</details>",
        "see [it][1]\n\n[1]: notes.txt",
    ],
)
def test_a_link_to_a_file_beside_is_refused(source):
    (found,) = of(text(source))
    assert "is dead where a student has this notebook alone" in found


def test_links_that_open_anywhere_are_allowed():
    allowed = (
        "[a](https://keras.io) [b](#set-up) ![c](attachment:c.png) <mailto:a@uni.edu> `[d](d.md)` [e](HTTP://x.org)"
    )
    assert of(text(allowed), nbformat.v4.new_code_cell("# [f](f.md)")) == []


def test_a_build_refuses_both(copied):
    lab = copied.labs[0]
    source = copied.source(lab).read_text("utf-8")
    bad = "# %% [markdown]\n# ## More (7 points)\n#\n# [that](../other.ipynb)\n"
    copied.source(lab).write_text(f"{source}\n{bad}", "utf-8")
    with pytest.raises(LintError) as error:
        prepare_lab(copied, lab)
    assert "says 7 points" in str(error.value) and "'../other.ipynb' in" in str(error.value)
