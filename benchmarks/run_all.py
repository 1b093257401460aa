"""How long "Run All" of a solution takes and how much memory it needs."""

import json
import math
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from rich.progress import Progress
from rich.table import Table

from benchmarks.lab_memory import jupyterlab, peak_of_children
from benchmarks.page import page
from course.authoring.execute import execute_notebook
from course.config import Course, Lab
from course.labs.prepare import prepare_lab
from course.text.files import write_text

# Off for whoever runs all of lab 8, so that no server is left; but one who sees it has its memory, too.
TENSORBOARD_OFF, TENSORBOARD_ON = "SHOW_TENSORBOARD = False", "SHOW_TENSORBOARD = True"
MOST_SECONDS, MOST_MIB = 60, 1024  # what mybinder.org promises
# ru_maxrss is in KiB on Linux and in bytes on macOS (getrusage(2)).
PROBE = """import resource, sys
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> (20 if sys.platform == "darwin" else 10))"""


@dataclass(frozen=True)
class Measurement:
    """One "Run All": seconds from starting the kernel to the last cell's end, and memory in MiB.

    `peak_mib` is the most that the lab and JupyterLab had together of what Linux cannot take back; `resident_mib` is
    the most that the kernel alone had, with the files of libraries that are mapped into it.
    """

    seconds: float
    peak_mib: int
    resident_mib: int


def measure(course: Course, labs: Sequence[Lab], progress: Progress) -> dict[str, Measurement]:
    """Run each solution once, one after the other, while JupyterLab is open."""
    with jupyterlab():
        return {lab.name: run_all(lab.name, prepare_lab(course, lab), progress) for lab in labs}


def run_all(name: str, notebook: NotebookNode, progress: Progress) -> Measurement:
    """Run one notebook, with TensorBoard if it has it, and ask its kernel for its peak memory at the end."""
    for cell in notebook.cells:
        cell.source = cell.source.replace(TENSORBOARD_OFF, TENSORBOARD_ON)
    notebook.cells.append(nbformat.v4.new_code_cell(PROBE))
    with peak_of_children() as peak:
        seconds = execute_notebook(name, notebook, progress)
    return Measurement(round(seconds, 1), math.ceil(peak.mib), int(notebook.cells[-1].outputs[0].text))


def save(course: Course, measured: dict[str, Measurement]) -> Path:
    """Keep the measurements of labs; return the page."""
    return save_entries(course, "run_all", {name: asdict(measurement) for name, measurement in measured.items()})


def save_entries(course: Course, part: str, measured: dict[str, Any]) -> Path:
    """Keep measurements of one part beside those of it that were not measured now; return the page."""
    return save_part(course, part, _read_measurements(course).get(part, {}) | measured)


def save_part(course: Course, part: str, measured: object) -> Path:
    """Keep the measurements of one part, as JSON has them, and write the page from all of them; return the page."""
    machine = f"{platform.system()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    measurements = _read_measurements(course) | {"machine": machine, part: measured}
    write_text(course.measurements, json.dumps(measurements, indent=2, sort_keys=True) + "\n")
    return write_text(course.measurements.with_suffix(".md"), page(measurements))


def _read_measurements(course: Course) -> dict[str, Any]:
    path = course.measurements
    return json.loads(path.read_text("utf-8")) if path.is_file() else {}


def table(measured: dict[str, Measurement]) -> Table:
    """A Rich table of the measurements beside their limits."""
    view = Table(title=f'"Run All" of the solutions on {os.cpu_count()} cores', title_justify="left")
    for heading in ("lab", "seconds", f"of {MOST_SECONDS} s", "peak MiB", f"of {MOST_MIB} MiB"):
        view.add_column(heading, justify="left" if heading == "lab" else "right")
    for name, measurement in measured.items():
        shares = f"{measurement.seconds / MOST_SECONDS:.0%}", f"{measurement.peak_mib / MOST_MIB:.0%}"
        view.add_row(name, f"{measurement.seconds:.1f}", shares[0], f"{measurement.peak_mib}", shares[1])
    return view
