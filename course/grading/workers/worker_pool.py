"""Where submissions run: in processes of this machine, or on a Dask cluster."""

import logging
import os
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from course.errors import CourseError
from course.grading.execution.clock import PATIENCE
from course.grading.workers.worker_process import WorkerProcess
from course.text import logs

log = logging.getLogger(__name__)
ANSWER_SECONDS, JOIN_SECONDS = 20, 60
SPARE_SECONDS = 900  # for all that comes before and after a submission's own time: mending, imports, sandbox and kernel


@dataclass(frozen=True)
class Pool:
    """Runs `workers` submissions at a time, each with `threads` TensorFlow threads, on executors made by `make`."""

    workers: int
    threads: int
    make: Callable[[], Executor]


@contextmanager
def local_pool(
    workers: int | None, jobs: int, seconds: float, prepare: Callable[[int], Callable[[], object]]
) -> Iterator[Pool]:
    """Processes of this machine, which share its cores: `workers`, or one for each core, but no more than jobs.

    They start at once, as they take seconds to import what they need. `prepare` is called here, with the number of
    threads, and what it returns is called in each process. A submission may take `seconds`, and several times that on
    a busy machine; one that has not ended long after is given up.
    """
    cores = os.cpu_count() or 1
    workers = min(workers or cores, jobs)
    threads = max(1, cores // workers)
    initialise = prepare(threads)

    def start() -> Executor:
        executor = WorkerProcess(PATIENCE * seconds + SPARE_SECONDS)
        calls: list[Callable[[], object]] = [partial(logs.join_log, file) for file in logs.log_files()]
        for call in [*calls, initialise]:
            executor.submit(call).add_done_callback(log_failure)
        return executor

    executors = [start() for _ in range(workers)]
    try:
        yield Pool(workers, threads, lambda: executors.pop() if executors else start())
    finally:
        for executor in executors:
            executor.shutdown(wait=False)


def log_failure(started: Future[object]) -> None:
    """Log why a process could not be made ready; it may grade all the same, only slower or without a log."""
    if not started.cancelled() and (error := started.exception()):
        log.warning("a worker process was not made ready: %s: %s", type(error).__name__, error)


@contextmanager
def cluster_pool(scheduler: str, workers: int | None) -> Iterator[Pool]:
    """A Dask cluster at a scheduler's address such as tcp://host:8786; uses all its threads unless `workers` is set.

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
