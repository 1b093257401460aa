"""What *Validate* in JupyterLab says of a test that fails: which task, and what is wrong, not the code of the test.

nbgrader reads these settings where a server is started in this folder. Its dialog shows the source and the error of
each cell that failed; the two functions are called by nbclient while it runs the cells.
"""

import os
import re
from collections.abc import Callable
from typing import Any

from nbformat import NotebookNode
from nbgrader.utils import compute_checksum

HEADING = re.compile(r"^#+ +(.*\([\d.]+ points?[^()]*\)) *$", re.MULTILINE)
VALIDATING = "NBGRADER_VALIDATING"  # set by nbgrader while it validates, and not while it grades
NO_TRACEBACK = ("AssertionError", "NotImplementedError")  # a test that failed, an answer not begun
NOT_DONE = re.compile(r"NotImplementedError: (Not done yet: .*)")  # an answer not begun, also within a sentence
CAUSE = "direct cause of the following exception"  # in the traceback of a test that tells of an error in an answer
task = {"title": ""}  # by the last heading that names points


def on_cell_start(cell: NotebookNode, cell_index: int) -> None:
    """Remember the task that the next test belongs to."""
    if cell_index == 0:
        task["title"] = ""
    if cell.cell_type == "markdown" and (found := HEADING.findall(cell.source)):
        task["title"] = found[-1]


def on_cell_error(cell: NotebookNode, cell_index: int, execute_reply: dict) -> None:
    """Let a test that failed show its task in place of its source, and its message before anything else."""
    about = cell.metadata.get("nbgrader", {})
    if os.environ.get(VALIDATING) != "1" or not about.get("grade") or not task["title"]:
        return
    unchanged = about.get("checksum") == compute_checksum(cell)
    cell.source = task["title"]
    if unchanged:  # by a student: nbgrader is not to say so
        about["checksum"] = compute_checksum(cell)
    name, text = execute_reply["content"]["ename"], execute_reply["content"]["evalue"]
    for output in cell.outputs:
        if output.output_type == "error":
            output.traceback = shortened(name, text, output.traceback)


def shortened(name: str, text: str, traceback: list) -> list:
    """What is shown of an error: its message; and where it was raised, if that was in an answer."""
    if not_done := NOT_DONE.search(f"{name}: {text}"):
        return [not_done[1]]
    if name in NO_TRACEBACK and not any(CAUSE in part for part in traceback):
        return [text or "A test failed. It gives no message."]
    return [text if name in NO_TRACEBACK else f"{name}: {text}", "", *traceback]


class Hook(str):
    """A function that is its name where settings are shown on a page; its own text looks like a tag there."""

    def __new__(cls, function: Callable) -> "Hook":
        """Of this function."""
        hook = super().__new__(cls, function.__name__)
        hook.function = function
        return hook

    def __call__(self, **about: Any) -> None:
        """Call it."""
        self.function(**about)

    def __deepcopy__(self, memo: dict) -> "Hook":
        """Settings are copied; what is known of the task is one for all copies."""
        return self


c = get_config()  # noqa: F821
c.Execute.timeout = 600  # seconds for a cell, which may train a network
c.Execute.on_cell_start = Hook(on_cell_start)
c.Execute.on_cell_error = Hook(on_cell_error)
