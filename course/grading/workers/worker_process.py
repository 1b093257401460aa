"""A worker process of this machine, as an executor of concurrent.futures."""

import logging
import os
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Executor, Future
from concurrent.futures.thread import ThreadPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection
from multiprocessing.connection import wait as wait_for
from threading import Lock, Thread
from typing import Any, ParamSpec, TypeVar

log = logging.getLogger(__name__)
_END_SECONDS = 10  # for a process to end after it has closed the pipe
STDERR_BYTES, STDERR_LINES = 2000, 3  # of a process's standard error: bytes that are read, lines that are shown
_ERRORS = Lock()
P = ParamSpec("P")
T = TypeVar("T")


class CallTimeout(BrokenExecutor):
    """A call took so long that its process was killed."""


class WorkerUnusable(BrokenExecutor):
    """A process has ended by itself before it could make any call; every other one will, too."""


class WorkerProcess(Executor):
    """One process, which makes one call at a time, each in `seconds` at most.

    When it dies, at whatever moment, the call fails with BrokenExecutor, and so do all later ones; the error says what
    the process last wrote on its standard error. It is killed if a call takes longer than it may, which then fails
    with CallTimeout.

    The executors of concurrent.futures and loky wait forever if a process is killed while it sends a result: they keep
    the sending end of the pipe open themselves, and share locks with the process.
    """

    def __init__(self, seconds: float) -> None:
        """Start the process, which needs some time to import what its calls need."""
        self._seconds = seconds
        context = get_context("spawn")
        self._calls, process_end = context.Pipe()
        self._process = context.Process(target=serve_calls, args=(process_end,), daemon=True)
        self._stderr, self._has_answered = tempfile.TemporaryFile(), False  # noqa: SIM115 - it is closed with this object
        with redirect_stderr(self._stderr.fileno()):
            self._process.start()
        process_end.close()
        log.debug("worker process %s started", self._process.pid)
        self._thread = ThreadPoolExecutor(1)

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Make a call in the process; the future also gets the exception that the call ends with."""
        return self._thread.submit(self._call, fn, args, kwargs)

    def _call(self, function: Callable[..., T], *arguments: Any) -> T:
        try:
            self._calls.send((function, *arguments))
            if not self._calls.poll(self._seconds):
                self._kill()
                pid = self._process.pid
                raise CallTimeout(f"A call in the worker process {pid} took more than {self._seconds:g} s.")
            result, error = self._calls.recv()
            self._has_answered = True
        except (EOFError, OSError) as broken:
            self._process.join(_END_SECONDS)
            self._kill()
            code = self._process.exitcode or 0
            log.warning("worker process %s %s%s", self._process.pid, describe_exit(code), self._last_words())
            kind = BrokenExecutor if self._has_answered or code < 0 else WorkerUnusable
            raise kind(f"The worker process {self._process.pid} {describe_exit(code)}{self._last_words()}") from broken
        if error is not None:
            raise error
        return result  # type: ignore[no-any-return]

    def _last_words(self) -> str:
        file = self._stderr.fileno()
        output = os.pread(file, STDERR_BYTES, max(0, os.fstat(file).st_size - STDERR_BYTES))
        lines = output.decode("utf-8", "replace").strip().splitlines()[-STDERR_LINES:]
        return f" Its last words: {' / '.join(line.strip() for line in lines)}" if lines else ""

    def _kill(self) -> None:
        self._process.kill()
        self._process.join()

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the process, even amid a call; with `wait`, return when it has ended. Calls not made yet fail."""
        self._process.terminate()
        self._thread.submit(self._clean_up)
        self._thread.shutdown(wait)

    def _clean_up(self) -> None:
        self._process.join()
        self._stderr.close()


def describe_exit(code: int) -> str:
    """How a process with this exit code ended."""
    if code >= 0:
        return f"has ended with exit code {code}."
    hint = " The machine may be short of memory." if -code == signal.SIGKILL else ""
    return f"was ended by the signal {signal.Signals(-code).name}.{hint}"


@contextmanager
def redirect_stderr(file: int) -> Iterator[None]:
    """Write the standard error of processes started inside to this file."""
    with _ERRORS:
        old_stderr = os.dup(2)
        os.dup2(file, 2)
        try:
            yield
        finally:
            os.dup2(old_stderr, 2)
            os.close(old_stderr)


def serve_calls(calls: Connection) -> None:
    """Make the calls that come in, and send back their results and errors, until the other end is closed."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())  # so that calls clean up after themselves
    signal.signal(signal.SIGINT, lambda *_: None)  # Ctrl-C reaches all processes; the grader decides what ends
    end_with_the_parent()
    while True:
        try:
            function, arguments, keywords = calls.recv()
        except EOFError:
            return
        try:
            result, error = function(*arguments, **keywords), None
        except Exception as exception:  # noqa: BLE001 - raised where the call came from
            result, error = None, exception
        calls.send((result, error))


def end_with_the_parent() -> None:
    """End this process as soon as the one that started it ends, even if that is killed during a call.

    The sandbox of its submission ends with it.
    """
    parent = parent_process()
    if parent is not None:
        Thread(target=lambda: (wait_for([parent.sentinel]), os._exit(1)), daemon=True).start()
