"""Running one submission: its cells in a kernel of its own, its tests beside it in another.

The notebook stays here. The submission's kernel gets one cell at a time, and while a test runs, a cell that answers
what the test asks. The verdict comes from the kernel of the tests alone.
"""

import asyncio
import base64
import math
import os
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from jupyter_client.manager import AsyncKernelManager
from nbformat import NotebookNode
from nbformat.v4 import new_output

from course.authoring.sources import HIDDEN, is_test
from course.grading.boxes.provisioner import BoxProvisioner
from course.grading.bridge import Bridge
from course.grading.kernels import Pair
from course.grading.limits import Limits
from course.grading.talk import Ended, Interrupted, Outputs, Room, Talk
from course.warm.manager import WarmProvisioner

START_SECONDS = 120.0
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
STAGES = ("box", "imports", "start", "runner", "cells", "tests", "end")


@dataclass(frozen=True)
class Incident:
    """Something in a submission that an instructor should look at."""

    where: str
    evidence: str


@dataclass
class Executed:
    """A notebook that was run, what was noticed, and where the time went.

    `seconds` has the keys "box" (making both), "imports" (the lab's, or waiting for the process that does them),
    "start" (of the submission's kernel), "runner" (what the start of the tests' kernel takes longer), "cells" (the
    submission's own), "tests", and "end" (of kernels and boxes).
    """

    notebook: NotebookNode
    incidents: list[Incident] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=lambda: dict.fromkeys(STAGES, 0.0))
    ended: str = ""


async def execute(
    notebook: NotebookNode,
    pair: Pair,
    imports: str,
    values: dict[str, Any],
    limits: Limits,
    place: str,
    files: Mapping[str, bytes] | None = None,
) -> Executed:
    """Run all cells in place; never raises for anything that the submission does.

    Parameters
    ----------
    notebook
        A mended submission with the whole of its test cells.
    pair
        The kernels' managers, of kernels.py; nothing is started yet.
    imports, values
        What tests may rely on: the import statements of the lab's set-up, and the values of its parameters.
    place
        The folder to run in; a box has its own.
    files
        What lies beside the notebook, by relative path.
    """
    done, began = Executed(notebook), time.monotonic()
    async with Bridge(pair.folder) as bridge:
        tests = TestSide(pair, bridge, imports, values)
        starting = asyncio.create_task(tests.start())
        try:
            async with running(pair.submission(), place, pair.environment, began + limits.submission_seconds) as talk:
                runner = Runner(talk, tests, limits, done)
                await runner.ready(began, files or {})
                await starting
                done.seconds["runner"] = time.monotonic() - began - sum(done.seconds.values())
                for number, cell in enumerate(notebook.cells, 1):
                    if cell.cell_type == "code":
                        await runner.cell(cell, number)
                ends = time.monotonic()
        finally:
            await asyncio.wait([starting])
            await tests.end()
    done.seconds["end"] = time.monotonic() - ends
    return done


@asynccontextmanager
async def running(
    manager: AsyncKernelManager, place: str, environment: Mapping[str, str], ends: float
) -> AsyncIterator[Talk]:
    """A started kernel, and its end; `environment` is added to this process's, a box has its own."""
    options = {"env": os.environ | environment} if environment else {}
    await manager.start_kernel(cwd=place, **options)
    client = manager.client()
    client.start_channels(hb=False)
    try:
        yield Talk(manager, client, ends)
    finally:
        client.stop_channels()
        await manager.shutdown_kernel(now=True)
        await manager.cleanup_resources()


class TestSide:
    """The kernel of the tests; one that has ended is replaced by another."""

    def __init__(self, pair: Pair, bridge: Bridge, imports: str, values: dict[str, Any]) -> None:
        """Nothing is started yet."""
        self.pair, self.bridge = pair, bridge
        self._content = {"imports": imports, "values": values, "folder": pair.scratch, "path": pair.path_of_tests}
        self._talk: Talk | None = None
        self._running: Any = None

    async def start(self) -> None:
        """Start a kernel and let it do the imports.

        Raises
        ------
        Ended
            It does not start.
        """
        manager = self.pair.tests()
        kernel = running(manager, str(self.pair.folder), self.pair.environment, math.inf)
        talk, self._running = await kernel.__aenter__(), kernel
        await talk.ready(START_SECONDS)
        await talk.request("tests_open", self._content, START_SECONDS, lambda _: None)
        self._talk = talk

    async def end(self) -> None:
        """End the kernel, if there is one."""
        self._talk = None
        if self._running is not None:
            await self._running.__aexit__(None, None, None)
            self._running = None

    async def verdict(self, source: str, seconds: float) -> dict[str, Any]:
        """Run a test cell.

        Raises
        ------
        Ended, Interrupted
            The kernel came to its end, or was at the test for too long; the next test gets another one.
        """
        if self._talk is None:
            await self.start()
        assert self._talk
        try:
            reply = await self._talk.request("tests_run", {"source": source}, seconds, lambda _: None)
            found: dict[str, Any] = reply["verdict"]
        except (Ended, Interrupted):
            await self.end()
            raise
        return found


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
        found = verdict.result()
        if failed_already:
            return
        if not found["passed"]:
            cell.outputs.append(failed(cell.source, found))
        elif found["value"] is not None:
            self.partial(cell, float(found["value"]))

    def partial(self, cell: NotebookNode, value: float) -> None:
        """Write partial credit as nbgrader reads it: as the cell's result."""
        most = float(cell.metadata["nbgrader"]["points"])
        if not math.isfinite(value) or not 0 <= value <= most:
            text = f"A partial score of {value:g}, where 0 to {most:g} are possible: please tell your instructor."
            cell.outputs.append(error_output("WrongScore", text))
            return
        data = {"text/plain": repr(value)}
        cell.outputs.append(new_output("execute_result", data=data, execution_count=cell.execution_count))


def request(code: str, silent: bool = False) -> dict[str, Any]:
    """The content of a request to run code."""
    content = {"code": code, "silent": silent, "store_history": False, "allow_stdin": False}
    return content | {"user_expressions": {}, "stop_on_error": False}


def drop(message: dict[str, Any]) -> None:
    """Keep nothing."""


def shown(outputs: Outputs) -> list[NotebookNode]:
    """What a test cell may show: text and figures, but no result and no error, which would be taken for a score."""
    return [output for output in outputs.kept if output.output_type in ("stream", "display_data")]


def failed(source: str, verdict: dict[str, Any]) -> NotebookNode:
    """The error of a failed test, with the line of the test that failed and the submission's own lines."""
    lines = source.splitlines()
    line = verdict["line"]
    quoted = [f"line {line}: {lines[line - 1]}"] if 0 < line <= len(lines) else []
    return error_output(verdict["ename"], verdict["evalue"], [*quoted, *verdict["lines"]])


def error_output(name: str, text: str, lines: list[str] | None = None) -> NotebookNode:
    """A cell's error output."""
    return new_output("error", ename=name, evalue=text, traceback=[*(lines or []), f"{name}: {text}"])


def run(*args: Any, **kwargs: Any) -> Executed:
    """`execute` from a place without an event loop, such as a worker process."""
    return asyncio.run(execute(*args, **kwargs))
