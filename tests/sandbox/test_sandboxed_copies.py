"""Kernels that are copies of a process with a lab's imports behind it; test_isolation.py tries their sandbox."""

import ast
import asyncio
import errno
import gc
import os
import re
import subprocess
import sys
import threading
from pathlib import Path

import psutil
import pytest
from sandboxed_kernel import SMALL, WARM, WAYS, in_a_sandbox, kernel, run
from this_course import COURSE

from course.errors import KernelError, SandboxError
from course.grading.execution.kernel_pair import KERNEL_MAIN
from course.kernels.forkserver import SERVER_FILE, ForkServer, Preload, fork_server, start_fork_server, without_helpers
from course.sandbox.manager import SandboxedKernelManager
from course.sandbox.mounts import KERNEL_FILE
from course.sandbox.watchdog import Watchdog

pytestmark = pytest.mark.kernel

CAP_SYS_RESOURCE = 1 << 24
COLORS = Preload("import colorsys", KERNEL_MAIN, (), KERNEL_FILE)


def fork_servers():
    found = psutil.process_iter(["ppid", "cmdline"])  # those that end meanwhile are left out
    return [one for one in found if one.info["ppid"] == os.getpid() and "forkserver.pyc" in str(one.info["cmdline"])]


def test_the_imports_are_done_and_the_helpers_are_those_of_the_sandbox():
    code = "import sys\nprint('fractions' in sys.modules, 'data_utils' in sys.modules)\nimport data_utils\n"
    code += "print(data_utils.__file__)"
    imports = "import fractions\nfrom data_utils import load_mnist"
    assert (
        in_a_sandbox(code, kernel_file=KERNEL_MAIN, imports=imports) == "True False\n/opt/site/data_utils/__init__.py"
    )


def test_only_the_helpers_are_left_out():
    imports = "import os, json\nfrom data_utils import plots\nimport data_utils.plots as p\nfrom numpy import linalg"
    assert without_helpers(imports) == "import os, json\nfrom numpy import linalg"


DRAWS = """
import random, numpy as np, keras, uuid, tempfile
print(random.random(), np.random.rand(), np.random.default_rng().random(), uuid.uuid4(),
    float(keras.random.uniform(())), next(tempfile._get_candidate_names()))
"""


def test_copies_draw_different_random_numbers():
    settings = WARM | {"imports": "import random, tempfile, numpy, keras", "limits": COURSE.limits}
    first, second = (in_a_sandbox(DRAWS, **settings).splitlines()[-1].split() for _ in range(2))
    assert len(first) == len(second) == 6
    assert not set(first) & set(second)


def test_copies_share_no_names_and_no_changes():
    code = "import numpy as np\nprint(getattr(np, 'left', None), globals().get('here'))\nnp.left = here = 1"
    assert [in_a_sandbox(code, **WARM) for _ in range(2)] == ["None None"] * 2


def test_nothing_of_the_process_that_was_copied_is_told(monkeypatch):
    monkeypatch.setenv("OPEN", "sesame")
    code = """
import os, sys
from pathlib import Path
print("sesame" in str(os.environ), os.getcwd(), os.getppid(), sys.argv)
print(Path("/proc/self/cmdline").read_text().split(chr(0))[2:3], sorted(os.listdir("/tmp")))
print(os.path.realpath("/proc/self/exe"), os.environ["PWD"])
try:
    print(Path("/proc/self/environ").read_text())
except OSError as error:
    print(error.strerror)"""
    told, files, program, variables = in_a_sandbox(
        code, kernel_file=KERNEL_MAIN, imports="import colorsys"
    ).splitlines()
    assert told == "False /tmp/work 0 ['/run/kernel.py', '-f', '/run/connection.json']"
    (home,) = set(re.findall(r"forkserver-\w+", files))
    command, names = map(ast.literal_eval, re.findall(r"\[.*?\]", files))
    assert command == [f"/tmp/{home}/forkserver.pyc"]
    shown = {place.parts[2] for place in (Path(__file__), Path(sys.prefix)) if place.is_relative_to("/tmp")}
    assert set(names) - shown == {"home", home, "work"}, "the clone may lie there, too"
    loader, folder = program.split()
    assert folder == "/tmp/work"
    assert Path(loader).name.startswith("ld") and Path(loader).stat().st_uid == 0, "it is not the instructor's"
    assert variables == "Permission denied"


def test_the_first_frame_is_of_a_name_that_nobody_in_a_sandbox_can_take():
    code = """
import faulthandler
with open("frames", "w+") as file:
    faulthandler.dump_traceback(file, all_threads=False)
    file.seek(0)
    print(file.readlines()[-1].strip().split(",")[0])
try:
    open("/run/forkserver.py", "w")
except OSError as error:
    print(error.strerror)"""
    assert in_a_sandbox(code, **WARM).splitlines() == [f'File "{SERVER_FILE}"', "Read-only file system"]


