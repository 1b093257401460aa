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

from course.cgroups import Group
from course.limits import Limits
from course.sandbox.exit_cause import Ending, by_itself, out_of_memory_kills
from course.sandbox.mounts import SOCKETS
from course.sandbox.usage import TICKS, CpuTime, Process, count_files, held, own_memory, processes, sockets

log = logging.getLogger(__name__)
MILLISECONDS = 100  # between two looks
ROOM = 400 * 2**20  # bytes: what this process may grow by while a sandbox is open, with all that it has not read yet
WORDS = 8192  # bytes kept of what the sandbox wrote on its standard output and error


class Watchdog(threading.Thread):
    """Close a sandbox whose processes together take too much, keep the last words it wrote, and say how it ended.

    What Linux limits for each process does not stop a hundred of them; control groups would, but are often missing.
    `ending` and `reason` are set when the sandbox is empty.
    """

    def __init__(
        self,
        pid: int,
        words: int,
        limits: Limits,
        exit_code: Callable[[], int | None],
        kernel: int | None = None,
        group: Group | None = None,
    ) -> None:
        """Watch the sandbox whose first process is `pid`.

        `words` is a pipe's end to read from. So is `kernel`, if the kernel is not bubblewrap's own child: it can be
        read from when that has ended. The watchdog closes both. `exit_code` is asked once, after the kernel's end.
        `group` is the sandbox's control group, if it has one, which exists until the watchdog has ended.
        """
        super().__init__(name=f"guard of sandbox {pid}", daemon=True)
        self.pid, self.limits = pid, limits
        self.ending: Ending | None = None
        self.most_memory = 0  # bytes, by the quick sum
        self._root = Path(f"/proc/{pid}/root")
        self._said = b""
        self._words, self._kernel, self._exit_code = words, kernel, exit_code
        os.set_blocking(words, False)
        self._lock = threading.Lock()
        self._sandbox: int | None = os.pidfd_open(pid)  # unlike the number, it never comes to mean another process
        self._closed: Ending | None = None
        self._group, self._group_used = group, 0.0
        self._cpu, self._killed_before, self._room = CpuTime(), out_of_memory_kills(), own_memory() + ROOM

    @property
    def said(self) -> str:
        """The end of what the sandbox wrote on its standard output and error."""
        return self._said.decode("utf-8", "replace")

    @property
    def reason(self) -> str | None:
        """How the sandbox ended, in words; None if the grader ended it, or it has not."""
        if self.ending is None or self.ending is Ending.CLOSED:
            return None
        return str(self.ending.value).format(**asdict(self.limits))

    def cpu_seconds(self) -> float:
        """The CPU time that all processes of the sandbox have used until now, or until its end."""
        self._look()
        return self._group_used if self._group else self._cpu.ticks / TICKS

    def close_sandbox(self, ending: Ending = Ending.CLOSED) -> None:
        """Kill every process in the sandbox; join the watchdog to wait until they are gone."""
        with self._lock:
            if self._sandbox is not None:
                self._closed = self._closed or ending
                with suppress(ProcessLookupError):  # it is empty already
                    signal.pidfd_send_signal(self._sandbox, signal.SIGKILL)

    def run(self) -> None:
        """Watch until the first process of the sandbox has ended; Linux lets it end after all the others."""
        assert self._sandbox is not None
        poll, ended = select.poll(), None
        poll.register(self._sandbox, select.POLLIN)
        if self._kernel is not None:
            poll.register(self._kernel, select.POLLIN)
        while self._sandbox not in (events := dict(poll.poll(MILLISECONDS))):
            self._listen()
            self._weigh(self._look())
            if self._kernel in events:
                poll.unregister(self._kernel)
                ended = self._how_it_ended()
                self.close_sandbox()
        ended = ended or self._how_it_ended()
        with self._lock:
            os.close(self._sandbox)
            self._sandbox = None
        self._listen()
        for pipe in (self._words, self._kernel):
            if pipe is not None:
                os.close(pipe)
        self.ending = ended
        level = logging.DEBUG if ended is Ending.CLOSED else logging.INFO
        log.log(level, "sandbox %s ended: %s; at most %d MiB", self.pid, ended.name, self.most_memory >> 20)

    def _how_it_ended(self) -> Ending:
        if self._group and self._group.ran_out_of_memory():
            return Ending.MEMORY
        return self._closed or by_itself(self._exit_code(), self._killed_before)

    def _listen(self) -> None:
        try:
            self._said = (self._said + os.read(self._words, 65536))[-WORDS:]
        except BlockingIOError:
            return  # nothing new

    def folders(self) -> list[Path]:
        """The folders in /proc of all processes in the sandbox, named by their numbers inside."""
        try:
            if self._sandbox is None or not (self._root / SOCKETS.lstrip("/")).is_dir():
                return []
            return [folder for folder in (self._root / "proc").iterdir() if folder.name.isdigit()]
        except OSError:
            return []  # the sandbox has just ended

    def _look(self) -> list[Process]:
        """All processes in the sandbox; none while its root is still being made and is that of the whole machine."""
        with self._lock:
            try:
                if self._sandbox is None or not (self._root / SOCKETS.lstrip("/")).is_dir():
                    return []
                found = processes(self._root / "proc")
                self._group_used = self._group.cpu_seconds() if self._group else 0.0
            except OSError:
                return []  # the sandbox has just ended
            self._cpu.look(found)
            return found

    def _weigh(self, found: list[Process]) -> None:
        if not found:
            return
        memory, most = sum(one.memory for one in found), self.limits.memory_mib * 2**20
        self.most_memory = max(memory, self.most_memory)
        # The quick sum counts what processes share once for each, and is never too low; the slow one is exact.
        if memory > most and sum(held(self._root / "proc" / one.number) for one in found) > most:
            self.close_sandbox(Ending.MEMORY)
        if own_memory() > self._room:
            self.close_sandbox(Ending.FLOOD)
        if sockets(self.pid) > self.limits.sockets:
            self.close_sandbox(Ending.SOCKETS)
        if count_files(self._root) > self.limits.files:
            self.close_sandbox(Ending.FILES)
        used = self._group_used if self._group else self._cpu.ticks / TICKS
        if used > self.limits.cpu_seconds:
            self.close_sandbox(Ending.CPU)
