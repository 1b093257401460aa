"""Running a notebook as "Run All" would, with a progress bar."""

import tempfile
import time
from typing import Any

from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbconvert.filters import strip_ansi
from nbformat import NotebookNode
from rich.progress import Progress

from course.errors import BuildError
from course.labs.sources import grade_id

CELL_SECONDS = 600


def execute_notebook(
    name: str, notebook: NotebookNode, progress: Progress, cell_seconds: int | None = CELL_SECONDS
) -> float:
    """Run all cells in place, in a folder of its own that is deleted afterwards; seconds with the kernel's start.

    Raises
    ------
    BuildError
        A cell raised, took longer than `cell_seconds` (None: no limit), or the kernel died; the message shows it.
    """
    bar = progress.add_task(name, total=len(notebook.cells))

    def announce(cell: NotebookNode, **_: Any) -> None:
        progress.update(bar, description=f"{name} {grade_id(cell) or ''}")

    def advance(**_: Any) -> None:
        progress.advance(bar)

    with tempfile.TemporaryDirectory() as folder:
        client = NotebookClient(
            notebook,
            timeout=cell_seconds,
            record_timing=False,
            resources={"metadata": {"path": folder}},
            on_cell_start=announce,
            on_cell_complete=advance,
        )
        start, index = time.perf_counter(), 0
        try:
            with client.setup_kernel():
                for index, cell in enumerate(notebook.cells):
                    client.execute_cell(cell, index)
                seconds = time.perf_counter() - start
        except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
            what = error.traceback if isinstance(error, CellExecutionError) else str(error)
            grade_name = grade_id(notebook.cells[index])
            where = f"cell {index + 1}, {grade_name}" if grade_name else f"cell {index + 1}"
            raise BuildError(
                f"{name}: the solution does not run through, but to {where}.\n{strip_ansi(what)}"
            ) from error
    progress.update(bar, completed=len(notebook.cells), description=name)
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
    return seconds
