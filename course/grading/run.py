"""Running one submission: its cells in a kernel, its tests by the judge in that kernel.

The notebook stays here; the kernel gets one cell at a time, and test cells sealed. Nothing that the kernel says about
a test counts but a verdict signed by the judge.
"""

import asyncio
import base64
import math
import os
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from jupyter_client.manager import AsyncKernelManager
from nbformat import NotebookNode
from nbformat.v4 import new_output

from course.authoring.sources import grade_id, is_test
from course.grading.boxes.provisioner import BoxProvisioner
from course.grading.judging.canaries import CANARIES, Canary, draw
from course.grading.judging.seal import Seal
from course.grading.limits import Limits
from course.grading.talk import Ended, Interrupted, Outputs, Talk
from course.warm.manager import WarmProvisioner

START_SECONDS = 120.0
# What is sent into the kernel.
PARTS = ("origins", "rules", "keeping", "shell_hooks", "copies", "messages", "plain", "hiding", "judge")
WITHHELD = "Withheld"
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
STAGES = ("box", "imports", "start", "judge", "cells", "tests", "canaries", "end")


@dataclass(frozen=True)
class Incident:
    """Something in a submission that an instructor should look at.

    `withheld` tells whether the points of the test cell `where` were withheld because of it.
    """

    where: str
    evidence: str
    withheld: bool


@dataclass
class Executed:
    """A notebook that was run, what was noticed, and where the time went.

    `seconds` has the keys "box" (making it), "imports" (the lab's, or waiting for the process that does them), "start"
    (of the kernel), "judge" (its start), "cells" (the submission's own), "tests", "canaries" (with all else that is
    done around tests), and "end" (of kernel and box).
    """

    notebook: NotebookNode
    incidents: list[Incident] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=lambda: dict.fromkeys(STAGES, 0.0))
    ended: str = ""


async def execute(
    notebook: NotebookNode,
    manager: AsyncKernelManager,
    imports: str,
    values: dict[str, Any],
    limits: Limits,
    place: str,
    environment: Mapping[str, str] | None = None,
    files: Mapping[str, bytes] | None = None,
) -> Executed:
    """Run all cells in place; never raises for anything that the submission does.

    Parameters
    ----------
    notebook
        A mended submission with the whole of its test cells.
    manager
        For a kernel of kernel.py, not started yet.
    imports, values
        What tests may rely on: the import statements of the lab's set-up, and the values of its parameters.
    place
        The folder to run in; a box has its own.
    environment
        Variables to start the kernel with beside this process's own; a box takes its own from its manager.
    files
        What lies beside the notebook, by relative path.
    """
    done = Executed(notebook)
    began = time.monotonic()
    options = {"env": os.environ | environment} if environment else {}
    await manager.start_kernel(cwd=place, **options)
    if isinstance(manager.provisioner, BoxProvisioner | WarmProvisioner):
        done.seconds |= manager.provisioner.seconds
    client = manager.client()
    client.start_channels(hb=False)
    try:
        talk = Talk(manager, client, began + limits.submission_seconds)
        runner = Runner(talk, Seal(), limits, done)
        try:
            await talk.ready(START_SECONDS)
            done.seconds["start"] = time.monotonic() - began - sum(done.seconds.values())
            await runner.bring(files or {})
            done.seconds["imports"] += await runner.open(imports, values)
            done.seconds["judge"] = time.monotonic() - began - sum(done.seconds.values())
        except (Ended, Interrupted) as error:
            done.ended = f"The kernel did not start: {error}"
        for number, cell in enumerate(notebook.cells, 1):
            if cell.cell_type == "code":
                await runner.cell(cell, number)
    finally:
        ends = time.monotonic()
        client.stop_channels()
        await manager.shutdown_kernel(now=True)
        await manager.cleanup_resources()
        done.seconds["end"] = time.monotonic() - ends
    return done


@cache
def judge_parts() -> dict[str, str]:
    """The texts of the judge, by name, as they are sent into each kernel."""
    return {name: Path(__file__).with_name("judging").joinpath(f"{name}.py").read_text("utf-8") for name in PARTS}


