"""Running the labs at full size on the whole of MNIST, to compare with what was published.

Each lab with a plan (see systems.py) is run with the values of its "full run" comments; then each second setting in a
kernel of its own. What a run gives is kept in docs/reproduction.json as soon as it ends, so that an interrupted
reproduction goes on with the run it was in.
"""

import ast
import copy
import hashlib
import json
import os
import platform
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

import nbformat
import papermill
from nbformat import NotebookNode
from rich.progress import Progress

from course.authoring.execute import execute_notebook
from course.config import Course
from course.errors import CourseError
from course.labs.parameters import with_parameters
from course.labs.prepare import prepare_lab
from course.labs.sources import grade_id, is_answer
from course.text.files import write_text
from data_utils import load_mnist
from reproduction.systems import Plan, SecondSetting

FULL_TRAIN, FULL_TEST = 60_000, 10_000
FULL_RUN = "full run: "
SECOND_CELL = "second-setting"

# Runs before everything else in the kernel: notes wall-clock and CPU seconds of each cell, in their order.
CLOCK = """\
import time as _time
_clock = []
def _start(*_): _clock.append([_time.perf_counter(), _time.process_time()])
def _stop(*_):
    if _clock: _clock[-1] = [_time.perf_counter() - _clock[-1][0], _time.process_time() - _clock[-1][1]]
get_ipython().events.register("pre_run_cell", _start)
get_ipython().events.register("post_run_cell", _stop)"""

# Runs last: evaluates the expressions one by one, so that one that fails does not lose the others after a long run.
REPORT = """\
import json as _json
import numpy as _np
_found, _failed = {{}}, {{}}
for _name, _expression in {expressions!r}.items():
    try:
        _found[_name] = _np.asarray(eval(_expression)).tolist()
    except Exception as _error:
        _failed[_name] = f"{{_expression}}: {{_error!r}}"
print(_json.dumps({{"values": _found, "failed": _failed, "clock": _clock[:-1]}}))"""


@dataclass(frozen=True)
class Job:
    """One notebook to run: its key, the expressions to evaluate at its end by name, and the cells to time."""

    key: str
    notebook: NotebookNode
    expressions: dict[str, str]
    timed: frozenset[str]


@dataclass(frozen=True)
class Run:
    """What one run gave.

    `values` holds a plain value for each expression; `times` the wall-clock and the CPU seconds of each named cell.
    """

    digest: str
    values: dict[str, Any]
    times: dict[str, tuple[float, float]]
    machine: str
    day: str


def reproduce(course: Course, plans: Sequence[Plan], progress: Progress, again: bool = False) -> None:
    """Run what has not been run yet, or everything with `again`, and keep each result at once.

    Raises
    ------
    CourseError
        Not all of MNIST is at hand, or an expression of a plan cannot be evaluated.
    """
    _require_all_digits()
    for plan in plans:
        todo = jobs(course, plan, rehearsal=False)
        for job in todo:
            check_job(job)
        for job in todo:
            earlier = read_runs(course).get(job.key)
            if (
                again
                or earlier is None
                or earlier.digest != code_checksum(job.notebook)
                or set(job.expressions) - set(earlier.values)
            ):
                _save_run(course, job.key, run_job(job, progress))


def rehearse(course: Course, plans: Sequence[Plan], progress: Progress) -> dict[str, Run]:
    """Run everything with the small values of the labs; nothing is kept."""
    return {job.key: run_job(job, progress) for plan in plans for job in jobs(course, plan, rehearsal=True)}


def jobs(course: Course, plan: Plan, rehearsal: bool) -> list[Job]:
    """The runs of a lab: the whole of it, and each second setting."""
    lab = prepare_lab(course, plan.lab)
    if not rehearsal:
        lab = with_parameters(lab, full_values(lab))
    figures = {figure.name: figure.value for figure in plan.figures}
    timed = {figure.time for figure in plan.figures if figure.time} | {second.beside for second in plan.seconds}
    whole = Job(plan.lab.name, lab, figures, frozenset(timed))
    return [whole, *(_second_job(plan, lab, second) for second in plan.seconds)]


def _second_job(plan: Plan, lab: NotebookNode, second: SecondSetting) -> Job:
    notebook = second_notebook(lab, second)
    return Job(second_key(plan, second), notebook, {second.what: second.value}, frozenset({SECOND_CELL}))


def second_key(plan: Plan, second: SecondSetting) -> str:
    """The name under which a second setting's run is kept."""
    return f"{plan.lab.name}, second setting for {second.system}"


