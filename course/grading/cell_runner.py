"""The cells of one submission, one after the other, in its own kernel."""

import asyncio
import base64
import time
from collections.abc import Mapping
from typing import Any

from nbformat import NotebookNode

from course.authoring.sources import HIDDEN, is_test
from course.grading.boxes.provisioner import BoxProvisioner
from course.grading.executed import Executed, Incident
from course.grading.limits import Limits
from course.grading.talk import Ended, Interrupted, Outputs, Room, Talk
from course.grading.tests_side import START_SECONDS, TestSide
from course.grading.verdicts import error_output, outputs_of, shown
from course.warm.manager import WarmProvisioner

END_SECONDS = 5.0  # for a test to end after its submission has
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
AGENT = "__import__('importlib').import_module('course.grading.testing.agent')"
ANSWER = AGENT + ".serve({path!r}, {number})"


class Runner:
    """The cells of one submission, one after the other."""

    def __init__(self, talk: Talk, tests: TestSide, limits: Limits, done: Executed) -> None:
        """Take over the submission's kernel."""
        self.talk, self.tests, self.limits, self.done, self.room = talk, tests, limits, done, Room(limits.outputs_kib)

    async def ready(self, began: float, files: Mapping[str, bytes]) -> None:
        """Wait for the kernel, and write the files that go along, before any cell of the submission."""
        provisioner = self.talk.manager.provisioner
        if isinstance(provisioner, BoxProvisioner | WarmProvisioner):
            self.done.seconds |= provisioner.seconds
        try:
            await self.talk.ready(START_SECONDS)
            self.done.seconds["start"] = time.monotonic() - began - sum(self.done.seconds.values())
            # Before any cell can stand in the way of what it imports.
            await self.talk.request("execute_request", request(AGENT, silent=True), START_SECONDS, drop)
            await self.bring(files)
        except (Ended, Interrupted) as error:
            self.done.ended = f"The kernel did not start: {error}"

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
        """Run one code cell; after the kernel's end, tests fail with the reason and other cells stay empty."""
        cell.outputs, cell.execution_count = [], number
        start = time.monotonic()
        if self.done.ended:
            if is_test(cell):
                cell.outputs = [error_output("KernelEnded", self.done.ended)]
            return
        try:
            await (self.test(cell) if is_test(cell) else self.own(cell))
        except Ended as error:
            self.done.ended = f"{error} (cell {number})"
            if not is_test(cell):
                cell.outputs.append(error_output("KernelEnded", self.done.ended))
        self.done.seconds["tests" if is_test(cell) else "cells"] += time.monotonic() - start

    async def own(self, cell: NotebookNode) -> None:
        """Run a cell that is not scored, as Jupyter would; its errors are part of its output."""
        outputs = Outputs(self.limits.output_kib, self.room)
        try:
            await self.talk.request("execute_request", request(cell.source), self.limits.cell_seconds, outputs.add)
        except Interrupted as error:
            outputs.kept.append(error_output("CellTimeout", str(error)))
        finally:
            cell.outputs = outputs.kept

    async def test(self, cell: NotebookNode) -> None:
        """Run a test cell beside the submission; write the verdict as nbgrader reads it."""
        outputs, seconds = Outputs(self.limits.output_kib, self.room), self.limits.cell_seconds
        self.tests.bridge.listen()
        verdict = asyncio.create_task(self.tests.verdict(cell.source, seconds))
        verdict.add_done_callback(lambda _: self.tests.bridge.cut())
        try:
            await self.answer(verdict, outputs, cell, seconds)
        except Interrupted as error:
            cell.outputs.append(error_output("CellTimeout", str(error)))
        except Ended as error:
            cell.outputs.append(error_output("KernelEnded", str(error)))
            raise
        finally:
            self.tests.bridge.cut()
            await asyncio.wait([verdict], timeout=END_SECONDS)
            cell.outputs = [*shown(outputs), *cell.outputs]
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
        late = time.monotonic() + seconds
        code = request(ANSWER.format(path=self.tests.pair.path_of_answers, number=cell.execution_count))
        for part in range(1 + 2 * len(HIDDEN.findall(cell.source))):
            if verdict.done():
                return
            keep = outputs.add if part % 2 == 0 else drop
            await self.talk.request("execute_request", code, max(1.0, late - time.monotonic()), keep)
            if not self.tests.bridge.joined:
                return  # nobody answers there
        await asyncio.wait([verdict], timeout=END_SECONDS)

    async def note(self, cell: NotebookNode, verdict: "asyncio.Task[dict[str, Any]]") -> None:
        """Write a verdict down; a cell that has an error keeps it."""
        if not verdict.done():
            verdict.cancel()
            await asyncio.wait([verdict])
            await self.tests.end()
        failed_already = any(output.output_type == "error" for output in cell.outputs)
        if verdict.cancelled() or isinstance(verdict.exception(), Ended | Interrupted):
            if not failed_already:
                why = "" if verdict.cancelled() else f" ({verdict.exception()})"
                text = f"The test could not be finished with what the submission gave it{why}."
                cell.outputs.append(error_output("TestEnded", text))
            return
        if not failed_already:
            cell.outputs += outputs_of(cell, verdict.result())


def request(code: str, silent: bool = False) -> dict[str, Any]:
    """The content of a request to run code."""
    content = {"code": code, "silent": silent, "store_history": False, "allow_stdin": False}
    return content | {"user_expressions": {}, "stop_on_error": False}


def drop(message: dict[str, Any]) -> None:
    """Keep nothing."""
