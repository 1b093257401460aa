"""What all processes of a sandbox use together is limited: time, memory, sockets, files, messages."""

import asyncio
import re
from pathlib import Path

import pytest
from sandboxed_kernel import WARM, WAYS, ended, in_a_sandbox, in_sandbox, kernel, run

from course.kernels import cgroups
from course.limits import Limits
from course.sandbox import bwrap
from course.sandbox.exit_cause import ExitCause
from course.sandbox.usage import own_memory
from course.sandbox.watchdog import Watchdog

pytestmark = pytest.mark.kernel

BURNERS = {
    "alone": "while True: pass",
    "many, each in a session of its own": """
for _ in range(4):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            while True: pass
        os._exit(0)""",
    "one after the other": """
while True:
    if os.fork() == 0:
        t = time.process_time()
        while time.process_time() - t < 0.05: pass
        os._exit(0)
    os.wait()""",
    "nobody waits for them": """
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
while True:
    if os.fork() == 0:
        t = time.process_time()
        while time.process_time() - t < 0.05: pass
        os._exit(0)
    time.sleep(0.05)""",
}


@pytest.mark.parametrize(("way", "grouped"), [("started", False), ("copied", False), ("copied", True)])
@pytest.mark.parametrize("code", BURNERS.values(), ids=BURNERS)
def test_all_burners_of_time_together_are_ended(code, way, grouped, monkeypatch):
    if grouped and not cgroups.parent():
        pytest.skip("this user may make no control groups here")
    if not grouped:
        monkeypatch.setattr(bwrap, "parent", lambda: None)
    limits = Limits(cpu_seconds=2, memory_mib=2048)
    ending, watchdog = asyncio.run(ended(code, limits=limits, **WAYS[way]))
    assert ending is ExitCause.CPU and ending.by_submission
    assert watchdog.reason == "All processes of the submission together used more than 2 seconds of CPU time."
    assert watchdog.cpu_seconds() > 2


@pytest.mark.skipif(not cgroups.parent(), reason="this user may make no control groups here")
@pytest.mark.parametrize("way", WAYS)
def test_all_of_a_sandbox_is_in_a_control_group_that_is_removed(way):
    async def members():
        async with kernel(**WAYS[way]) as (manager, client):
            await run(client, "import subprocess\nsubprocess.Popen(['sleep', '60'], start_new_session=True)")
            lines = [Path(f"/proc/{number}/cgroup").read_text().splitlines()[-1] for number in in_sandbox(manager)]
            names = {line.rpartition("/")[2] for line in lines}
            return names, [name for name in names if (cgroups.parent() / name).is_dir()]

    names, there = asyncio.run(members())
    assert len(names) == len(there) == 1 and there[0].startswith(cgroups.PREFIX)
    assert not (cgroups.parent() / there[0]).exists()


PINNED = {
    ExitCause.SOCKETS: """
import socket
kept = []
for _ in range(8):
    kept += [socket.socketpair() for _ in range(50)]
    if os.fork() == 0: time.sleep(600)
    kept.clear()
time.sleep(600)""",
    ExitCause.FILES: """
os.makedirs("many")
for number in range(3000): os.symlink("x", f"many/{number}")
time.sleep(600)""",
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", PINNED, ids=lambda kind: kind.name)
def test_memory_that_no_process_holds_is_limited(kind, way):
    limits = Limits(memory_mib=2048, sockets=400, files=2000)
    ending, watchdog = asyncio.run(ended(PINNED[kind], limits=limits, **WAYS[way]))
    assert ending is kind and ending.by_submission
    assert re.search(r"more than (400 sockets|2000 files)", watchdog.reason)


def test_connections_by_tcp_count_as_what_they_can_hold():
    code = """
import socket
server = socket.create_server(("127.0.0.1", 0))
kept = [server]
for _ in range(30):
    kept += [socket.create_connection(server.getsockname()), server.accept()[0]]
time.sleep(600)"""
    ending, _ = asyncio.run(ended(code, limits=Limits(memory_mib=2048, sockets=600), **WARM))
    assert ending is ExitCause.SOCKETS


BUFFERS = """
import fcntl, os, socket
one, other = socket.socketpair()
before = one.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF), one.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
one.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2**22)
one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2**22)
one.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
after = one.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF), one.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
print(before == after, one.getsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED))
reading, writing = os.pipe()
fcntl.fcntl(writing, 1031, 2**20)
fcntl.fcntl(writing, fcntl.F_SETFD, 0)
print(fcntl.fcntl(writing, 1032) <= 2**16, fcntl.fcntl(writing, fcntl.F_GETFD))
"""


@pytest.mark.parametrize("way", WAYS)
def test_sockets_and_pipes_hold_no_more_than_usual(way):
    assert in_a_sandbox(BUFFERS, **WAYS[way]).splitlines() == ["True 1", "True 0"]


FLOOD = """
import zmq
channel = get_ipython().kernel.iopub_thread.socket
channel.send(b"kernel.x", zmq.SNDMORE)
while True:
    channel.send(bytes(2**24), zmq.SNDMORE)"""


def test_a_message_without_end_is_not_gathered_outside():
    """No limit of ZeroMQ counts the parts of a message that is not complete yet."""
    most = own_memory() + 600 * 2**20
    ending, _ = asyncio.run(ended(FLOOD, **WARM))
    assert ending is ExitCause.FLOOD and ending.by_submission is None
    assert own_memory() < most


def test_a_sandbox_that_cannot_be_measured_does_not_run_on(monkeypatch):
    def fail(self, processes):
        raise UnicodeDecodeError("utf-8", b"\xff", 0, 1, "no text")

    def break_it(manager):  # once the kernel is ready, however long that took
        monkeypatch.setattr(Watchdog, "_check_limits", fail)

    ending, watchdog = asyncio.run(ended("time.sleep(600)", break_it, **WARM))
    assert ending is ExitCause.UNMEASURED and ending.by_submission is None
    assert watchdog.reason == "What it used could not be measured any more; the log says why."


ODDLY_NAMED_HOGS = """
import ctypes
ctypes.CDLL(None).prctl(15, ctypes.c_char_p(b"\\xff"), 0, 0, 0)  # PR_SET_NAME: a name that is no text
"""

HOGS = """
import os, time
for _ in range(5):
    if not os.fork():
        memory = bytearray(b"x") * (150 * 2**20)
        time.sleep(60)
        os._exit(0)
time.sleep(60)
"""


@pytest.mark.parametrize("way", WAYS)
def test_many_hogs_are_weighed_together(way):
    ending, watchdog = asyncio.run(ended(HOGS, limits=Limits(memory_mib=600), **WAYS[way]))
    assert ending is ExitCause.MEMORY and ending.by_submission
    assert watchdog.reason == "All processes of the submission together held more than 600 MiB of memory."
    assert watchdog.peak_memory > 600 * 2**20


def test_hogs_of_an_odd_name_are_weighed_too():
    ending, _ = asyncio.run(ended(ODDLY_NAMED_HOGS + HOGS, limits=Limits(memory_mib=600), **WARM))
    assert ending is ExitCause.MEMORY
