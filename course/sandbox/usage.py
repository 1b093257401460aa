"""What the processes of one sandbox use together, read from the sandbox's own /proc, outside of the sandbox."""

import os
from dataclasses import dataclass, field
from pathlib import Path

from course.sandbox.mounts import SOCKETS

COUNTS = ("sockstat", "sockets:"), ("sockstat", "TCP:"), ("sockstat6", "TCP6:")
OF_TCP = 16  # sockets of other kinds hold as much memory as one of TCP
MAPPING = 256  # bytes that Linux keeps for each of a process's mappings
MOST_MAPPINGS = 65_530  # of a process: vm.max_map_count, unless somebody has raised it
TABLES = 512  # bytes of address space whose page tables take one byte, at most
SCRATCH = ("tmp", "dev/shm", SOCKETS.lstrip("/"))  # where a sandbox can write
NOTHING = "0 0 0 0 0 0 0\n"  # in the statm of a thread that has ended
PAGE = os.sysconf("SC_PAGE_SIZE")
TICKS = os.sysconf("SC_CLK_TCK")  # in a second of CPU time


@dataclass(frozen=True)
class Process:
    """A process at one moment: CPU time in ticks, of its own and of ended children it waited for; memory in bytes.

    The memory is no less than what it holds: all that it shares counts, and the most that Linux keeps about it.
    """

    number: str
    began: str
    own: int
    of_children: int
    memory: int


@dataclass
class CpuTime:
    """The CPU time of a changing set of processes, of those that have ended, too.

    The time of a process that ends goes to whoever waits for it, in the end to the sandbox's first process. It is lost
    if the parent says that it does not care for its children; then what was seen at the last look counts.
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
        pages = int(words[21]) or int((thread(folder) / "statm").read_text().split()[1])
    except OSError:
        return None
    own, of_children = (int(words[place]) + int(words[place + 1]) for place in (11, 13))
    memory = pages * PAGE + int(words[20]) // TABLES + MOST_MAPPINGS * MAPPING
    return Process(folder.name, words[19], own, of_children, memory)


def thread(folder: Path) -> Path:
    """A thread of a process that has not ended: its first one, in whose name nothing is counted when it has."""
    threads = sorted((folder / "task").iterdir(), key=lambda one: int(one.name))
    return next((one for one in threads if one.joinpath("statm").read_text() != NOTHING), folder)


def held(folder: Path) -> int:
    """Bytes of memory that a process holds: its part of what it shares, page tables and mappings; 0 if it has ended."""
    try:
        one = thread(folder)
        tables = _sum(one / "status", "VmPTE:")
        return _sum(one / "smaps_rollup", "Pss:") + tables + MAPPING * (one / "maps").read_bytes().count(b"\n")
    except PermissionError:  # of a process that hides its memory, only root sees how much of it is shared
        return _sum(folder / "status", "RssAnon:", "RssShmem:", "VmPTE:")
    except OSError:
        return 0


def _sum(file: Path, *names: str) -> int:
    return sum(int(line.split()[1]) * 1024 for line in file.read_text().splitlines() if line.startswith(names))


def own_memory() -> int:
    """Bytes of memory that this process holds itself."""
    return _sum(Path("/proc/self/status"), "RssAnon:")


def sockets(first: int) -> int:
    """How many sockets the network of a sandbox has, whose first process has that number, as if none were of TCP.

    0 if the sandbox has ended.
    """
    try:
        every, four, six = (_count(Path(f"/proc/{first}/net"), *words) for words in COUNTS)
    except OSError:
        return 0
    return every + (four + six) * (OF_TCP - 1)


def _count(net: Path, file: str, kind: str) -> int:
    (line,) = (line for line in (net / file).read_text().splitlines() if line.startswith(kind))
    return int(line.split()[2])


def count_files(root: Path) -> int:
    """How many files and folders a sandbox with that root has made; 0 if it has ended."""
    try:
        states = [os.statvfs(root / name) for name in SCRATCH]
    except OSError:
        return 0
    return sum(state.f_files - state.f_ffree for state in states)
