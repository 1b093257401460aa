"""A thread that watches one sandbox from outside until it is empty."""

import logging
import os
import select
import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from course.kernels.cgroups import Group
from course.kernels.pipes import OUTPUT_BYTES
from course.limits import Limits
from course.sandbox.exit_cause import ExitCause, classify_exit, out_of_memory_kills
from course.sandbox.mounts import SOCKETS
from course.sandbox.usage import (
    TICKS,
    CpuTime,
    Process,
    count_files,
    count_sockets,
    held_memory,
    list_processes,
    own_memory,
)

log = logging.getLogger(__name__)
MILLISECONDS = 100  # between two checks
LOGGED_CHARACTERS = 500  # of that output
GROWTH_BYTES = 400 * 2**20  # by which this process may grow while a sandbox is open, with all unread messages


class Watchdog(threading.Thread):
    """Close a sandbox whose processes together use too much, log the end of its output, and say why it ended.

    Limits for each process do not stop a hundred processes; control groups would, but are often not available.
    `exit_cause` and `reason` are set when the sandbox is empty.
    """

    def __init__(
        self,
        pid: int,
        output: int,
        limits: Limits,
        exit_code: Callable[[], int | None],
        kernel: int | None = None,
        group: Group | None = None,
    ) -> None:
        """Watch the sandbox whose first process is `pid`.

        `output` is a pipe's end to read from. So is `kernel`, if the kernel is not bubblewrap's own child: it becomes
        readable when the kernel has ended. The watchdog closes both. `exit_code` is called once, after the kernel's
        end. `group` is the sandbox's control group, if it has one, which exists until the watchdog has ended.
        """
        super().__init__(name=f"watchdog of sandbox {pid}", daemon=True)
        self.pid, self.limits = pid, limits
        self.exit_cause: ExitCause | None = None
        self.peak_memory = 0  # bytes, by the quick upper bound
        self._root = Path(f"/proc/{pid}/root")
        self._output_end = b""
        self._output, self._kernel, self._exit_code = output, kernel, exit_code
        os.set_blocking(output, False)
        self._lock = threading.Lock()
        self._closed_for: ExitCause | None = None
        self._group, self._group_seconds = group, 0.0
        self._cpu, self._kills_before = CpuTime(), out_of_memory_kills()
        self._memory_allowed = own_memory() + GROWTH_BYTES
        # Unlike the number, it never comes to mean another process. Opened last: nothing can fail after it.
        self._sandbox: int | None = os.pidfd_open(pid)

    @property
    def reason(self) -> str | None:
        """Why the sandbox ended, as a sentence; None if the grader ended it, or it has not ended."""
        if self.exit_cause is None or self.exit_cause is ExitCause.CLOSED:
            return None
        return str(self.exit_cause.value).format(**asdict(self.limits))

    def cpu_seconds(self) -> float:
        """The CPU time that all processes of the sandbox have used until now, or until its end."""
        self._measure()
        return self._group_seconds if self._group else self._cpu.ticks / TICKS

    def close_sandbox(self, cause: ExitCause = ExitCause.CLOSED) -> None:
        """Kill every process in the sandbox; join the watchdog to wait until they are gone."""
        with self._lock:
            if self._sandbox is not None:
                self._closed_for = self._closed_for or cause
                with suppress(ProcessLookupError):  # it is empty already
                    signal.pidfd_send_signal(self._sandbox, signal.SIGKILL)

    def start(self) -> None:
        """Start to watch.

        Raises
        ------
        RuntimeError
            No thread can be had; the pipes are still the caller's to close.
        """
        try:
            super().start()
        except RuntimeError:
            assert self._sandbox is not None
            os.close(self._sandbox)
            self._sandbox = None
            raise

    def run(self) -> None:
        """Watch until the first process of the sandbox has ended; Linux lets it end after all the others."""
        assert self._sandbox is not None
        poll, cause = select.poll(), None
        poll.register(self._sandbox, select.POLLIN)
        if self._kernel is not None:
            poll.register(self._kernel, select.POLLIN)
        while self._sandbox not in (events := dict(poll.poll(MILLISECONDS))):
            self._read_output()
            try:
                self._check_limits(self._measure())
            except Exception:  # whatever it is, a sandbox must not run on without its limits
                log.exception("sandbox %s cannot be measured", self.pid)
                self.close_sandbox(ExitCause.UNMEASURED)
            if self._kernel in events:
                poll.unregister(self._kernel)
                cause = self._find_exit_cause()
                self.close_sandbox()
        cause = cause or self._find_exit_cause()
        with self._lock:
            os.close(self._sandbox)
            self._sandbox = None
        self._read_output()
        for pipe in (self._output, self._kernel):
            if pipe is not None:
                os.close(pipe)
        self.exit_cause = cause
        level = logging.DEBUG if cause is ExitCause.CLOSED else logging.INFO
        peak, output = self.peak_memory >> 20, self._output_end.decode("utf-8", "replace")[-LOGGED_CHARACTERS:]
        log.log(level, "sandbox %s ended: %s; at most %d MiB; its last words: %r", self.pid, cause.name, peak, output)

    def _find_exit_cause(self) -> ExitCause:
        if self._group and self._group.ran_out_of_memory():
            return ExitCause.MEMORY
        return self._closed_for or classify_exit(self._exit_code(), self._kills_before)

    def _read_output(self) -> None:
        try:
            self._output_end = (self._output_end + os.read(self._output, 65536))[-OUTPUT_BYTES:]
        except BlockingIOError:
            return  # nothing new

    def process_folders(self) -> list[Path]:
        """The folders in /proc of all processes in the sandbox, named by their numbers inside."""
        try:
            if self._sandbox is None or not (self._root / SOCKETS.lstrip("/")).is_dir():
                return []
            return [folder for folder in (self._root / "proc").iterdir() if folder.name.isdigit()]
        except OSError:
            return []  # the sandbox has just ended

    def _measure(self) -> list[Process]:
        """All processes in the sandbox; none while its root is still being made and is that of the whole machine."""
        with self._lock:
            try:
                if self._sandbox is None or not (self._root / SOCKETS.lstrip("/")).is_dir():
                    return []
                processes = list_processes(self._root / "proc")
                self._group_seconds = self._group.cpu_seconds() if self._group else 0.0
            except OSError:
                return []  # the sandbox has just ended
            self._cpu.update(processes)
            return processes

    def _check_limits(self, processes: list[Process]) -> None:
        if not processes:
            return
        memory, limit = sum(process.memory for process in processes), self.limits.memory_mib * 2**20
        self.peak_memory = max(memory, self.peak_memory)
        # The quick sum counts shared memory once for each process, so it is never too low; the slow one is exact.
        if memory > limit and sum(held_memory(self._root / "proc" / process.pid) for process in processes) > limit:
            self.close_sandbox(ExitCause.MEMORY)
        if own_memory() > self._memory_allowed:
            self.close_sandbox(ExitCause.FLOOD)
        if count_sockets(self.pid) > self.limits.sockets:
            self.close_sandbox(ExitCause.SOCKETS)
        if count_files(self._root) > self.limits.files:
            self.close_sandbox(ExitCause.FILES)
        seconds = self._group_seconds if self._group else self._cpu.ticks / TICKS
        if seconds > self.limits.cpu_seconds:
            self.close_sandbox(ExitCause.CPU)
