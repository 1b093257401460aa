"""How a kernel in a sandbox ended, and that nothing of it is left."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import tempfile

import psutil
import pytest
from nbclient.exceptions import DeadKernelError
from sandboxed_kernel import MARK, WAYS, ended, execute, in_a_sandbox, in_sandbox, kernel, left_behind, marked, soon
from this_course import COURSE

from course.sandbox.exit_cause import ExitCause
from course.sandbox.seccomp import CLONE

pytestmark = pytest.mark.kernel

OWN_ENDS = ["os._exit(3)", "os._exit(0)", "ctypes.string_at(0)", "os.abort()", "signal.alarm(1); time.sleep(60)"]
# No sandbox can look as if others had ended or stopped its kernel.
OWN_ENDS += ["os.kill(os.getpid(), 9)", "os.kill(-1, 15)", "os.kill(0, 9)", "os.killpg(os.getpgid(0), 19)"]
OWN_ENDS += ["import threading; signal.pthread_kill(threading.get_ident(), 9)"]
LIBC = "import ctypes, fcntl, os, resource, struct, time; libc = ctypes.CDLL(None, use_errno=True); "
OWN_ENDS += [
    LIBC + "r, w = os.pipe(); fcntl.fcntl(r, 10, 9); "  # F_SETSIG, where the filter ends it
    "fcntl.fcntl(r, fcntl.F_SETOWN, os.getpid()); fcntl.fcntl(r, fcntl.F_SETFL, os.O_ASYNC); os.write(w, bytes(1))",
    # the signal at a child's end
    LIBC + f"libc.syscall({CLONE[os.uname().machine == 'aarch64']}, 9, 0, 0, 0, 0) or os._exit(0); time.sleep(60)",
]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("code", OWN_ENDS)
def test_a_kernel_that_ends_by_itself_is_told_from_others(code, way):
    ending, _ = asyncio.run(ended(code, **WAYS[way]))
    assert ending is ExitCause.EXITED and ending.by_submission


@pytest.mark.parametrize("way", WAYS)
def test_a_notebook_cannot_have_linux_end_its_kernel_later(way):
    code = (
        LIBC
        + """
kept = resource.getrlimit(resource.RLIMIT_CPU)
for ask in (resource.setrlimit, lambda *limit: resource.prlimit(os.getppid(), *limit),
    lambda *limit: resource.prlimit(0, *limit)):
    try:
        ask(resource.RLIMIT_CPU, (1, 1))
    except (OSError, ValueError) as error:
        print(type(error).__name__, end=" ")
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
event = struct.pack("=Qii48x", 0, 9, 0)  # a signal, by a timer
print(libc.timer_create(1, event, ctypes.byref(ctypes.c_void_p())), kept == resource.getrlimit(resource.RLIMIT_CPU))
"""
    )
    assert in_a_sandbox(code, **WAYS[way]).split() == ["ValueError", "PermissionError", "PermissionError", "-1", "True"]


@pytest.mark.parametrize("way", WAYS)
def test_a_notebook_ends_and_stops_its_own_programs(way):
    code = """
import os, signal, subprocess
for number in (15, 9):
    program = subprocess.Popen(["sleep", "60"])
    program.send_signal(signal.SIGSTOP)
    program.send_signal(number)
    program.send_signal(signal.SIGCONT)
    print(program.wait(), end=" ")
killer = subprocess.run(["python", "-c", f"import os; os.kill({os.getpid()}, 9)"])
print(killer.returncode)
"""
    assert in_a_sandbox(code, **WAYS[way]) == "-15 -9 -31"


@pytest.mark.parametrize("way", WAYS)
def test_a_signal_from_somewhere_is_told_from_the_graders_own(way, monkeypatch, tmp_path):
    def end(manager):
        for number in in_sandbox(manager):
            os.kill(number, signal.SIGKILL)

    def out_of_memory(manager):
        counts = tmp_path / "vmstat"
        counts.write_text("oom_kill 1000000\n")
        monkeypatch.setattr("course.sandbox.exit_cause.VMSTAT", counts)
        end(manager)

    ending, _ = asyncio.run(ended("time.sleep(60)", end, **WAYS[way]))
    assert ending is ExitCause.KILLED and ending.by_submission is None
    ending, _ = asyncio.run(ended("time.sleep(60)", out_of_memory, **WAYS[way]))
    assert ending is ExitCause.NO_MEMORY and ending.by_submission is False

    async def close():
        async with kernel(**WAYS[way]) as (manager, _):
            used = manager.provisioner.cpu_seconds()
            await manager.shutdown_kernel(now=True)
            return used, await manager.provisioner.exit_cause()

    used, ending = asyncio.run(close())
    assert used > 0 and ending is ExitCause.CLOSED


@pytest.mark.parametrize("way", WAYS)
def test_a_kernel_that_ends_politely_or_not_leaves_nothing(way):
    before = left_behind()
    assert execute("1 + 1", **WAYS[way])[0].data["text/plain"] == "2"
    assert left_behind() == before
    with pytest.raises(DeadKernelError):
        execute("import os; os.kill(os.getpid(), 9)", **WAYS[way])
    assert left_behind() == before


ORPHAN = f"""
import asyncio
from pathlib import Path
from course.sandbox.manager import SandboxedKernelManager

async def main():
    manager = SandboxedKernelManager({{settings}})
    await manager.start_kernel()
    client = manager.client()
    client.start_channels()
    await client.wait_for_ready(timeout=60)
    client.execute("import subprocess; subprocess.Popen(['sleep', '{MARK}'])")
    await asyncio.sleep(600)

asyncio.run(main())
"""


@pytest.mark.parametrize("way", WAYS)
def test_a_sandbox_ends_with_its_instructor(way):
    environment = os.environ | {"TMPDIR": tempfile.gettempdir()}
    program = ORPHAN.format(settings=", ".join(f"{name}={value!r}" for name, value in WAYS[way].items()))
    program = program.replace("PosixPath", "Path")
    with subprocess.Popen([sys.executable, "-c", program], cwd=COURSE.root, env=environment) as grader:
        family = psutil.Process(grader.pid)
        assert soon(lambda: len(marked()) == 1)
        helpers = family.children(recursive=True)
        grader.kill()
    assert soon(lambda: not marked())
    assert soon(lambda: not any(one.is_running() for one in helpers))
    for folder in left_behind():  # nobody was left to delete them
        assert folder.stat().st_mode & 0o77 == 0
        shutil.rmtree(folder)
