"""Hints are steps, to be opened one after the other, and neither they nor a later cell give the answer away."""

import re

import nbformat
from this_course import prepared

from course.labs.sources import grade_id, is_answer, is_written

SUMMARY = re.compile(r"<details><summary>(Hint[^<]*)</summary>")
CODE = re.compile(r"```python\n(.*?)```", re.DOTALL)
SOLUTION = re.compile(r"### BEGIN SOLUTION\n(.*?)### END SOLUTION", re.DOTALL)


def tasks_of(notebook):
    """The text above each answer that has tests, with the answer's cell."""
    text = ""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            text = cell.source
        elif is_answer(cell) and not is_written(cell):
            yield text, cell.source


def long_lines_of(answer):
    """The lines of a model answer that say something: at least 30 characters."""
    lines = {line.strip() for part in SOLUTION.findall(answer) for line in part.splitlines()}
    return {line for line in lines if len(line) >= 30}


def test_steps_are_numbered(course, lab):
    for text, _ in tasks_of(prepared(lab)):
        names = SUMMARY.findall(text)
        numbered = [name.partition(":")[0] for name in names]
        assert numbered in ([], ["Hint"], [f"Hint {number}" for number in range(1, len(names) + 1)]), text[:80]


def test_no_example_has_a_line_of_its_answer(course, lab):
    for text, answer in tasks_of(prepared(lab)):
        example = {line.strip() for part in CODE.findall(text) for line in part.splitlines()}
        assert not long_lines_of(answer) & example, text[:80]


def test_no_cell_of_a_student_copy_has_several_lines_of_an_answer(course, lab):
    """One line alone may be what the text of the task has given."""
    released = nbformat.read(course.released(lab), as_version=4)
    for _, answer in tasks_of(prepared(lab)):
        lines = long_lines_of(answer)
        for cell in released.cells:
            found = lines & {line.strip() for line in cell.source.splitlines()}
            assert len(found) < 2, (grade_id(cell), found)
