"""`course build` takes no lab whose tasks are numbered out of order."""

import re

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from rich.progress import Progress

from course.authoring import build
from course.authoring.task_order import refuse_disorder, task_numbers
from course.errors import LintError


def lab_of(*headings):
    return new_notebook(cells=[new_markdown_cell(f"### Task {heading} (2 points)\n\nText.") for heading in headings])


def test_tasks_from_one_on_are_taken(tmp_path):
    lab = lab_of("1 · Ink", "2 · Rows", "3 · Ink")
    lab.cells.insert(0, new_code_cell("### Task 9 · In a cell of code"))
    lab.cells.insert(0, new_markdown_cell("```\n### Task 9 · An example\n```"))
    assert [number for number, _ in task_numbers(lab)] == [1, 2, 3]
    refuse_disorder(tmp_path / "lab.py", lab)
    refuse_disorder(tmp_path / "lab.py", new_notebook())


@pytest.mark.parametrize(
    ("headings", "named"),
    [
        (("1 · Ink", "3 · Moved", "2 · Rows"), "its task 2 has the heading '### Task 3 · Moved (2 points)'"),
        (("2 · Ink",), "its task 1 has the heading '### Task 2 · Ink"),
        (("1 · Ink", "2 · Rows", "2 · Rows", "3 · Last"), "its task 3 has the heading '### Task 2 · Rows"),
    ],
)
def test_tasks_out_of_order_are_named(tmp_path, headings, named):
    with pytest.raises(LintError, match=re.escape(named)) as refused:
        refuse_disorder(tmp_path / "lab.py", lab_of(*headings))
    assert "lab.py" in str(refused.value)


def test_a_build_refuses_them_before_anything_is_written(copied):
    lab = copied.labs[0]
    source = copied.source(lab)
    moved = source.read_text("utf-8").replace("### Task 2 ", "### Task 5 ")
    source.write_text(moved, "utf-8")
    before = copied.released(lab).read_bytes()
    with pytest.raises(LintError, match="its task 2 has the heading '### Task 5"), Progress(disable=True) as progress:
        build.build(copied, [lab], progress)
    assert copied.released(lab).read_bytes() == before
    assert source.read_text("utf-8") == moved
