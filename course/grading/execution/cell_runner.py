"""The cells of one submission, one after the other, in its own kernel."""

import asyncio
import base64
import time
from collections.abc import Mapping
from typing import Any

from nbformat import NotebookNode

from course.errors import MachineFault
from course.grading.execution.cell_outputs import OutputAllowance, OutputCollector
from course.grading.execution.client import KernelClient
from course.grading.execution.executed import Cut, Executed, Incident
from course.grading.execution.faults import CellInterrupted, KernelEnded
from course.grading.execution.test_kernel import START_SECONDS, TestSide
from course.grading.execution.verdicts import error_output, showable_outputs, verdict_outputs
from course.kernels.manager import WarmProvisioner
from course.labs.sources import HIDDEN_PART, grade_id, is_test
from course.limits import Limits
from course.sandbox.provisioner import SandboxProvisioner
from course.testing.errors import CutOff

_END_SECONDS = 10.0  # for a test to end after its submission has, or when it has been interrupted itself
WRITE_FILES = """
def write_files(files):
    import base64, pathlib
    for name, content in files.items():
        path = pathlib.Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(content))
write_files({files})
del write_files
"""
AGENT = "__import__('importlib').import_module('course.testing.agent')"
SERVE_TEST = AGENT + ".serve({path!r}, {number})"


