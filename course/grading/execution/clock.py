"""A clock for limits that assume an idle machine: it stands still while others use the CPUs a submission needs."""

import asyncio
import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

CORES, THROTTLING = Path("/proc/stat"), Path("/sys/fs/cgroup/cpu.stat")
_TICKS = os.sysconf("SC_CLK_TCK")  # in a second of CPU time
QUOTA = -1  # in place of a core's number
MEASURE_SECONDS = 0.5  # between two measurements; in between the clock stands still
PATIENCE = 4  # times as long as on an idle machine, a submission may take on a busy one


def own_process() -> list[Path]:
    """The grader itself, which relays the kernels' messages."""
    return [Path("/proc/self")]


class Clock:
    """The seconds in which a submission ran, or slept of its own accord, or could have run.

    Linux reports for each thread how long it ran, and how long it could have run while others did ("run delay", see
    `schedstat` in proc(5)). Any user may read that, also for processes in containers, and unlike the machine's load it
    measures only what others take: a submission whose own threads compete for all cores loses nothing. Nor does one
    whose processes make each other wait again and again: no more is lost than others have run on its cores.
    """

    def __init__(self, cores: int, patience: float = float("inf")) -> None:
        """Begin at 0, for a submission that has that many cores of its own.

        After `patience` seconds of real time it is `exhausted`.
        """
        self._watched: list[Callable[[], Iterable[Path]]] = [own_process]
        self._start = self._measured_at = time.monotonic()
        self._lost_seconds, self._cores, self._patience = 0.0, cores, patience
        self._thread_times, self._busy, self._core_numbers = thread_times(own_process()), busy_seconds(), set[int]()

    def watch(self, processes: Callable[[], Iterable[Path]]) -> None:
        """Measure more processes from now on; `processes` returns the folders in /proc of those that there are now."""
        self._watched.append(processes)

    def seconds(self) -> float:
        """Seconds since the start, without those that were lost to others."""
        measured_at = time.monotonic()
        if (elapsed := measured_at - self._measured_at) >= MEASURE_SECONDS:
            processes = [list(processes()) for processes in self._watched]
            times = thread_times(process for some in processes for process in some)
            before = [self._thread_times.get(thread, (0, 0)) for thread in times]
            # A thread number that Linux has used again starts from 0.
            ran = sum(max(0, now[0] - then[0]) for now, then in zip(times.values(), before, strict=True)) / 1e9
            waited = sum(max(0, now[1] - then[1]) for now, then in zip(times.values(), before, strict=True)) / 1e9
            others = max(0.0, self._used_on_cores(process for some in processes[1:] for process in some) - ran)
            self._lost_seconds += min(others, lost_seconds(elapsed, ran, waited, self._cores))
            self._measured_at, self._thread_times = measured_at, times
        return self._measured_at - self._start - self._lost_seconds

    def _used_on_cores(self, processes: Iterable[Path]) -> float:
        """CPU seconds that were used since the last measurement on the cores of these processes, by anybody.

        On all cores of the machine if these processes are none. Time in which a quota kept them waiting counts, too.
        """
        if not self._core_numbers:  # no submission can change them (sandbox/seccomp.py)
            self._core_numbers = next(filter(None, map(allowed_cores, processes)), set())
        busy, before = busy_seconds(), self._busy
        self._busy = busy
        counted = (self._core_numbers & busy.keys() or busy.keys() - {QUOTA}) | {QUOTA}
        return sum(busy[core] - before.get(core, 0.0) for core in counted)

    @property
    def exhausted(self) -> bool:
        """Whether it has taken too long, whoever caused it."""
        return time.monotonic() - self._start > self._patience

    async def wait(self, task: "asyncio.Task[Any]", seconds: float) -> None:
        """Wait for a task, that many seconds of this clock at most; the task is not cancelled."""
        deadline = self.seconds() + seconds
        while not task.done() and self.seconds() < deadline and not self.exhausted:
            await asyncio.wait([task], timeout=MEASURE_SECONDS)


def lost_seconds(elapsed: float, ran: float, waited: float, cores: int) -> float:
    """How many of the `elapsed` seconds were lost to others; `ran` and `waited` are summed over all threads.

    All threads together could have had all cores at most. So two threads that each got half of a core on a machine
    with two lost half of the time, and two hundred that had both cores lost none.
    """
    runnable = min(ran + waited, elapsed * cores)
    return min(ran + waited, elapsed) * max(0.0, 1 - ran / runnable) if runnable else 0.0


def busy_seconds() -> dict[int, float]:
    """How long each core of the machine has been in use since its start; under QUOTA, how long a quota made us wait."""
    lines = [line.split() for line in CORES.read_text().splitlines()]
    # user, nice, system, idle, iowait, irq, softirq, steal: see proc(5)
    busy = {
        int(name[3:]): sum(int(ticks) for place, ticks in enumerate(numbers[:8]) if place not in (3, 4)) / _TICKS
        for name, *numbers in lines
        if name.startswith("cpu") and name != "cpu"
    }
    return busy | {QUOTA: throttled_seconds()}


def throttled_seconds() -> float:
    """How long the control group of this container had to wait because of its quota; 0 where there is none."""
    if not THROTTLING.is_file():
        return 0.0
    counts = dict(line.split() for line in THROTTLING.read_text().splitlines())
    return int(counts.get("throttled_usec", 0)) / 1e6


def allowed_cores(process: Path) -> set[int]:
    """The numbers of the cores that a process may use; none if it has just ended."""
    try:
        lines = (process / "status").read_bytes().splitlines()
    except OSError:
        return set()
    (text,) = (line.split()[1].decode() for line in lines if line.startswith(b"Cpus_allowed_list:"))
    spans = [list(map(int, span.split("-"))) for span in text.split(",")]
    return {core for span in spans for core in range(span[0], span[-1] + 1)}


def thread_times(processes: Iterable[Path]) -> dict[str, tuple[int, int]]:
    """How long each thread has run and waited, in nanoseconds, by path; without those that have just ended."""
    times = {}
    for process in processes:
        try:
            threads = os.listdir(process / "task")  # noqa: PTH208 - some hundred times a second
        except OSError:
            continue
        for thread in threads:
            path = f"{process}/task/{thread}/schedstat"
            try:
                with open(path, "rb") as file:  # noqa: PTH123
                    ran, waited, _ = file.read().split()
            except OSError:
                continue  # the other threads of its process count all the same
            times[path] = int(ran), int(waited)
    return times