@pytest.mark.parametrize("way", WAYS)
def test_submissions_go_first_when_memory_runs_out_and_the_grader_last(way):
    code = "from pathlib import Path\nprint(Path('/proc/self/oom_score_adj').read_text())"
    assert in_a_sandbox(code, **WAYS[way]) == "1000"
    score = Path("/proc/self/oom_score_adj").read_text().strip()
    (rights,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("CapEff"))
    assert score == "-500" or not int(rights.split()[1], 16) & CAP_SYS_RESOURCE
    one = start_fork_server(COLORS)
    assert {Path(f"/proc/{process.pid}/oom_score_adj").read_text().strip() for process in fork_servers()} == {score}
    del one


def test_imports_that_fail_are_reported():
    with pytest.raises(KernelError, match=r"(?s)What the lab imports cannot be imported.*No module named 'nowhere'"):
        in_a_sandbox("1", kernel_file=KERNEL_MAIN, imports="import nowhere")


def test_a_fork_server_that_was_killed_is_replaced():
    first = fork_server(COLORS)
    first.wait()
    assert fork_server(COLORS) is first
    for process in fork_servers():
        process.kill()
        process.wait()
    with pytest.raises(KernelError, match="has ended"):
        first.request_kernel({}, [])
    second = fork_server(COLORS)
    assert second is not first
    second.wait()


def test_a_fork_server_ends_when_nobody_needs_it():
    before = fork_servers()
    one = start_fork_server(COLORS)
    one.wait()
    (process,) = set(fork_servers()) - set(before)
    assert not Path(process.environ()["HOME"]).exists(), "it deletes what it was made from"
    del one
    assert not process.is_running()


def test_a_sandbox_whose_kernel_does_not_come_is_refused(monkeypatch):
    monkeypatch.setattr(ForkServer, "request_kernel", lambda self, request, files: None)
    monkeypatch.setattr("course.sandbox.provisioner.SANDBOX_START_SECONDS", 1)
    with pytest.raises(SandboxError, match="A sandbox did not start"):
        in_a_sandbox("1", **WARM)
    assert not [one for one in psutil.Process().children(recursive=True) if one.name() == "bwrap"]


def test_what_a_sandbox_said_instead_of_being_ready_is_told(monkeypatch):
    monkeypatch.setattr("course.sandbox.bwrap.WAIT", "raise SystemExit('it said why')")
    with pytest.raises(SandboxError, match="A sandbox did not start: it said why"):
        in_a_sandbox("1", **WARM)


def no_more(*arguments):
    raise KernelError("no more")


def no_file(*arguments):
    raise OSError(errno.EMFILE, "no more files")


def no_thread_for_a_watchdog(thread, start=threading.Thread.start):
    if isinstance(thread, Watchdog):
        raise RuntimeError("no more threads")
    start(thread)


@pytest.mark.parametrize(
    ("step", "fail", "error"),
    [
        ("course.sandbox.provisioner.bwrap_command", no_more, KernelError),
        ("course.kernels.forkserver.ForkServer.request_kernel", no_more, KernelError),
        ("course.sandbox.provisioner.SocketHandles.acquire", no_more, KernelError),
        ("course.sandbox.provisioner.SocketHandles.acquire", no_file, SandboxError),
        ("os.pidfd_open", no_file, SandboxError),
        ("threading.Thread.start", no_thread_for_a_watchdog, SandboxError),
    ],
)
def test_a_start_that_fails_at_any_step_leaves_nothing_open(monkeypatch, step, fail, error):
    async def start():
        manager = SandboxedKernelManager(limits=SMALL, **WARM)
        try:
            await manager.start_kernel()
        finally:
            manager.context.term()

    def open_descriptors():
        gc.collect()
        return psutil.Process().num_fds()

    assert in_a_sandbox("print(1)", **WARM) == "1"
    before = open_descriptors()
    monkeypatch.setattr(step, fail)
    with pytest.raises(error, match="no more"):
        asyncio.run(start())
    assert open_descriptors() == before
    assert not [one for one in psutil.Process().children(recursive=True) if one.name() == "bwrap"]


def test_a_sandbox_without_walls_is_not_joined():
    """The fork server itself looks whether what it joins is another place than its own."""
    source = start_fork_server(COLORS)
    source.wait()
    with subprocess.Popen(["sleep", "60"], stdout=subprocess.PIPE) as outside:
        handle, (said, words), (alive, told) = os.pidfd_open(outside.pid), os.pipe(), os.pipe()
        sandbox = {"first": outside.pid, "cores": [0], "group": None, "limits": {}, "user": None, "seccomp": ""}
        request = {"argv": [], "folder": "/", "environment": {}, "sandbox": sandbox}
        source.request_kernel(request, [words, told, handle])
        for file in (handle, words, told):
            os.close(file)
        assert os.read(alive, 10) == b"", "no kernel was started"
        with os.fdopen(said) as text:
            assert "The sandbox has no namespace of its own for: ipc, mnt, net, pid, uts." in text.read()
        os.close(alive)
        outside.kill()


def test_a_fork_server_that_died_beside_a_living_sandbox_is_replaced():
    async def die_and_go_on():
        async with kernel(kernel_file=KERNEL_MAIN, imports="import colorsys"):
            for process in fork_servers():
                process.kill()
                process.wait()
            async with kernel(kernel_file=KERNEL_MAIN, imports="import colorsys") as (_, client):
                return await run(client, "print('here')")

    assert asyncio.run(die_and_go_on()) == "here"
