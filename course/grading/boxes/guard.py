"""A thread that watches one box from outside until it is empty."""

import os
import select
import signal
import threading
from collections.abc import Callable
from pathlib import Path

from course.grading.boxes.view import SOCKETS

MILLISECONDS = 250  # between two looks
WORDS = 8192  # bytes kept of what the box wrote on its standard output and error
PAGE = os.sysconf("SC_PAGE_SIZE")


class Guard(threading.Thread):
    """Close a box whose processes together hold too much memory, and keep the last words it wrote.

    The limit on each process's address space does not stop a hundred processes; control groups would, but are often
    missing. `reason` says why the guard closed the box, if it did.
    """

    def __init__(self, pid: int, words: int, memory_mib: int, kernel: int | None = None) -> None:
        """Watch the box whose first process is `pid`.

        `words` is a pipe's end to read from; so is `kernel`, whose other end is closed when a kernel has ended that is
        not bubblewrap's own child. The guard closes both.
        """
        super().__init__(name=f"guard of box {pid}", daemon=True)
        self.memory_mib = memory_mib
        self.reason: str | None = None
        self._root = Path(f"/proc/{pid}/root")
        self._said = b""
        self._words, self._kernel = words, kernel
        os.set_blocking(words, False)
        self._lock = threading.Lock()
        self._box: int | None = os.pidfd_open(pid)  # unlike the number, it never comes to mean another process

    @property
    def said(self) -> str:
        """The end of what the box wrote on its standard output and error."""
        return self._said.decode("utf-8", "replace")

    def close_box(self) -> None:
        """Kill every process in the box; join the guard to wait until they are gone."""
        with self._lock:
            if self._box is not None:
                try:
                    signal.pidfd_send_signal(self._box, signal.SIGKILL)
                except ProcessLookupError:
                    return  # it is empty already

    def run(self) -> None:
        """Watch until the first process of the box has ended; Linux lets it end after all the others."""
        assert self._box is not None
        poll = select.poll()
        poll.register(self._box, select.POLLIN)
        if self._kernel is not None:
            poll.register(self._kernel, select.POLLIN)
        while self._box not in (events := dict(poll.poll(MILLISECONDS))):
            if self._kernel in events:
                poll.unregister(self._kernel)
                self.close_box()
            self._listen()
            self._weigh()
        with self._lock:
            os.close(self._box)
            self._box = None
        self._listen()
        os.close(self._words)
        if self._kernel is not None:
            os.close(self._kernel)

    def _listen(self) -> None:
        try:
            self._said = (self._said + os.read(self._words, 65536))[-WORDS:]
        except BlockingIOError:
            return  # nothing new

    def _weigh(self) -> None:
        most = self.memory_mib * 2**20
        # The quick sum counts what processes share once for each; the slow one divides it among them.
        if self._total(resident) > most and self._total(proportional) > most:
            self.reason = f"All processes of the submission together held more than {self.memory_mib} MiB of memory."
            self.close_box()

    def _total(self, weight: Callable[[Path], int]) -> int:
        """Of the processes in the box; 0 while its root is still being made and is that of the whole machine."""
        try:
            if not (self._root / SOCKETS.lstrip("/")).is_dir():
                return 0
            return sum(weight(process) for process in (self._root / "proc").iterdir() if process.name.isdigit())
        except OSError:
            return 0  # the box has just ended


def resident(process: Path) -> int:
    """Bytes of memory that a process holds, given its folder in /proc; 0 if it has ended."""
    try:
        return int((process / "statm").read_text().split()[1]) * PAGE
    except OSError:
        return 0


def proportional(process: Path) -> int:
    """Bytes of memory that a process holds, with its part of what it shares; 0 if it has ended."""
    try:
        return _sum(process / "smaps_rollup", "Pss:")
    except PermissionError:  # of a process that hides its memory, only root sees how much of it is shared
        return own(process)
    except OSError:
        return 0


def own(process: Path) -> int:
    """Bytes of memory that a process holds besides files, all of what it shares with the process it was copied from."""
    try:
        return _sum(process / "status", "RssAnon:", "RssShmem:")
    except OSError:
        return 0


def _sum(file: Path, *names: str) -> int:
    return sum(int(line.split()[1]) * 1024 for line in file.read_text().splitlines() if line.startswith(names))
