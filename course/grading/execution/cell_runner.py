"""The cells of one submission, one after the other, in its own kernel."""

import asyncio
import base64
import time
from collections.abc import Mapping
from typing import Any

from nbformat import NotebookNode

from course.errors import MachineFault
from course.grading.execution.cell_outputs import Outputs, Room
from course.grading.execution.client import KernelClient
from course.grading.execution.executed import Cut, Executed, Incident
from course.grading.execution.faults import Ended, Interrupted
from course.grading.execution.test_kernel import START_SECONDS, TestSide
from course.grading.execution.verdicts import error_output, outputs_of, showable_outputs
from course.kernels.manager import WarmProvisioner
from course.labs.sources import HIDDEN, grade_id, is_test
from course.limits import Limits
from course.sandbox.provisioner import SandboxProvisioner

END_SECONDS = 10.0  # for a test to end after its submission has, or when it has been interrupted itself
BRING = """
def bring(files):
    import base64, pathlib
    for name, content in files.items():
        path = pathlib.Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(content))
bring({files})
del bring
"""
AGENT = "__import__('importlib').import_module('course.testing.agent')"
ANSWER = AGENT + ".serve({path!r}, {number})"


class Runner:
    """The cells of one submission, one after the other."""

    def __init__(self, talk: KernelClient, tests: TestSide, limits: Limits, done: Executed) -> None:
        """Take over the submission's kernel."""
        self.talk, self.tests, self.limits, self.done, self.room = talk, tests, limits, done, Room(limits.outputs_kib)
        self._last: NotebookNode | None = None

    async def ready(self, began: float, files: Mapping[str, bytes]) -> None:
        """Wait for the kernel, and write the files that go along, before any cell of the submission.

        Raises
        ------
        MachineFault
            It does not start.
        """
        provisioner = self.talk.manager.provisioner
        if isinstance(provisioner, SandboxProvisioner | WarmProvisioner):
            self.done.seconds |= provisioner.seconds
        try:
            await self.talk.ready(START_SECONDS)
            self.done.seconds["start"] = time.monotonic() - began - sum(self.done.seconds.values())
            # Before any cell can stand in the way of what it imports.
            await self.talk.request("execute_request", request(AGENT, silent=True), START_SECONDS, drop)
            await self.bring(files)
        except (Ended, Interrupted, MachineFault) as error:
            raise MachineFault(f"The kernel did not start: {error}") from error

    async def bring(self, files: Mapping[str, bytes]) -> None:
        """Write files."""
        if not files:
            return
        content = {name: base64.b64encode(data).decode() for name, data in files.items()}
        reply = await self.talk.request(
            "execute_request", request(BRING.format(files=content), silent=True), START_SECONDS, lambda _: None
        )
        if reply.get("status") != "ok":
            why = f"its other files could not be put beside it: {reply.get('evalue')}"
            self.done.incidents.append(Incident("the notebook", why))

    async def cell(self, cell: NotebookNode, number: int) -> None:
        """Run one code cell; after the kernel's end, tests fail with the reason and other cells stay empty.

        Raises
        ------
        KernelError, MachineFault
            What came of it is not the submission's doing.
        """
        cell.outputs, cell.execution_count = [], number
        start = time.monotonic()
        await self.see_whether_it_lives()
        if self.done.ended:
            if is_test(cell):
                cell.outputs = [error_output("KernelEnded", self.done.ended)]
            return
        self._last = cell
        try:
            await (self.test(cell) if is_test(cell) else self.own(cell))
        except Ended as error:
            self.end(cell, error)
        self.done.seconds["tests" if is_test(cell) else "cells"] += time.monotonic() - start

    async def see_whether_it_lives(self) -> None:
        """A kernel that ends between two cells was ended by what the one before has begun."""
        try:
            if self._last and not self.done.ended:
                await self.talk.alive()
        except Ended as error:
            self.end(self._last, error)

    def end(self, cell: NotebookNode, error: Ended) -> None:
        """Note that the kernel has ended in this cell; the verdict of a test that is over counts."""
        self.cut(cell, str(error))
        where = str(self.done.cuts[-1])
        self.done.ended = where[:1].upper() + where[1:]
        if not is_test(cell):
            cell.outputs.append(error_output("KernelEnded", self.done.ended))

    def cut(self, cell: NotebookNode, reason: str) -> None:
        """Note that a cell was cut off."""
        self.done.cuts.append(Cut(cell.execution_count, grade_id(cell) or "", reason))

    async def own(self, cell: NotebookNode) -> None:
        """Run a cell that is not scored, as Jupyter would; its errors are part of its output."""
        outputs = Outputs(self.limits.output_kib, self.room)
        try:
            await self.talk.request("execute_request", request(cell.source), self.limits.cell_seconds, outputs.add)
        except Interrupted as error:
            self.cut(cell, str(error))
            outputs.kept.append(error_output("CellTimeout", str(error)))
        finally:
            cell.outputs = outputs.kept

    async def test(self, cell: NotebookNode) -> None:
        """Run a test cell beside the submission; write the verdict as nbgrader reads it."""
        outputs, seconds = Outputs(self.limits.output_kib, self.room), self.limits.cell_seconds
        self.tests.relay.listen()
        verdict = asyncio.create_task(self.tests.verdict(cell.source, seconds))
        verdict.add_done_callback(lambda _: self.tests.relay.cut())
        try:
            await self.answer(verdict, outputs, cell, seconds)
        except Interrupted as error:
            self.cut(cell, str(error))
            cell.outputs.append(error_output("CellTimeout", str(error)))
        except Ended as error:
            cell.outputs.append(error_output("KernelEnded", str(error)))
            raise
        finally:
            self.tests.relay.cut()
            await self.tests.clock.wait(verdict, END_SECONDS)
            cell.outputs = [*showable_outputs(outputs), *cell.outputs]
            await self.note(cell, verdict)

    async def answer(
        self, verdict: "asyncio.Task[dict[str, Any]]", outputs: Outputs, cell: NotebookNode, seconds: float
    ) -> None:
        """Let the submission's kernel answer the test, part by part; what it shows in hidden ones is not kept.

        Raises
        ------
        Ended, Interrupted
            The submission's kernel is gone, or took too long.
        """
        clock = self.tests.clock
        late = clock.now() + seconds
        code = request(ANSWER.format(path=self.tests.pair.path_of_answers, number=cell.execution_count))
        for part in range(1 + 2 * len(HIDDEN.findall(cell.source))):
            if verdict.done():
                return
            keep = outputs.add if part % 2 == 0 else drop
            await self.talk.request("execute_request", code, max(1.0, late - clock.now()), keep)
            if not self.tests.relay.joined:
                return  # nobody answers there
        await clock.wait(verdict, END_SECONDS)

    async def note(self, cell: NotebookNode, verdict: "asyncio.Task[dict[str, Any]]") -> None:
        """Write a verdict down; a cell that has an error keeps it."""
        if not verdict.done():
            verdict.cancel()
            await asyncio.wait([verdict])
            await self.tests.end()
        ended = None if verdict.cancelled() else verdict.exception()
        if ended and not isinstance(ended, Ended | Interrupted):
            raise ended
        if any(output.output_type == "error" for output in cell.outputs):
            return
        if verdict.cancelled() or ended:
            text = f"The test could not be finished with what the submission gave it{f' ({ended})' if ended else ''}."
            self.cut(cell, text)
            cell.outputs.append(error_output("TestEnded", text))
        else:
            cell.outputs += outputs_of(cell, verdict.result())


def request(code: str, silent: bool = False) -> dict[str, Any]:
    """The content of a request to run code."""
    content = {"code": code, "silent": silent, "store_history": False, "allow_stdin": False}
    return content | {"user_expressions": {}, "stop_on_error": False}


def drop(message: dict[str, Any]) -> None:
    """Keep nothing."""
