"""The clock of a submission: what others take from it does not count, what it takes from itself does."""

import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from course.grading.execution import clock
from course.grading.execution.clock import Clock, lost_seconds, thread_times

BURN = [sys.executable, "-I", "-S", "-c", "while True: pass"]
CASES = {
    "alone": ((10, 10, 0, 2), 0),
    "asleep": ((10, 0, 0, 2), 0),
    "one thread that waits for nine tenths": ((10, 1, 9, 2), 9),
    "asleep, and waiting whenever it wakes": ((10, 0.1, 0.4, 2), 0.4),
    "two threads of which each gets half": ((10, 10, 10, 2), 5),
    "two hundred that have all cores": ((10, 20, 1980, 2), 0),
    "two hundred that have one core": ((10, 10, 1990, 2), 5),
    "two hundred that get nothing": ((10, 0, 2000, 2), 10),
    "many cores, all busy with itself": ((10, 640, 6400, 64), 0),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_lost(case):
    given, expected = CASES[case]
    assert lost_seconds(*given) == pytest.approx(expected)


def test_a_thread_that_has_ended_hides_no_other_of_its_process(tmp_path):
    for thread in ("1", "2", "3"):
        (tmp_path / "task" / thread).mkdir(parents=True)
    for thread in ("1", "3"):
        (tmp_path / "task" / thread / "schedstat").write_text("7 8 9\n")
    times = thread_times([tmp_path / "gone", tmp_path])
    assert times == {f"{tmp_path}/task/{thread}/schedstat": (7, 8) for thread in ("1", "3")}


@pytest.fixture
def machine(monkeypatch):
    """Times, threads and cores that a test sets; others use the second core all the time unless it says otherwise."""

    class Machine:
        time, threads, busy = 0.0, {"a": (0, 0)}, {0: 0.0, 1: 0.0, clock.QUOTA: 0.0}

        def passes(self, seconds: float, ran: float, waited: float, others: float | None = None, quota=0.0) -> None:
            before, used = self.threads["a"], seconds if others is None else others
            self.time += seconds
            self.threads = {"a": (before[0] + int(ran * 1e9), before[1] + int(waited * 1e9))}
            waits = self.busy[clock.QUOTA] + quota
            self.busy = {0: self.busy[0] + ran, 1: self.busy[1] + used, clock.QUOTA: waits}

    one = Machine()
    monkeypatch.setattr(clock.time, "monotonic", lambda: one.time)
    monkeypatch.setattr(clock, "thread_times", lambda processes: one.threads)
    monkeypatch.setattr(clock, "busy_seconds", lambda: one.busy)
    return one


def test_who_waits_for_oneself_alone_loses_nothing(machine):
    """As processes do that all wake at the same moment, again and again."""
    one = Clock(2)
    machine.passes(10, ran=0.6, waited=6, others=0)
    assert one.seconds() == pytest.approx(10)
    machine.passes(10, ran=0.6, waited=6, others=2)
    assert one.seconds() == pytest.approx(18)
    machine.passes(10, ran=1, waited=9, others=0, quota=9)
    assert one.seconds() == pytest.approx(19)


def test_what_others_do_on_other_cores_takes_nothing(machine, monkeypatch):
    one = Clock(1)
    one.watch(lambda: [Path("/proc/its-kernel")])
    monkeypatch.setattr(clock, "allowed_cores", lambda process: {0})
    machine.passes(10, ran=0.6, waited=6, others=10)
    assert one.seconds() == pytest.approx(10)


def test_it_goes_on_while_a_submission_runs_or_sleeps_and_stands_still_while_it_waits(machine):
    one = Clock(2)
    machine.passes(10, ran=10, waited=0)
    assert one.seconds() == pytest.approx(10)
    machine.passes(10, ran=0, waited=0)
    assert one.seconds() == pytest.approx(20)
    machine.passes(100, ran=5, waited=95)
    assert one.seconds() == pytest.approx(25)


def test_patience_is_by_the_clock_on_the_wall(machine):
    one = Clock(2, patience=100)
    machine.passes(99, ran=0, waited=99)
    assert one.seconds() == pytest.approx(0) and not one.exhausted
    machine.passes(2, ran=0, waited=2)
    assert one.exhausted


def test_it_waits_in_its_own_time(machine, monkeypatch):
    async def sleep(tasks, timeout):
        machine.passes(timeout, ran=timeout / 10, waited=timeout * 9 / 10)

    async def waited() -> float:
        task = asyncio.get_running_loop().create_future()
        await Clock(2).wait(task, 2)
        return machine.time

    monkeypatch.setattr(clock.asyncio, "wait", sleep)
    assert asyncio.run(waited()) == pytest.approx(20, abs=2)


def test_linux_tells_how_long_a_process_waits_while_others_run():
    """Two loops bound to one core: each gets a part of it, and waits for the rest."""
    core = min(os.sched_getaffinity(0))
    loops = [subprocess.Popen(BURN) for _ in range(2)]
    try:
        for loop in loops:
            os.sched_setaffinity(loop.pid, {core})
        end = time.monotonic() + 60
        while time.monotonic() < end:
            ((ran, waited),) = thread_times([Path(f"/proc/{loops[0].pid}")]).values()
            if ran > 1e8 and waited > 1e8:
                break
            time.sleep(0.05)
        assert ran > 1e8 and waited > 1e8
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()


def test_linux_tells_how_busy_each_core_is_and_which_of_them_a_process_may_use():
    assert clock.allowed_cores(Path("/proc/self")) == os.sched_getaffinity(0)
    assert clock.allowed_cores(Path("/proc/nobody")) == set()
    before, core = clock.busy_seconds(), min(os.sched_getaffinity(0))
    loop = subprocess.Popen(BURN)
    try:
        os.sched_setaffinity(loop.pid, {core})
        end = time.monotonic() + 60
        while clock.busy_seconds()[core] < before[core] + 0.2 and time.monotonic() < end:
            time.sleep(0.05)
        assert clock.allowed_cores(Path(f"/proc/{loop.pid}")) == {core}
    finally:
        loop.kill()
        loop.wait()
    assert clock.busy_seconds()[core] >= before[core] + 0.2


def test_a_quota_is_read_where_there_is_one(monkeypatch, tmp_path):
    file = tmp_path / "cpu.stat"
    monkeypatch.setattr(clock, "THROTTLING", file)
    assert clock.throttled_seconds() == 0
    file.write_text("usage_usec 5000000\nnr_throttled 3\nthrottled_usec 1500000\n")
    assert clock.throttled_seconds() == 1.5


def test_processes_that_have_ended_are_left_out():
    assert thread_times([Path("/proc/nobody")]) == {}
    assert len(thread_times([Path("/proc/self")])) >= 1
