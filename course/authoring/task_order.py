"""The tasks of a lab are numbered from one on, in the order in which students meet them."""

import re
from pathlib import Path

from nbformat import NotebookNode

from course.errors import LintError
from course.text.markdown import headings

_TASK = re.compile(r"Task (\d+)\b")
_LEVEL = 3  # of a task's heading


def task_numbers(notebook: NotebookNode) -> list[tuple[int, str]]:
    """The number and the heading of each task, in the order of the notebook."""
    cells = [cell for cell in notebook.cells if cell.cell_type == "markdown"]
    titles = [text for cell in cells for level, text in headings(cell.source) if level == _LEVEL]
    return [(int(found[1]), title) for title in titles if (found := _TASK.match(title))]


def refuse_disorder(source: Path, notebook: NotebookNode) -> None:
    """Raise a `LintError` that names the first task whose number is not one more than that before it."""
    for expected, (number, heading) in enumerate(task_numbers(notebook), start=1):
        if number != expected:
            stated = repr(f"{'#' * _LEVEL} {heading}")
            raise LintError(
                f"{source}: its task {expected} has the heading {stated}. Number the tasks from 1 on in the order in "
                "which they stand, in the headings and wherever the text mentions them."
            )
