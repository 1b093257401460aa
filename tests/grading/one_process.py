"""Grading as plain nbgrader does it: tests in the submission's own process, which has the rights of whoever grades.

A weakened runner, against which a trick must work; otherwise it would be no test of the real one.
"""

import asyncio
import contextlib
import sqlite3
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from traitlets.config import Config

from course.authoring.try_variants import auto_scores
from course.errors import MachineFault
from course.grading.execution.cell_outputs import OutputAllowance, OutputCollector
from course.grading.execution.cell_runner import execute_content
from course.grading.execution.client import CellInterrupted, KernelEnded
from course.grading.execution.clock import Clock
from course.grading.execution.kernel_lifetime import started_kernel
from course.grading.execution.spec import Spec
from course.grading.execution.verdicts import error_output
from course.grading.repair.repair import repair
from course.kernels.manager import WarmKernelManager
from course.labs.sources import grade_id

SECONDS, MOST_SECONDS = 5, 60  # for a cell, and for all
OUTPUT_KIB = 1_024


@dataclass
class Gain:
    """What came of a submission: the tests that gave points, printed lines, the gradebook, what broke grading."""

    passed: list[str] = field(default_factory=list)
    lines: set[str] = field(default_factory=set)
    gradebook: float = 0
    broke: str = ""


def grade(spec: Spec, source: Path, submitted: bytes, folder: Path, config: Config, mended: bool = True) -> Gain:
    """Run and score a notebook where plain nbgrader would, with the gradebook and the solutions three folders up.

    Without `mended`, the test cells are those that were handed in.
    """
    notebook = nbformat.reads(submitted.decode(), as_version=4)
    if mended:
        notebook = repair(notebook, spec.reference).notebook
    for cell in notebook.cells:
        if "load_mnist(" in cell.source and not grade_id(cell):
            cell.source = spec.imports  # no test of the light lab needs the digits
    place = folder / "autograded" / "mallory" / spec.lab
    place.mkdir(parents=True)
    (place / f"{spec.lab}.ipynb").write_text(nbformat.writes(notebook))
    (folder / "solutions" / spec.lab).mkdir(parents=True)
    (folder / "solutions" / spec.lab / source.name).write_text(source.read_text())
    database = folder / "gradebook.db"
    with contextlib.closing(sqlite3.connect(database)) as gradebook, gradebook:
        gradebook.execute("create table grade (auto_score)")
        gradebook.execute("insert into grade values (0)")
    found = Gain()
    try:
        asyncio.run(execute(notebook, spec.imports, place))
        found.lines = printed(notebook)
        (place / f"{spec.lab}.ipynb").write_text(nbformat.writes(notebook))
        found.passed = [test for test, points in auto_scores(notebook, config).items() if points]
    except Exception as error:  # noqa: BLE001 - to break the grader is something that a submission may try
        found.broke = f"{type(error).__name__}: {error}"
    with contextlib.closing(sqlite3.connect(database)) as gradebook:
        ((found.gradebook,),) = gradebook.execute("select auto_score from grade").fetchall()
    return found


async def execute(notebook: NotebookNode, imports: str, place: Path) -> None:
    """Run all cells in one kernel; one that dies is the end."""
    manager, room = WarmKernelManager(imports=imports), OutputAllowance(OUTPUT_KIB)
    async with started_kernel(manager, str(place), {}, Clock(1), MOST_SECONDS, alone=True) as talk:
        await talk.wait_until_ready(MOST_SECONDS)
        for cell in notebook.cells:
            if cell.cell_type != "code":
                continue
            collector = OutputCollector(OUTPUT_KIB, room)
            try:
                await talk.request("execute_request", execute_content(cell.source), SECONDS, collector.add)
            except CellInterrupted as error:
                collector.outputs.append(error_output("CellTimeout", str(error)))
            except (KernelEnded, MachineFault):
                return
            finally:
                cell.outputs = collector.outputs


def printed(notebook: NotebookNode) -> set[str]:
    """The lines that cells printed."""
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    texts = [output.text for output in outputs if output.output_type == "stream"]
    return {line.strip() for line in "\n".join(texts).splitlines()}