class Runner:
    """The cells of one submission, one after the other."""

    def __init__(self, talk: Talk, seal: Seal, limits: Limits, done: Executed) -> None:
        """Take over one kernel."""
        self.talk, self.seal, self.limits, self.done = talk, seal, limits, done
        self.rng = random.SystemRandom()

    async def open(self, imports: str, values: dict[str, Any]) -> float:
        """Start the judge, before any cell of the submission; return how many seconds the lab's imports took."""
        content = {"parts": judge_parts(), "key": self.seal.key.hex(), "imports": imports, "values": values}
        reply = await self.talk.request("judge_open", content, START_SECONDS, lambda _: None)
        return float(reply["imports"])

    async def bring(self, files: Mapping[str, bytes]) -> None:
        """Write the files that go along, before any cell of the submission."""
        if not files:
            return
        content = {name: base64.b64encode(data).decode() for name, data in files.items()}
        request = {"code": BRING.format(files=content), "silent": True, "store_history": False, "allow_stdin": False}
        request |= {"user_expressions": {}, "stop_on_error": False}
        reply = await self.talk.request("execute_request", request, START_SECONDS, lambda _: None)
        if reply.get("status") != "ok":
            why = f"its other files could not be put beside it: {reply.get('evalue')}"
            self.done.incidents.append(Incident("the notebook", why, withheld=False))

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
            cell.outputs.append(error_output("KernelEnded", self.done.ended))
        self.done.seconds["tests" if is_test(cell) else "cells"] += time.monotonic() - start

    async def own(self, cell: NotebookNode) -> None:
        """Run a cell that is not scored, as Jupyter would; its errors are part of its output."""
        outputs = Outputs(self.limits.output_kib)
        content = {"code": cell.source, "silent": False, "store_history": False, "allow_stdin": False}
        content |= {"user_expressions": {}, "stop_on_error": False}
        try:
            await self.talk.request("execute_request", content, self.limits.cell_seconds, outputs.add)
        except Interrupted as error:
            outputs.kept.append(error_output("CellTimeout", str(error)))
        finally:
            cell.outputs = outputs.kept

    async def test(self, cell: NotebookNode) -> None:
        """Let the judge run a test cell among canaries; write the verdict as nbgrader reads it."""
        name, outputs = grade_id(cell) or "", Outputs(self.limits.output_kib)
        canaries, place, began = draw(self.rng), self.rng.randrange(CANARIES + 1), time.monotonic()
        sources = [canary.source for canary in canaries]
        nonce, content = self.seal.request(*sources[:place], cell.source, *sources[place:])
        try:
            reply = await self.talk.request("judge_test", content, self.limits.cell_seconds, outputs.add)
        except Interrupted as error:
            cell.outputs = [*shown(outputs), error_output("CellTimeout", str(error))]
            return
        cell.outputs = shown(outputs)
        found = self.seal.verdict(nonce, reply)
        if found is None:
            self.withhold(cell, "the judge's verdict is missing or forged")
            return
        verdict = found["verdicts"].pop(place)
        around = time.monotonic() - began - verdict["seconds"]
        self.done.seconds["canaries"] += around
        self.done.seconds["tests"] -= around
        for evidence in dict.fromkeys(found["before"]):
            self.done.incidents.append(Incident(name, evidence, withheld=False))
        if not verdict["passed"]:
            cell.outputs.append(failed(cell.source, verdict))
        for evidence in dict.fromkeys([*found["during"], *silent(canaries, found["verdicts"])]):
            self.withhold(cell, evidence)
        if verdict["passed"] and verdict["value"] is not None:
            self.partial(cell, float(verdict["value"]))

    def withhold(self, cell: NotebookNode, evidence: str) -> None:
        """Let a test cell fail because of what was noticed, and note it for review."""
        self.done.incidents.append(Incident(grade_id(cell) or "", evidence, withheld=True))
        text = f"The points of this test are withheld until an instructor has looked: {evidence}."
        cell.outputs.append(error_output(WITHHELD, text))

    def partial(self, cell: NotebookNode, value: float) -> None:
        """Write partial credit as nbgrader reads it: as the cell's result."""
        most = float(cell.metadata["nbgrader"]["points"])
        if not math.isfinite(value) or not 0 <= value <= most:
            self.withhold(cell, f"a partial score of {value:g}, where 0 to {most:g} are possible")
            return
        data = {"text/plain": repr(value)}
        cell.outputs.append(new_output("execute_result", data=data, execution_count=cell.execution_count))


def silent(canaries: list[Canary], verdicts: list[dict[str, Any]]) -> list[str]:
    """What is wrong with the verdicts on canaries."""
    pairs = zip(canaries, verdicts, strict=True)
    wrong = [canary for canary, verdict in pairs if verdict["passed"] != canary.passes]
    return [f"{one.source.splitlines()[-1]!r} {'fails' if one.passes else 'passes'}" for one in wrong]


def shown(outputs: Outputs) -> list[NotebookNode]:
    """What a test cell may show: text and figures, but no result and no error, which would be taken for a score."""
    return [output for output in outputs.kept if output.output_type in ("stream", "display_data")]


def failed(source: str, verdict: dict[str, Any]) -> NotebookNode:
    """The error of a failed test, with the line of the test that failed."""
    lines = source.splitlines()
    line = verdict["line"]
    quoted = [f"line {line}: {lines[line - 1]}"] if 0 < line <= len(lines) else []
    return error_output(verdict["ename"], verdict["evalue"], quoted)


def error_output(name: str, text: str, lines: list[str] | None = None) -> NotebookNode:
    """A cell's error output."""
    return new_output("error", ename=name, evalue=text, traceback=[*(lines or []), f"{name}: {text}"])


def run(*args: Any, **kwargs: Any) -> Executed:
    """`execute` from a place without an event loop, such as a worker process."""
    return asyncio.run(execute(*args, **kwargs))
