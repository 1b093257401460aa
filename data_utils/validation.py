"""What JupyterLab's *Validate* says of a test that fails: which task, and what is wrong, not the code of the test.

`nbgrader_config.py` gives the two hooks to nbgrader, whose dialog shows the source and the error of each cell that
failed. nbgrader has to be there only where Validate is.
"""

import os
import re
from typing import Any

HEADING = re.compile(r"^#+ +(.*\([\d.]+ points?[^()]*\)) *$", re.MULTILINE)
VALIDATING = "NBGRADER_VALIDATING"  # set by nbgrader while it validates, and not while it grades
# The last heading that names points. The hooks are functions, as settings are copied with all that they hold.
_task = {"title": ""}


def on_cell_start(cell: Any, cell_index: int) -> None:
    """Remember the task that the next test belongs to; a hook of nbclient, called for texts, too."""
    if cell_index == 0:
        _task["title"] = ""
    if cell.cell_type == "markdown" and (found := HEADING.findall(cell.source)):
        _task["title"] = found[-1]


def on_cell_error(cell: Any, cell_index: int, execute_reply: Any) -> None:
    """Let a test that failed show its task in place of its source, and its message before anything else."""
    about = cell.metadata.get("nbgrader", {})
    if os.environ.get(VALIDATING) != "1" or not about.get("grade") or not _task["title"]:
        return
    from nbgrader.utils import compute_checksum

    error = execute_reply["content"]
    unchanged = about.get("checksum") == compute_checksum(cell)
    cell.source = _task["title"]
    if unchanged:  # by a student: nbgrader is not to say so
        about["checksum"] = compute_checksum(cell)
    for output in cell.outputs:
        if output.output_type == "error":
            output.traceback = lines(error["ename"], error["evalue"], output.traceback)


def lines(name: str, text: str, traceback: list[str]) -> list[str]:
    """The message of an assertion or of an answer not begun; of another error name, text, and where it was raised."""
    if name in ("AssertionError", "NotImplementedError"):
        return [text or "A test failed. It gives no message."]
    return [f"{name}: {text}", "", *traceback]