class CellRunner:
    """The cells of one submission, one after the other."""

    def __init__(self, client: KernelClient, tests: TestSide, limits: Limits, done: Executed) -> None:
        """Take over the submission's kernel."""
        self.client, self.tests, self.limits, self.done = client, tests, limits, done
        self.allowance = OutputAllowance(limits.outputs_kib)
        self._last: NotebookNode | None = None

    async def wait_until_ready(self, start: float, files: Mapping[str, bytes]) -> None:
        """Wait for the kernel, and write the other files of the submission, before any cell runs.

        Raises
        ------
        MachineFault
            It does not start.
        """
        provisioner = self.client.manager.provisioner
        if isinstance(provisioner, SandboxProvisioner | WarmProvisioner):
            self.done.seconds |= provisioner.seconds
        try:
            await self.client.wait_until_ready(START_SECONDS)
            self.done.seconds["start"] = time.monotonic() - start - sum(self.done.seconds.values())
            # Before any cell can hide the modules that it imports.
            content = execute_content(AGENT, silent=True)
            await self.client.request("execute_request", content, START_SECONDS, ignore_output)
            await self.write_files(files)
        except (KernelEnded, CellInterrupted, MachineFault) as error:
            raise MachineFault(f"The kernel did not start: {error}") from error

    async def write_files(self, files: Mapping[str, bytes]) -> None:
        """Write files to the kernel's working folder."""
        if not files:
            return
        encoded = {name: base64.b64encode(data).decode() for name, data in files.items()}
        content = execute_content(WRITE_FILES.format(files=encoded), silent=True)
        reply = await self.client.request("execute_request", content, START_SECONDS, ignore_output)
        if reply.get("status") != "ok":
            problem = f"its other files could not be put beside it: {reply.get('evalue')}"
            self.done.incidents.append(Incident("the notebook", problem))

    async def run_cell(self, cell: NotebookNode, number: int) -> None:
        """Run one code cell; after the kernel's end, tests fail with the reason and other cells stay empty.

        Raises
        ------
        KernelError, MachineFault
            The submission did not cause the failure.
        """
        cell.outputs, cell.execution_count = [], number
        start = time.monotonic()
        await self.check_alive()
        if self.done.ended:
            if is_test(cell):
                cell.outputs = [error_output(CutOff.KERNEL_ENDED, self.done.ended)]
            return
        self._last = cell
        try:
            await (self.run_test_cell(cell) if is_test(cell) else self.run_own_cell(cell))
        except KernelEnded as error:
            self.note_end(cell, error)
        self.done.seconds["tests" if is_test(cell) else "cells"] += time.monotonic() - start

    async def check_alive(self) -> None:
        """Note if the kernel has ended between two cells: then the cell before has caused it."""
        try:
            if self._last and not self.done.ended:
                await self.client.check_alive()
        except KernelEnded as error:
            self.note_end(self._last, error)

    def note_end(self, cell: NotebookNode, error: KernelEnded) -> None:
        """Note that the kernel has ended in this cell; a test that was finished keeps its verdict."""
        self.note_cut_off(cell, str(error))
        where = str(self.done.cuts[-1])
        self.done.ended = where[:1].upper() + where[1:]
        if not is_test(cell):
            cell.outputs.append(error_output(CutOff.KERNEL_ENDED, self.done.ended))

    def note_cut_off(self, cell: NotebookNode, reason: str) -> None:
        """Note that a cell was cut off."""
        self.done.cuts.append(Cut(cell.execution_count, grade_id(cell) or "", reason))

    async def run_own_cell(self, cell: NotebookNode) -> None:
        """Run a cell that is not scored, as Jupyter would; its errors are part of its output."""
        collector = OutputCollector(self.limits.output_kib, self.allowance)
        try:
            content = execute_content(cell.source)
            await self.client.request("execute_request", content, self.limits.cell_seconds, collector.add)
        except CellInterrupted as error:
            self.note_cut_off(cell, str(error))
            collector.outputs.append(error_output(CutOff.CELL_TIMEOUT, str(error)))
        finally:
            cell.outputs = collector.outputs

    async def run_test_cell(self, cell: NotebookNode) -> None:
        """Run a test cell beside the submission; write the verdict as nbgrader reads it."""
        collector, seconds = OutputCollector(self.limits.output_kib, self.allowance), self.limits.cell_seconds
        self.tests.relay.listen()
        verdict = asyncio.create_task(self.tests.verdict(cell.source, seconds))
        verdict.add_done_callback(lambda _: self.tests.relay.disconnect())
        try:
            await self.serve_test(verdict, collector, cell, seconds)
        except CellInterrupted as error:
            self.note_cut_off(cell, str(error))
            cell.outputs.append(error_output(CutOff.CELL_TIMEOUT, str(error)))
        except KernelEnded as error:
            cell.outputs.append(error_output(CutOff.KERNEL_ENDED, str(error)))
            raise
        finally:
            self.tests.relay.disconnect()
            await self.tests.clock.wait(verdict, _END_SECONDS)
            cell.outputs = [*showable_outputs(collector), *cell.outputs]
            await self.record_verdict(cell, verdict)

    async def serve_test(
        self, verdict: "asyncio.Task[dict[str, Any]]", collector: OutputCollector, cell: NotebookNode, seconds: float
    ) -> None:
        """Let the submission's kernel answer the test, part by part; its output during hidden parts is not kept.

        Raises
        ------
        KernelEnded, CellInterrupted
            The submission's kernel has ended, or took too long.
        """
        clock = self.tests.clock
        deadline = clock.seconds() + seconds
        content = execute_content(SERVE_TEST.format(path=self.tests.pair.path_of_answers, number=cell.execution_count))
        for part in range(1 + 2 * len(HIDDEN_PART.findall(cell.source))):
            if verdict.done():
                return
            handle_output = collector.add if part % 2 == 0 else ignore_output
            seconds_left = max(1.0, deadline - clock.seconds())
            await self.client.request("execute_request", content, seconds_left, handle_output, limit=seconds)
            if not self.tests.relay.joined:
                return  # nobody answers there
        await clock.wait(verdict, _END_SECONDS)

    async def record_verdict(self, cell: NotebookNode, verdict: "asyncio.Task[dict[str, Any]]") -> None:
        """Write the verdict into the cell's outputs; a cell that has an error keeps it."""
        if not verdict.done():
            verdict.cancel()
            await asyncio.wait([verdict])
            await self.tests.end()
        error = None if verdict.cancelled() else verdict.exception()
        if error and not isinstance(error, KernelEnded | CellInterrupted):
            raise error
        if any(output.output_type == "error" for output in cell.outputs):
            return
        if verdict.cancelled() or error:
            text = f"The test could not be finished with what the submission gave it{f' ({error})' if error else ''}."
            self.note_cut_off(cell, text)
            cell.outputs.append(error_output(CutOff.TEST_ENDED, text))
        else:
            cell.outputs += verdict_outputs(cell, verdict.result())


def execute_content(code: str, silent: bool = False) -> dict[str, Any]:
    """The content of a request to run code."""
    content = {"code": code, "silent": silent, "store_history": False, "allow_stdin": False}
    return content | {"user_expressions": {}, "stop_on_error": False}


def ignore_output(message: dict[str, Any]) -> None:
    """Drop a cell's output."""
