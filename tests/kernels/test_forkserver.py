"""Warm kernels: imported once, and yet each begins anew."""

import asyncio
import errno
import os

import psutil
import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook
from traitlets.config import Config

from course.errors import KernelError
from course.kernels import forkserver_main
from course.kernels.manager import WarmKernelManager

pytestmark = pytest.mark.kernel

IMPORTS = "import json\nimport numpy as np"
CODE = """
import sys, os, random, json, numpy as np
before = "json" in sys.modules and hasattr(json, "marked")
json.marked = True
print(before, os.getpid(), os.getcwd(), random.random(), np.random.random(), "x" in globals())
x = 1
"""


def said(imports: str, folder, code: str = CODE) -> list[str]:
    notebook = new_notebook(cells=[new_code_cell(code)])
    config = Config({"WarmKernelManager": {"imports": imports}})
    place = {"metadata": {"path": str(folder)}}
    NotebookClient(notebook, kernel_manager_class=WarmKernelManager, config=config, resources=place).execute()
    return notebook.cells[0].outputs[0].text.split()


def test_what_one_notebook_did_is_not_in_the_next(tmp_path):
    first, second = said(IMPORTS, tmp_path), said(IMPORTS, tmp_path)
    for before, _, folder, _, _, known in (first, second):
        assert (before, folder, known) == ("False", str(tmp_path), "False")
    assert first[1] != second[1], "each is a process of its own"
    assert first[3] != second[3] and first[4] != second[4], "they draw other random numbers"


def test_what_imports_set_in_the_environment_is_set_in_the_kernel(tmp_path):
    imports = "import os\nos.environ['SET_BY_IMPORTS'] = 'yes'"
    assert said(imports, tmp_path, "import os\nprint(os.environ['SET_BY_IMPORTS'])") == ["yes"]


def test_processes_that_a_kernel_starts_find_its_modules(tmp_path):
    code = """
from pathlib import Path
Path("mine.py").write_text("def answer(): return 42")
import mine, multiprocessing
with multiprocessing.get_context("spawn").Pool(1) as pool:
    print(pool.apply(mine.answer))"""
    assert said("import multiprocessing.pool", tmp_path, code) == ["42"]


@pytest.mark.parametrize(("failures", "found"), [(2, 7), (forkserver_main.FORK_TRIES, None)])
def test_a_copy_that_there_is_no_room_for_is_tried_again(monkeypatch, failures, found):
    left = [OSError(errno.EAGAIN, "no room")] * failures

    def fork():
        if left:
            raise left.pop()
        return 7

    monkeypatch.setattr(forkserver_main.os, "fork", fork)
    monkeypatch.setattr(forkserver_main.time, "sleep", lambda seconds: None)
    assert forkserver_main.fork() == found and not left


def test_a_kernel_ends_with_its_fork_server(tmp_path):
    async def start_and_leave():
        manager = WarmKernelManager(imports="import colorsys")
        await manager.start_kernel(cwd=str(tmp_path))
        kernel = psutil.Process(manager.provisioner.pid)
        parent = kernel.parent()
        assert "forkserver.pyc" in " ".join(parent.cmdline())
        parent.kill()
        psutil.wait_procs([kernel], timeout=10)
        assert not kernel.is_running()
        await manager.shutdown_kernel(now=True)

    asyncio.run(start_and_leave())


def test_a_kernel_is_interrupted_and_keeps_its_home(tmp_path):
    async def interrupted():
        manager = WarmKernelManager(imports=IMPORTS)
        await manager.start_kernel(cwd=str(tmp_path), env=os.environ | {"HOME": str(tmp_path)})
        client = manager.client()
        client.start_channels()
        try:
            await client.wait_for_ready(timeout=60)
            asking = client.execute("import pathlib, time\n(pathlib.Path.home() / 'here').touch()\ntime.sleep(60)")
            while not (tmp_path / "here").exists():
                await asyncio.sleep(0.05)
            await manager.interrupt_kernel()
            while (reply := await client.get_shell_msg(timeout=20))["parent_header"]["msg_id"] != asking:
                pass
            return reply["content"]["ename"]
        finally:
            client.stop_channels()
            await manager.shutdown_kernel(now=True)

    assert asyncio.run(interrupted()) == "KeyboardInterrupt"


def test_imports_that_fail(tmp_path):
    with pytest.raises(KernelError, match=r"(?s)cannot be imported here.*no_such_module"):
        said("import no_such_module", tmp_path)
