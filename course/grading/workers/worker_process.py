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
END_SECONDS = 10  # for a process that has hung up to end
WORDS, LINES = 2000, 3  # bytes of what a process wrote that are looked at, and lines that are shown
_ERRORS = Lock()
P = ParamSpec("P")
T = TypeVar("T")


class Stuck(BrokenExecutor):
    """A call took so long that its process was killed."""


class Unusable(BrokenExecutor):
    """A process has ended by itself before it could make any call, as every other one will."""


class WorkerProcess(Executor):
    """One process, which makes one call at a time, each in `seconds` at most.

    When it dies, at whatever moment, the call fails with BrokenExecutor, and so do all later ones; the error says what
    the process last wrote on its standard error. It is killed if a call takes longer than it may, which then fails
    with Stuck.

    The executors of concurrent.futures and loky wait for ever if a process is killed while it sends a result: they have
    the sending end of the pipe open themselves, and share locks with the process.
    """

    def __init__(self, seconds: float) -> None:
        """Start the process, which needs some time to import what its calls need."""
        self._seconds = seconds
        context = get_context("spawn")
        self._calls, there = context.Pipe()
        self._process = context.Process(target=serve_calls, args=(there,), daemon=True)
        self._words, self._has_answered = tempfile.TemporaryFile(), False  # noqa: SIM115 - it is closed with this object
        with errors_into(self._words.fileno()):
            self._process.start()
        there.close()
        log.debug("worker process %s started", self._process.pid)
        self._waiting = ThreadPoolExecutor(1)

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Make a call in the process; the future also gets the exception that the call ends with."""
        return self._waiting.submit(self._call, fn, args, kwargs)

    def _call(self, function: Callable[..., T], *arguments: Any) -> T:
        try:
            self._calls.send((function, *arguments))
            if not self._calls.poll(self._seconds):
                self._end()
                raise Stuck(f"A call in the worker process {self._process.pid} took more than {self._seconds:g} s.")
            result, error = self._calls.recv()
            self._has_answered = True
        except (EOFError, OSError) as broken:
            self._process.join(END_SECONDS)
            self._end()
            code = self._process.exitcode or 0
            log.warning("worker process %s %s%s", self._process.pid, ended(code), self._last_words())
            kind = BrokenExecutor if self._has_answered or code < 0 else Unusable
            raise kind(f"The worker process {self._process.pid} {ended(code)}{self._last_words()}") from broken
        if error is not None:
            raise error
        return result  # type: ignore[no-any-return]

    def _last_words(self) -> str:
        said = os.pread(self._words.fileno(), WORDS, max(0, os.fstat(self._words.fileno()).st_size - WORDS))
        lines = said.decode("utf-8", "replace").strip().splitlines()[-LINES:]
        return f" Its last words: {' / '.join(line.strip() for line in lines)}" if lines else ""

    def _end(self) -> None:
        self._process.kill()
        self._process.join()

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the process, even amid a call; with `wait`, return when it has ended. Calls not made yet fail."""
        self._process.terminate()
        self._waiting.submit(self._clear_away)
        self._waiting.shutdown(wait)

    def _clear_away(self) -> None:
        self._process.join()
        self._words.close()


def ended(code: int) -> str:
    """What an exit code says."""
    if code >= 0:
        return f"has ended with exit code {code}."
    hint = " The machine may be short of memory." if -code == signal.SIGKILL else ""
    return f"was ended by the signal {signal.Signals(-code).name}.{hint}"


@contextmanager
def errors_into(file: int) -> Iterator[None]:
    """What processes started meanwhile write on standard error goes into this file."""
    with _ERRORS:
        kept = os.dup(2)
        os.dup2(file, 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)


def serve_calls(calls: Connection) -> None:
    """Make the calls that come in, and send back their results and errors, until nobody has the other end."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())  # what a call has begun is cleared away
    signal.signal(signal.SIGINT, lambda *_: None)  # Ctrl-C reaches all processes; the grader decides what ends
    end_with_the_parent()
    while True:
        try:
            function, arguments, keywords = calls.recv()
        except EOFError:
            return
        try:
            result, error = function(*arguments, **keywords), None
        except Exception as raised:  # noqa: BLE001 - raised where the call came from
            result, error = None, raised
        calls.send((result, error))


def end_with_the_parent() -> None:
    """Let this process end as soon as the one that started it does, even if that was killed amid a call.

    With it ends the sandbox of its submission.
    """
    parent = parent_process()
    if parent is not None:
        Thread(target=lambda: (wait_for([parent.sentinel]), os._exit(1)), daemon=True).start()
