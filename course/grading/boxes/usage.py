"""What the processes of one box use together, read from the box's own /proc, outside of the box."""

import os
from dataclasses import dataclass, field
from pathlib import Path

PAGE = os.sysconf("SC_PAGE_SIZE")
TICKS = os.sysconf("SC_CLK_TCK")  # in a second of CPU time


@dataclass(frozen=True)
class Process:
    """A process at one moment: CPU time in ticks, of its own and of ended children it waited for; memory in bytes."""

    number: str
    began: str
    own: int
    of_children: int
    resident: int


@dataclass
class CpuTime:
    """The CPU time of a changing set of processes, of those that have ended, too.

    The time of a process that ends goes to whoever waits for it, in the end to the box's first process. It is lost if
    the parent says that it does not care for its children; then what was seen at the last look counts.
    """

    ticks: int = 0
    _before: dict[tuple[str, str], Process] = field(default_factory=dict)
    _held: int = 0

    def look(self, processes: list[Process]) -> None:
        """Take note of all that there are now."""
        now = {(one.number, one.began): one for one in processes}
        self.ticks += sum(one.own - self._own(key) for key, one in now.items())
        inherited = sum(now[key].of_children - one.of_children for key, one in self._before.items() if key in now)
        inherited += sum(one.of_children for key, one in now.items() if key not in self._before)
        gone = sum(one.own + one.of_children for key, one in self._before.items() if key not in now)
        self._inherit(inherited - gone)
        self._before = now

    def _own(self, key: tuple[str, str]) -> int:
        return self._before[key].own if key in self._before else 0

    def _inherit(self, unseen: int) -> None:
        """Count time of children that was never seen as their own.

        A child's end and its parent's gain may show in two looks, as not all is read at the same moment: so what one
        look finds waits for the next, and the two are set against each other.
        """
        held = self._held
        if (held < 0) != (unseen < 0):
            held, unseen = (held + unseen, 0) if abs(held) > abs(unseen) else (0, held + unseen)
        self.ticks += max(0, held)
        self._held = unseen


def processes(proc: Path) -> list[Process]:
    """All processes that a /proc shows now."""
    found = (process(folder) for folder in proc.iterdir() if folder.name.isdigit())
    return [one for one in found if one]


def process(folder: Path) -> Process | None:
    """The process with that folder in /proc; None if it has ended."""
    try:
        words = (folder / "stat").read_text("utf-8", "replace").rpartition(") ")[2].split()
        state, threads, resident = words[0], int(words[17]), int(words[21]) * PAGE
        if state == "Z" and threads > 1:  # its first thread has ended, in whose name nothing is counted then
            resident = max((_resident(thread) for thread in (folder / "task").iterdir()), default=0)
    except OSError:
        return None
    own, of_children = (int(words[place]) + int(words[place + 1]) for place in (11, 13))
    return Process(folder.name, words[19], own, of_children, resident)


def _resident(folder: Path) -> int:
    try:
        return int((folder / "statm").read_text().split()[1]) * PAGE
    except OSError:
        return 0


def proportional(folder: Path) -> int:
    """Bytes of memory that a process holds, with its part of what it shares; 0 if it has ended."""
    try:
        return _sum(folder / "smaps_rollup", "Pss:")
    except PermissionError:  # of a process that hides its memory, only root sees how much of it is shared
        return own(folder)
    except OSError:
        return 0


def own(folder: Path) -> int:
    """Bytes of memory that a process holds besides files, all of what it shares with the process it was copied from."""
    try:
        return _sum(folder / "status", "RssAnon:", "RssShmem:")
    except OSError:
        return 0


def _sum(file: Path, *names: str) -> int:
    return sum(int(line.split()[1]) * 1024 for line in file.read_text().splitlines() if line.startswith(names))
