"""What the processes of a sandbox used is added up without counting anything twice or losing it."""

import os
import subprocess
import sys
from pathlib import Path

from course.sandbox.usage import CpuTime, Process, count_sockets, held_memory, list_processes, read_process

BURN = "import time\nwhile time.process_time() < 0.5: pass\n"
QUIET = 17 * 2**20  # what is counted for any process


def seen(number, own, of_children=0):
    return Process(str(number), "0", own, of_children, 0)


def total(*looks):
    """Ticks after these looks, and one more in which nothing changes."""
    cpu = CpuTime()
    for look in (*looks, looks[-1]):
        cpu.update(list(look))
    return cpu.ticks


def test_time_of_running_processes_is_counted():
    assert total([seen(1, 5)], [seen(1, 7), seen(2, 4)], [seen(1, 8), seen(2, 9)]) == 17


def test_time_of_a_child_is_counted_once_whether_it_was_seen_or_not():
    assert total([seen(1, 0), seen(2, 30)], [seen(1, 0, 33)]) == 33
    assert total([seen(1, 0)], [seen(1, 0, 33)]) == 33


def test_a_child_and_its_parents_gain_may_show_in_different_looks():
    early = [[seen(1, 0), seen(2, 30)], [seen(1, 0, 30), seen(2, 30)], [seen(1, 0, 30)]]
    late = [[seen(1, 0), seen(2, 30)], [seen(1, 0)], [seen(1, 0, 30)]]
    assert total(*early) == total(*late) == 30


def test_what_was_seen_of_a_child_that_nobody_waited_for_counts():
    assert total([seen(1, 0), seen(2, 30)], [seen(1, 1)], [seen(1, 2)]) == 32


def test_one_lost_child_hides_no_later_one():
    assert total([seen(1, 0), seen(2, 30)], [seen(1, 0)], [seen(1, 0)], [seen(1, 0, 20)]) == 50


def test_a_number_that_comes_to_mean_another_process_is_counted_anew():
    assert total([seen(1, 0), Process("7", "100", 30, 0, 0)], [seen(1, 0, 30), Process("7", "200", 5, 0, 0)]) == 35


PARENT = f"""
import subprocess, sys
subprocess.run([sys.executable, "-c", {BURN!r}])
print("done", flush=True)
input()
"""


def test_a_real_process_and_its_child():
    with subprocess.Popen([sys.executable, "-c", PARENT], stdin=-1, stdout=-1) as one:
        one.stdout.readline()
        found = read_process(Path("/proc", str(one.pid)))
        one.communicate(b"\n")
    assert found.child_ticks >= 30
    assert found.memory > QUIET + 2**20
    assert read_process(Path("/proc", str(one.pid))) is None


HEADLESS = """
import ctypes, os, threading, time
threading.Thread(target=time.sleep, args=(60,)).start()
ctypes.CDLL(None).syscall(60 if os.uname().machine == "x86_64" else 93, 0)
"""


def test_memory_of_a_process_whose_first_thread_has_ended_is_found():
    with subprocess.Popen([sys.executable, "-c", HEADLESS]) as one:
        folder = Path("/proc", str(one.pid))
        while ") Z" not in (folder / "stat").read_text():
            assert one.poll() is None
        found = read_process(folder)
        one.kill()
    assert found.memory > QUIET + 2**20


def test_all_processes_are_found():
    assert str(os.getpid()) in {one.pid for one in list_processes(Path("/proc"))}


ODD_NAME = r"""
import ctypes
ctypes.CDLL(None).prctl(15, ctypes.c_char_p(b"\xff\n) 1 2"), 0, 0, 0)  # PR_SET_NAME
print("done", flush=True)
input()
"""


def test_a_process_whose_name_is_no_text_is_measured_as_any_other():
    with subprocess.Popen([sys.executable, "-c", ODD_NAME], stdin=-1, stdout=-1) as one:
        one.stdout.readline()
        folder = Path("/proc", str(one.pid))
        assert held_memory(folder) > 2**20 and read_process(folder).memory > QUIET
        one.communicate(b"\n")
    assert held_memory(folder) == 0


def test_sockets_of_a_machine_without_ipv6_are_counted(monkeypatch):
    everything = count_sockets(os.getpid())
    names = ("sockstat", "sockets:"), ("sockstat", "TCP:"), ("no-sockstat6", "TCP6:")
    monkeypatch.setattr("course.sandbox.usage.SOCKET_COUNTS", names)
    assert 0 < count_sockets(os.getpid()) <= everything
