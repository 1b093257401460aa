"""What the processes of one sandbox use together, read from the sandbox's own /proc, outside of the sandbox."""

import os
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from course.sandbox.mounts import SOCKETS

SOCKET_COUNTS = ("sockstat", "sockets:"), ("sockstat", "TCP:"), ("sockstat6", "TCP6:")
TCP_WEIGHT = 16  # a TCP socket holds as much memory as that many other sockets
MAPPING_BYTES = 256  # that Linux keeps for each of a process's mappings
MOST_MAPPINGS = 65_530  # of a process: vm.max_map_count, unless somebody has raised it
BYTES_PER_TABLE_BYTE = 512  # bytes of address space whose page tables take one byte, at most
WRITABLE = ("tmp", "dev/shm", SOCKETS.lstrip("/"))  # where a sandbox can write
EMPTY_STATM = "0 0 0 0 0 0 0\n"  # of a thread that has ended
_PAGE = os.sysconf("SC_PAGE_SIZE")
TICKS = os.sysconf("SC_CLK_TCK")  # in a second of CPU time


@dataclass(frozen=True)
class Process:
    """A process at one moment: CPU time in ticks, of its own and of ended children it waited for; memory in bytes.

    The memory is an upper bound: it counts all shared memory, and the most that Linux may keep about the process.
    """

    pid: str
    start: str
    own_ticks: int
    child_ticks: int
    memory: int


@dataclass
class CpuTime:
    """The CPU time of a changing set of processes, including those that have ended.

    The time of a process that ends goes to whoever waits for it, in the end to the sandbox's first process. It is lost
    if the parent ignores its children; then what the last update saw counts.
    """

    ticks: int = 0
    _previous: dict[tuple[str, str], Process] = field(default_factory=dict)
    _pending: int = 0

    def update(self, processes: list[Process]) -> None:
        """Count the time of all processes that there are now."""
        current = {(process.pid, process.start): process for process in processes}
        self.ticks += sum(process.own_ticks - self._ticks_before(key) for key, process in current.items())
        inherited = sum(
            current[key].child_ticks - process.child_ticks for key, process in self._previous.items() if key in current
        )
        inherited += sum(process.child_ticks for key, process in current.items() if key not in self._previous)
        gone = sum(
            process.own_ticks + process.child_ticks for key, process in self._previous.items() if key not in current
        )
        self._add_inherited(inherited - gone)
        self._previous = current

    def _ticks_before(self, key: tuple[str, str]) -> int:
        return self._previous[key].own_ticks if key in self._previous else 0

    def _add_inherited(self, unseen: int) -> None:
        """Count children's time that was never seen as their own.

        A child's end and its parent's gain may show in two different updates, as not all is read at the same moment: so
        what one update finds is kept until the next, and the two are offset against each other.
        """
        pending = self._pending
        if (pending < 0) != (unseen < 0):
            pending, unseen = (pending + unseen, 0) if abs(pending) > abs(unseen) else (0, pending + unseen)
        self.ticks += max(0, pending)
        self._pending = unseen


def list_processes(proc: Path) -> list[Process]:
    """All processes that a /proc shows now."""
    candidates = (read_process(folder) for folder in proc.iterdir() if folder.name.isdigit())
    return [process for process in candidates if process]


def read_process(folder: Path) -> Process | None:
    """The process with that folder in /proc; None if it has ended."""
    try:
        fields = (folder / "stat").read_text("utf-8", "replace").rpartition(") ")[2].split()
        pages = int(fields[21]) or int((living_thread(folder) / "statm").read_text().split()[1])
    except OSError:
        return None
    own_ticks, child_ticks = (int(fields[index]) + int(fields[index + 1]) for index in (11, 13))
    memory = pages * _PAGE + int(fields[20]) // BYTES_PER_TABLE_BYTE + MOST_MAPPINGS * MAPPING_BYTES
    return Process(folder.name, fields[19], own_ticks, child_ticks, memory)


def living_thread(folder: Path) -> Path:
    """A process's first thread that has not ended, as nothing is counted for one that has."""
    threads = sorted((folder / "task").iterdir(), key=lambda thread: int(thread.name))
    return next((thread for thread in threads if thread.joinpath("statm").read_text() != EMPTY_STATM), folder)


def held_memory(folder: Path) -> int:
    """Bytes that a process holds: its own and its share of shared memory, page tables, mappings; 0 if it has ended."""
    try:
        thread = living_thread(folder)
        tables = _sum(thread / "status", "VmPTE:")
        mappings = MAPPING_BYTES * (thread / "maps").read_bytes().count(b"\n")
        return _sum(thread / "smaps_rollup", "Pss:") + tables + mappings
    except PermissionError:  # how much memory a protected process shares, only root can see
        return _own_and_shared(folder)
    except OSError:
        return 0


def _own_and_shared(folder: Path) -> int:
    with suppress(OSError):
        return _sum(folder / "status", "RssAnon:", "RssShmem:", "VmPTE:")
    return 0


def _sum(file: Path, *names: str) -> int:
    text = file.read_text("utf-8", "replace")  # a process may give itself any bytes for a name
    return sum(int(line.split()[1]) * 1024 for line in text.splitlines() if line.startswith(names))


def own_memory() -> int:
    """Bytes of memory that this process holds itself."""
    return _sum(Path("/proc/self/status"), "RssAnon:")


def count_sockets(first_pid: int) -> int:
    """How many sockets a sandbox has, by the number of its first process; one of TCP counts as TCP_WEIGHT.

    0 if the sandbox has ended.
    """
    all_sockets, tcp, tcp6 = (_count(Path(f"/proc/{first_pid}/net"), *names) for names in SOCKET_COUNTS)
    return all_sockets + (tcp + tcp6) * (TCP_WEIGHT - 1)


def _count(net: Path, file: str, kind: str) -> int:
    try:
        lines = (net / file).read_text().splitlines()
    except OSError:  # the sandbox has ended, or the machine has no IPv6
        return 0
    return sum(int(line.split()[2]) for line in lines if line.startswith(kind))


def count_files(root: Path) -> int:
    """How many files and folders a sandbox with that root has made; 0 if it has ended."""
    try:
        states = [os.statvfs(root / name) for name in WRITABLE]
    except OSError:
        return 0
    return sum(state.f_files - state.f_ffree for state in states)
