"""The tasks of a lab are numbered from one on, in the order in which students meet them."""

import re
from pathlib import Path

from nbformat import NotebookNode

from course.errors import LintError

_TASK = re.compile(r"^### Task (\d+)\b.*", re.MULTILINE)


def task_numbers(notebook: NotebookNode) -> list[tuple[int, str]]:
    """The number of each task and its whole heading, in the order of the notebook."""
    texts = (cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    return [(int(found[1]), found[0]) for text in texts for found in _TASK.finditer(text)]


def refuse_disorder(source: Path, notebook: NotebookNode) -> None:
    """Raise a `LintError` that names the first task whose number is not one more than that before it."""
    for expected, (number, heading) in enumerate(task_numbers(notebook), start=1):
        if number != expected:
            raise LintError(
                f"{source}: its task {expected} has the heading {heading!r}. Number the tasks from 1 on in the order "
                "in which they stand, in the headings and wherever the text mentions them."
            )