def full_values(lab: NotebookNode) -> dict[str, Any]:
    """The lab's parameters with the values of their "full run" comments, read by Papermill."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "lab.ipynb"
        nbformat.write(lab, path)
        inspected = papermill.inspect_notebook(str(path))
    return {name: ast.literal_eval(parameter["help"].removeprefix(FULL_RUN)) for name, parameter in inspected.items()}


def second_notebook(lab: NotebookNode, second: SecondSetting) -> NotebookNode:
    """The lab's set-up, the answers that the second setting needs, and its own cells."""
    trial = copy.deepcopy(lab)
    first = next(index for index, cell in enumerate(trial.cells) if is_answer(cell))
    needed = [cell for cell in trial.cells[first:] if grade_id(cell) in second.needs]
    if len(needed) != len(second.needs):
        raise CourseError(f"The second setting {second.what!r} needs {second.needs}, but the lab lacks some of them.")
    second_cells = [nbformat.v4.new_code_cell(second.before)] if second.before else []
    second_cells.append(nbformat.v4.new_code_cell(second.code, id=SECOND_CELL))
    trial.cells = [*(cell for cell in trial.cells[:first] if cell.cell_type == "code"), *needed, *second_cells]
    return trial


def run_job(job: Job, progress: Progress) -> Run:
    """Execute one notebook and evaluate the expressions in its kernel.

    Raises
    ------
    CourseError
        An expression cannot be evaluated, or no cell has a name that is to be timed.
    """
    check_job(job)
    code = [cell for cell in job.notebook.cells if cell.cell_type == "code"]
    trial = copy.deepcopy(job.notebook)
    report = nbformat.v4.new_code_cell(REPORT.format(expressions=job.expressions))
    trial.cells = [nbformat.v4.new_code_cell(CLOCK), *trial.cells, report]
    execute_notebook(job.key, trial, progress, cell_seconds=None)
    result = json.loads(trial.cells[-1].outputs[-1].text)
    if result["failed"]:
        raise CourseError(f"{job.key}: cannot be evaluated: " + "; ".join(result["failed"].values()))
    times = {
        name: (round(wall, 1), round(cpu, 1))
        for cell, (wall, cpu) in zip(code, result["clock"], strict=True)
        for name in cell_names(cell) & job.timed
    }
    machine = f"{platform.system()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    return Run(code_checksum(job.notebook), result["values"], times, machine, date.today().isoformat())


def check_job(job: Job) -> None:
    """Find before a long run what would make it fail at its end.

    Raises
    ------
    CourseError
        An expression is no Python, or no cell has a name that is to be timed.
    """
    for name, expression in job.expressions.items():
        try:
            compile(expression, name, "eval")
        except SyntaxError as error:
            raise CourseError(f"{job.key}: {name!r} has the value {expression!r}, which is no expression.") from error
    unknown = job.timed - {name for cell in job.notebook.cells for name in cell_names(cell)}
    if unknown:
        raise CourseError(f"{job.key}: no cell has the grade id or tag {', '.join(sorted(unknown))}.")


def cell_names(cell: NotebookNode) -> set[str]:
    """What a cell may be called: its id, which is the grade id if it has one, and its tags."""
    return {cell.id, *cell.metadata.get("tags", [])}


def code_checksum(notebook: NotebookNode) -> str:
    """What a result depends on: all code of the notebook but its tests."""
    code = [
        c.source for c in notebook.cells if c.cell_type == "code" and not c.metadata.get("nbgrader", {}).get("grade")
    ]
    return hashlib.sha256("\n".join(code).encode()).hexdigest()[:16]


def read_runs(course: Course) -> dict[str, Run]:
    """The runs that are kept, by key."""
    path = course.reproduction
    if not path.is_file():
        return {}
    return {key: Run(**entry) for key, entry in json.loads(path.read_text("utf-8")).items()}


def _save_run(course: Course, key: str, new_run: Run) -> None:
    runs = {name: asdict(run) for name, run in (read_runs(course) | {key: new_run}).items()}
    write_text(course.reproduction, json.dumps(runs, indent=1, sort_keys=True, ensure_ascii=False) + "\n")


def _require_all_digits() -> None:
    """Check for the whole of MNIST before hours of training; kernels run elsewhere, so make the path absolute."""
    if path := os.environ.get("MNIST_NPZ"):
        os.environ["MNIST_NPZ"] = str(Path(path).resolve())
    (x_train, _), (x_test, _) = load_mnist()
    if (len(x_train), len(x_test)) != (FULL_TRAIN, FULL_TEST):
        raise CourseError(
            f"A reproduction needs all of MNIST, {FULL_TRAIN:,} and {FULL_TEST:,} digits; "
            f"found are {len(x_train):,} and {len(x_test):,}. "
            "Connect to the network, or name the file mnist.npz in MNIST_NPZ, and unset MNIST_SOURCE."
        )
