"""Running a notebook with the Python of another environment, from an empty folder, as a student's machine does."""

import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import KernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbconvert.filters import strip_ansi
from nbformat import NotebookNode

CELL_SECONDS = 900
NAME = "student"
FOLDER = "Ein Ordner für [CNN]"  # as students call them: blanks, umlauts, brackets
OWN_VARIABLES = ("PYTHON", "VIRTUAL_ENV", "JUPYTER", "IPYTHON", "MPLBACKEND", "UV_", "PIP_")


def run_notebook(python: Path, notebook: NotebookNode, extra: Mapping[str, str]) -> str:
    """Run all cells in place until one raises; what it raised, with the cell's number, or nothing.

    The kernel is the `ipykernel` of that Python, and starts in an empty folder with these variables of the environment.
    """
    with tempfile.TemporaryDirectory() as place:
        empty, spec = Path(place, FOLDER), Path(place, "kernels", NAME)
        empty.mkdir()
        spec.mkdir(parents=True)
        program = [str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        (spec / "kernel.json").write_text(json.dumps({"argv": program, "display_name": NAME, "language": "python"}))
        specs = KernelSpecManager(kernel_dirs=[str(spec.parent)], ensure_native_kernel=False)
        manager = KernelManager(kernel_name=NAME, kernel_spec_manager=specs)
        resources = {"metadata": {"path": str(empty)}}
        client = NotebookClient(notebook, km=manager, timeout=CELL_SECONDS, resources=resources)
        try:
            with client.setup_kernel(cwd=str(empty), env=student_environment(python, extra)):
                return _first_error(client, notebook)
        finally:
            manager.shutdown_kernel(now=True)  # nbclient ends only kernels that it has made itself


def _first_error(client: NotebookClient, notebook: NotebookNode) -> str:
    for index, cell in enumerate(notebook.cells):
        try:
            client.execute_cell(cell, index)
        except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
            return f"cell {index + 1}: {last_line(str(error))}"
    return ""


def student_environment(python: Path, extra: Mapping[str, str]) -> dict[str, str]:
    """The variables of this process without those that lead to its own packages, and with these."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(OWN_VARIABLES)}
    tools = f"{python.parent}{os.pathsep}{os.defpath}"
    return kept | {"PATH": tools, "MNIST_SOURCE": "bundled", **extra}


def error_outputs(notebook: NotebookNode) -> list[str]:
    """Every error that a cell shows, with the cell's number."""
    return [
        f"cell {number}: {output.ename}: {output.evalue}"
        for number, cell in enumerate(notebook.cells, 1)
        for output in cell.get("outputs", [])
        if output.output_type == "error"
    ]


def last_line(text: str) -> str:
    """The last line of a traceback, without colours, which says what was raised."""
    lines = [line.strip() for line in strip_ansi(text).splitlines() if line.strip()]
    return lines[-1] if lines else "no message"
