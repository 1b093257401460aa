"""A clock for limits that mean a quiet machine: it stands still while a submission waits for a CPU that others have."""

import asyncio
import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

LOOK_SECONDS = 0.5  # between two looks; in between the clock stands still
PATIENCE = 4  # times as long as it may take on a quiet machine, a submission may take on a busy one


def this_process() -> list[Path]:
    """The grader's own part: it passes on what the kernels say."""
    return [Path("/proc/self")]


class Clock:
    """The seconds in which a submission ran, or slept of its own accord, or could have run.

    Linux tells of each thread how long it ran, and how long it could have run while others did ("run delay", see
    `schedstat` in proc(5)). Any user may read that, of processes in containers too, and unlike the load of the machine
    it does not depend on who else is there: a submission that only fights with itself for all cores loses nothing.
    """

    def __init__(self, cores: int, patience: float = float("inf")) -> None:
        """Begin at 0, for a submission that has so many cores of its own.

        After `patience` seconds of the clock on the wall it is `exhausted`.
        """
        self._watched: list[Callable[[], Iterable[Path]]] = [this_process]
        self._began = self._looked = time.monotonic()
        self._lost, self._cores, self._patience = 0.0, cores, patience
        self._known = threads(this_process())

    def watch(self, processes: Callable[[], Iterable[Path]]) -> None:
        """From now on these count, too: a function that gives the folders in /proc of those that there are now."""
        self._watched.append(processes)

    def now(self) -> float:
        """Seconds since the beginning, without those that were lost to others."""
        looked = time.monotonic()
        if (passed := looked - self._looked) >= LOOK_SECONDS:
            known = threads(process for processes in self._watched for process in processes())
            before = [self._known.get(thread, (0, 0)) for thread in known]
            # A number that was given to a new thread begins anew.
            ran = sum(max(0, now[0] - then[0]) for now, then in zip(known.values(), before, strict=True)) / 1e9
            waited = sum(max(0, now[1] - then[1]) for now, then in zip(known.values(), before, strict=True)) / 1e9
            self._lost += lost(passed, ran, waited, self._cores)
            self._looked, self._known = looked, known
        return self._looked - self._began - self._lost

    @property
    def exhausted(self) -> bool:
        """Whether it has taken too long, by whosever fault."""
        return time.monotonic() - self._began > self._patience

    async def wait(self, task: "asyncio.Task[Any]", seconds: float) -> None:
        """Wait for a task for so many seconds of this clock; it goes on."""
        late = self.now() + seconds
        while not task.done() and self.now() < late and not self.exhausted:
            await asyncio.wait([task], timeout=LOOK_SECONDS)


def lost(passed: float, ran: float, waited: float, cores: int) -> float:
    """How much of the time that passed was lost to others, all in seconds; `ran` and `waited` of all threads together.

    What wanted to run could at most have had all cores. So two threads that each got half of a core on a machine of
    two lost half of the time, and two hundred that had both cores lost none.
    """
    wanted = min(ran + waited, passed * cores)
    return min(ran + waited, passed) * max(0.0, 1 - ran / wanted) if wanted else 0.0


def threads(processes: Iterable[Path]) -> dict[str, tuple[int, int]]:
    """How long each thread has run and waited, in nanoseconds; nothing of those that have just ended."""
    found = {}
    for process in processes:
        try:
            for thread in os.listdir(process / "task"):  # noqa: PTH208 - some hundred times a second
                name = f"{process}/task/{thread}/schedstat"
                with open(name, "rb") as file:  # noqa: PTH123
                    ran, waited, _ = file.read().split()
                found[name] = int(ran), int(waited)
        except OSError:
            continue
    return found
