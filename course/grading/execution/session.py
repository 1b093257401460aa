"""Running one submission: its cells in one kernel, its tests in another.

The notebook stays here. The submission's kernel gets one cell at a time, and while a test runs, a cell that answers
the test's questions. The verdict comes from the tests' kernel alone.
"""

import asyncio
import time
from collections.abc import Mapping
from typing import Any

from nbformat import NotebookNode

from course.grading.execution.cell_runner import CellRunner
from course.grading.execution.clock import PATIENCE, Clock
from course.grading.execution.executed import Executed
from course.grading.execution.kernel_lifetime import started_kernel
from course.grading.execution.kernel_pair import Pair
from course.grading.execution.relay import Relay
from course.grading.execution.test_kernel import TestSide
from course.limits import Limits


async def execute_submission(
    notebook: NotebookNode,
    pair: Pair,
    imports: str,
    values: dict[str, Any],
    limits: Limits,
    folder: str,
    files: Mapping[str, bytes] | None = None,
    alone: bool = True,
) -> Executed:
    """Run all cells in place; never raises for anything that the submission does.

    Parameters
    ----------
    notebook
        A repaired submission with complete test cells.
    pair
        The kernels' managers, of kernel_pair.py; nothing is started yet.
    imports, values
        What tests may rely on: the import statements of the lab's set-up, and the values of its parameters.
    folder
        The folder to run in; a sandbox has its own.
    files
        What lies beside the notebook, by relative path.
    alone
        Whether no other submission is run now, so that it has caused what others could also cause (faults.py).

    Raises
    ------
    KernelError
        A kernel cannot be started.
    MachineFault
        The machine kept it from being run to its end.
    """
    executed, start = Executed(notebook), time.monotonic()
    clock = Clock(pair.cores, PATIENCE * limits.submission_seconds)
    async with Relay(pair.folder) as relay:
        tests = TestSide(pair, relay, imports, values, clock, alone)
        starting = asyncio.create_task(tests.start())
        kernel = started_kernel(pair.submission(), folder, pair.environment, clock, limits.submission_seconds, alone)
        try:
            async with kernel as client:
                runner = CellRunner(client, tests, limits, executed)
                await runner.wait_until_ready(start, files or {})
                await starting
                executed.seconds["runner"] = time.monotonic() - start - sum(executed.seconds.values())
                for number, cell in enumerate(notebook.cells, 1):
                    if cell.cell_type == "code":
                        await runner.run_cell(cell, number)
                end_start = time.monotonic()
        finally:
            await asyncio.gather(starting, return_exceptions=True)  # its error, too, is dealt with by then
            await tests.end()
    executed.seconds["end"] = time.monotonic() - end_start
    return executed


def run_submission(*args: Any, **kwargs: Any) -> Executed:
    """`execute_submission` from a place without an event loop, such as a worker process."""
    return asyncio.run(execute_submission(*args, **kwargs))
