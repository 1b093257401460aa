"""Where submissions run: in processes of this machine, or on a Dask cluster."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from course import logs
from course.errors import CourseError
from course.grading.execution.clock import PATIENCE
from course.grading.workers.worker_process import WorkerProcess

ANSWER_SECONDS, JOIN_SECONDS = 20, 60
SPARE_SECONDS = 900  # for all that comes before and after a submission's own time: mending, imports, sandbox and kernel


@dataclass(frozen=True)
class Pool:
    """Where submissions run: so many at a time, each with so many TensorFlow threads, on executors made by `make`."""

    workers: int
    threads: int
    make: Callable[[], Executor]


@contextmanager
def local(
    workers: int | None, jobs: int, seconds: float, prepare: Callable[[int], Callable[[], object]]
) -> Iterator[Pool]:
    """Processes of this machine, one a core if it is not said how many, but no more than jobs; they share its cores.

    They start at once, as they take seconds to import what they need. `prepare` is called here, with the number of
    threads, and what it returns in each of them. A submission may take `seconds`, on a busy machine some times as long;
    one that has not ended long after is given up.
    """
    cores = os.cpu_count() or 1
    workers = min(workers or cores, jobs)
    threads = max(1, cores // workers)
    first = prepare(threads)

    def start() -> Executor:
        executor = WorkerProcess(PATIENCE * seconds + SPARE_SECONDS)
        for file in logs.log_files():
            executor.submit(partial(logs.join_log, file))
        executor.submit(first)
        return executor

    ready = [start() for _ in range(workers)]
    try:
        yield Pool(workers, threads, lambda: ready.pop() if ready else start())
    finally:
        for executor in ready:
            executor.shutdown(wait=False)


@contextmanager
def cluster(scheduler: str, workers: int | None) -> Iterator[Pool]:
    """A Dask cluster, named by its scheduler's address such as tcp://host:8786; all its threads if not said how many.

    Raises
    ------
    CourseError
        The scheduler does not answer, or no worker joins it within a minute.
    """
    from distributed import Client

    try:
        client = Client(scheduler, timeout=ANSWER_SECONDS)
    except (OSError, TimeoutError, ValueError) as error:
        raise CourseError(f"No Dask scheduler answers at {scheduler}: {error}. Is it running?") from error
    with client:
        try:
            client.wait_for_workers(1, timeout=JOIN_SECONDS)
        except TimeoutError as error:
            raise CourseError(f"The Dask scheduler at {scheduler} has no worker. Start one: dask worker.") from error
        yield Pool(workers or sum(client.nthreads().values()), 1, lambda: client.get_executor(pure=False, retries=0))
