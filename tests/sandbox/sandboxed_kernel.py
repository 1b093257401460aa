"""A kernel in a sandbox, for tests: started, asked, and what is left of it."""

import asyncio
import os
import tempfile
import time
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import nbformat
import psutil
import pytest
from nbclient import NotebookClient

from course.errors import SandboxError
from course.grading.execution.kernel_pair import KERNEL_MAIN
from course.limits import Limits
from course.sandbox.manager import SandboxedKernelManager

SMALL = Limits(memory_mib=2048, processes=64, open_files=128, file_mib=8, scratch_mib=64)
# A sandbox's program is started by bubblewrap, or is a copy of a process that has done the imports.
WARM = {"kernel_file": KERNEL_MAIN, "imports": "import numpy as np"}
WAYS = {"started": {}, "copied": WARM}
MARK = f"9{os.getpid()}.321"  # seconds that only processes of this test run sleep


@asynccontextmanager
async def kernel(limits=SMALL, **settings):
    manager = SandboxedKernelManager(limits=limits, **settings)
    await manager.start_kernel()
    client = manager.client()
    client.start_channels()
    try:
        await client.wait_for_ready(timeout=60)
        yield manager, client
    finally:
        client.stop_channels()
        await manager.shutdown_kernel(now=True)


# Python 3.12 and newer advise against what some of the codes do.
QUIET = "import warnings; warnings.filterwarnings('ignore', 'This process .* multi-threaded', DeprecationWarning)\n"


# As a submission's cells are run. With history, IPython's own thread writes it beside the next cell, and prints a
# traceback into that cell where no file can be opened.
AS_GRADED = {"store_history": False, "allow_stdin": False}


async def run(client, code):
    """What the code prints; an error is printed too."""
    printed = []

    def keep(message):
        content = message["content"]
        printed.append(content.get("text") or f"{content.get('ename', '')}: {content.get('evalue', '')}")

    def listen(message):
        if message["msg_type"] in ("stream", "error"):
            keep(message)

    await client.execute_interactive(QUIET + code, output_hook=listen, timeout=60, **AS_GRADED)
    return "".join(printed).strip()


def in_a_sandbox(code, **settings):
    async def alone():
        async with kernel(**settings) as (_, client):
            return await run(client, code)

    return asyncio.run(alone())


def marked():
    """Our sleeping processes, seen from outside."""
    found = []
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if MARK.encode() in process.read_bytes().split(b"\0"):
                found.append(process.parent.name)
        except OSError:
            continue
    return found


def soon(condition):
    late = time.monotonic() + 60  # only against hanging
    while not condition() and time.monotonic() < late:
        time.sleep(0.05)
    return condition()


def left_behind():
    return set(Path(tempfile.gettempdir()).glob("sandbox-*"))


def execute(source, limits=SMALL, **settings):
    """As nbclient does for one cell."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
    client = NotebookClient(notebook, km=SandboxedKernelManager(limits=limits, **settings), timeout=60)
    client.execute(cleanup_kc=True)
    return notebook.cells[0].outputs


async def ended(code, before=None, **settings):
    """How a sandbox ended whose kernel runs that code, and the words for it; `before` is done while it runs."""
    async with kernel(**settings) as (manager, client):
        client.execute("import os, signal, time, ctypes\n" + code, **AS_GRADED)
        if before:
            before(manager)
        while await manager.is_alive():
            await asyncio.sleep(0.05)
        return await manager.provisioner.exit_cause(), manager.provisioner.watchdog


def in_sandbox(manager):
    """The processes of a sandbox by their numbers outside, but for the first."""
    first = manager.provisioner.watchdog.pid
    sandbox, found = Path(f"/proc/{first}/ns/pid").readlink(), []
    for number in set(psutil.pids()) - {first}:
        with suppress(OSError):
            found += [number] if Path(f"/proc/{number}/ns/pid").readlink() == sandbox else []
    return found


def refused(**settings):
    async def start():
        manager = SandboxedKernelManager(limits=SMALL, **settings)
        try:
            await manager.start_kernel()
        finally:
            await manager.shutdown_kernel(now=True)

    with pytest.raises(SandboxError) as error:
        asyncio.run(start())
    return str(error.value)
