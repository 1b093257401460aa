"""A worker process may die at any moment: its call fails then, and nobody waits for ever."""

import os
import signal
import sys
import time
from concurrent.futures import BrokenExecutor
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path

import psutil
import pytest

from course.grading.workers import worker_process
from course.grading.workers.worker_process import CallTimeout, WorkerProcess, WorkerUnusable

SECONDS = 60  # after which a call counts as hanging
MUCH = b"x" * 1_000_000  # more than a pipe holds


@contextmanager
def worker(seconds: float = SECONDS):
    process = WorkerProcess(seconds)
    try:
        yield process
    finally:
        process.shutdown()


def nothing() -> None:
    pass


def halve_what_is_sent() -> bytes:
    """Let this process be killed when it has sent half of its result."""

    def send_half(self: Connection, buffer: bytes) -> None:
        os.write(self.fileno(), bytes(buffer)[: len(buffer) // 2])
        os.kill(os.getpid(), signal.SIGKILL)

    Connection._send = send_half
    return MUCH[:20_000]


def sleep_and_clear_away(folder: Path) -> None:
    (folder / "begun").touch()
    try:
        time.sleep(SECONDS)
    finally:
        (folder / "cleared").touch()


def say_and_end() -> None:
    print("line 1\nline 2\nno room\nfor more", file=sys.stderr, flush=True)
    os._exit(3)


def cannot_import(calls: Connection) -> None:
    raise ImportError("No module named 'numpy'")


def fails_with(error: Exception) -> None:
    raise error


def test_results_and_errors_come_back():
    with worker() as process:
        assert process.submit(len, MUCH).result(SECONDS) == len(MUCH)
        assert process.submit(int, "11", base=2).result(SECONDS) == 3
        with pytest.raises(ValueError, match="why"):
            process.submit(fails_with, ValueError("why")).result(SECONDS)
        assert process.submit(os.getpid).result(SECONDS) != os.getpid()


def test_a_process_killed_while_it_sends_a_result():
    with worker() as process:
        for call in (halve_what_is_sent, nothing):
            with pytest.raises(BrokenExecutor):
                process.submit(call).result(SECONDS)


@pytest.mark.parametrize("idle", [True, False])
def test_a_process_killed_before_it_has_read_a_call(idle):
    with worker() as process:
        number = process.submit(os.getpid).result(SECONDS) if idle else process._process.pid
        os.kill(number, signal.SIGKILL)
        with pytest.raises(BrokenExecutor):
            process.submit(len, MUCH).result(SECONDS)
        assert not psutil.pid_exists(number), "no zombie is left"


def test_a_process_told_to_end_clears_away_what_its_call_has_begun(tmp_path):
    with worker() as process:
        call = process.submit(sleep_and_clear_away, tmp_path)
        while not (tmp_path / "begun").exists():
            time.sleep(0.01)
    with pytest.raises(BrokenExecutor):
        call.result(SECONDS)
    assert (tmp_path / "cleared").exists()
    assert not psutil.pid_exists(process._process.pid)


def test_an_idle_process_told_to_end_leaves_no_zombie():
    process = WorkerProcess(SECONDS)
    number = process.submit(os.getpid).result(SECONDS)
    process.shutdown(wait=False)
    for _ in range(100 * SECONDS):
        if not psutil.pid_exists(number):
            return
        time.sleep(0.01)
    raise AssertionError("it is still there")


@pytest.mark.slow
def test_a_call_that_takes_too_long_is_given_up():
    with worker(seconds=2) as process:
        assert process.submit(len, MUCH).result(SECONDS) == len(MUCH)
        with pytest.raises(CallTimeout, match="took more than 2 s"):
            process.submit(time.sleep, SECONDS).result(SECONDS)
        with pytest.raises(BrokenExecutor):
            process.submit(nothing).result(SECONDS)


def test_an_interrupt_from_the_keyboard_is_the_main_process_s_matter():
    with worker() as process:
        number = process.submit(os.getpid).result(SECONDS)
        os.kill(number, signal.SIGINT)
        assert process.submit(os.getpid).result(SECONDS) == number


def test_the_last_words_of_a_process_are_told():
    with worker() as process:
        process.submit(nothing).result(SECONDS)
        said = r"has ended with exit code 3\. Its last words: line 2 / no room / for more"
        with pytest.raises(BrokenExecutor, match=said):
            process.submit(say_and_end).result(SECONDS)


def test_the_signal_that_ended_a_process_is_told():
    with worker() as process:
        process.submit(nothing).result(SECONDS)
        with pytest.raises(BrokenExecutor, match=r"ended by the signal SIGKILL\. The machine may be short of memory"):
            process.submit(os.kill, process._process.pid, signal.SIGKILL).result(SECONDS)


def test_a_process_that_cannot_import_what_it_needs_is_told_from_one_that_died(monkeypatch):
    monkeypatch.setattr(worker_process, "serve_calls", cannot_import)
    with worker() as process:
        for _ in range(2):
            with pytest.raises(WorkerUnusable, match=r"exit code 1.*No module named 'numpy'"):
                process.submit(nothing).result(SECONDS)
