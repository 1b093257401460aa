"""A clock for limits that assume an idle machine: it stands still while others use the CPUs a submission needs."""

import asyncio
import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

MEASURE_SECONDS = 0.5  # between two measurements; in between the clock stands still
PATIENCE = 4  # times as long as on an idle machine, a submission may take on a busy one


def own_process() -> list[Path]:
    """The grader itself, which relays the kernels' messages."""
    return [Path("/proc/self")]


class Clock:
    """The seconds in which a submission ran, or slept of its own accord, or could have run.

    Linux reports for each thread how long it ran, and how long it could have run while others did ("run delay", see
    `schedstat` in proc(5)). Any user may read that, also for processes in containers, and unlike the machine's load it
    measures only what others take: a submission whose own threads compete for all cores loses nothing.
    """

    def __init__(self, cores: int, patience: float = float("inf")) -> None:
        """Begin at 0, for a submission that has that many cores of its own.

        After `patience` seconds of real time it is `exhausted`.
        """
        self._watched: list[Callable[[], Iterable[Path]]] = [own_process]
        self._start = self._measured_at = time.monotonic()
        self._lost_seconds, self._cores, self._patience = 0.0, cores, patience
        self._thread_times = thread_times(own_process())

    def watch(self, processes: Callable[[], Iterable[Path]]) -> None:
        """Measure more processes from now on; `processes` returns the folders in /proc of those that there are now."""
        self._watched.append(processes)

    def now(self) -> float:
        """Seconds since the start, without those that were lost to others."""
        measured_at = time.monotonic()
        if (elapsed := measured_at - self._measured_at) >= MEASURE_SECONDS:
            times = thread_times(process for processes in self._watched for process in processes())
            before = [self._thread_times.get(thread, (0, 0)) for thread in times]
            # A thread number that Linux has used again starts from 0.
            ran = sum(max(0, now[0] - then[0]) for now, then in zip(times.values(), before, strict=True)) / 1e9
            waited = sum(max(0, now[1] - then[1]) for now, then in zip(times.values(), before, strict=True)) / 1e9
            self._lost_seconds += lost_seconds(elapsed, ran, waited, self._cores)
            self._measured_at, self._thread_times = measured_at, times
        return self._measured_at - self._start - self._lost_seconds

    @property
    def exhausted(self) -> bool:
        """Whether it has taken too long, whoever caused it."""
        return time.monotonic() - self._start > self._patience

    async def wait(self, task: "asyncio.Task[Any]", seconds: float) -> None:
        """Wait for a task, that many seconds of this clock at most; the task is not cancelled."""
        deadline = self.now() + seconds
        while not task.done() and self.now() < deadline and not self.exhausted:
            await asyncio.wait([task], timeout=MEASURE_SECONDS)


def lost_seconds(elapsed: float, ran: float, waited: float, cores: int) -> float:
    """How many of the `elapsed` seconds were lost to others; `ran` and `waited` are summed over all threads.

    All threads together could have had all cores at most. So two threads that each got half of a core on a machine
    with two lost half of the time, and two hundred that had both cores lost none.
    """
    runnable = min(ran + waited, elapsed * cores)
    return min(ran + waited, elapsed) * max(0.0, 1 - ran / runnable) if runnable else 0.0


def thread_times(processes: Iterable[Path]) -> dict[str, tuple[int, int]]:
    """How long each thread has run and waited, in nanoseconds, by path; without those that have just ended."""
    times = {}
    for process in processes:
        try:
            for thread in os.listdir(process / "task"):  # noqa: PTH208 - some hundred times a second
                path = f"{process}/task/{thread}/schedstat"
                with open(path, "rb") as file:  # noqa: PTH123
                    ran, waited, _ = file.read().split()
                times[path] = int(ran), int(waited)
        except OSError:
            continue
    return times
