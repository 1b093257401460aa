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


@pytest.fixture
def machine(monkeypatch):
    """Times and threads that a test sets."""

    class Machine:
        time, threads = 0.0, {"a": (0, 0)}

        def passes(self, seconds: float, ran: float, waited: float) -> None:
            before = self.threads["a"]
            self.time += seconds
            self.threads = {"a": (before[0] + int(ran * 1e9), before[1] + int(waited * 1e9))}

    one = Machine()
    monkeypatch.setattr(clock.time, "monotonic", lambda: one.time)
    monkeypatch.setattr(clock, "thread_times", lambda processes: one.threads)
    return one


def test_it_goes_on_while_a_submission_runs_or_sleeps_and_stands_still_while_it_waits(machine):
    one = Clock(2)
    machine.passes(10, ran=10, waited=0)
    assert one.now() == pytest.approx(10)
    machine.passes(10, ran=0, waited=0)
    assert one.now() == pytest.approx(20)
    machine.passes(100, ran=5, waited=95)
    assert one.now() == pytest.approx(25)


def test_patience_is_by_the_clock_on_the_wall(machine):
    one = Clock(2, patience=100)
    machine.passes(99, ran=0, waited=99)
    assert one.now() == pytest.approx(0) and not one.exhausted
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


def test_processes_that_have_ended_are_left_out():
    assert thread_times([Path("/proc/nobody")]) == {}
    assert len(thread_times([Path("/proc/self")])) >= 1
