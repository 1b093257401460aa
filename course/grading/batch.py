"""Many submissions at once: in processes of this machine, or on a Dask cluster."""

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, CancelledError, Executor, Future, wait
from contextlib import contextmanager
from dataclasses import dataclass, replace

from course.errors import CourseError, GradingError
from course.grading.processes import Stuck, WorkerProcess
from course.grading.task import Outcome, Task
from course.grading.worker import work

ANSWER_SECONDS, JOIN_SECONDS = 20, 60
TRIES = 5  # a task whose worker died is given to another one this often
SPARE_SECONDS = 900  # for all that comes before and after a submission's own time: mending, imports, box and kernel
STUCK = "its grading did not end, although its time was over; please report it"
DIED = "the process that graded it died {tries} times; the machine may be short of memory. Run the grading again."


@dataclass(frozen=True)
class Pool:
    """Where submissions run: so many at a time, each with so many TensorFlow threads, on executors made by `make`."""

    workers: int
    threads: int
    make: Callable[[], Executor]


@contextmanager
def working(tasks: Iterable[Task], pool: Pool) -> Iterator[Iterator[Outcome]]:
    """Begin with the tasks; the outcomes come one by one, each as soon as it is there.

    Each place in the pool has an executor of its own, so that it is known whose worker died: the task is given out
    again, and no other one notices. Only as many tasks are in flight as there are places, so that memory does not grow
    with the class.

    Raises
    ------
    GradingError
        The cluster was lost.
    KernelError
        A worker's machine has no boxes, or the lab's imports fail there.
    """
    waiting, tries = iter(tasks), dict[str, int]()
    free, running = [pool.make() for _ in range(pool.workers)], dict[Future[Outcome], tuple[Task, Executor]]()
    again: list[Task] = []

    def hand_out() -> None:
        while free and (task := next(waiting, None) or (again.pop(0) if again else None)):
            executor = free.pop()
            running[executor.submit(work, replace(task, threads=pool.threads))] = task, executor

    def outcomes() -> Iterator[Outcome]:
        while running:
            finished: list[Outcome] = []
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                task, executor = running.pop(future)
                if not _died(future):
                    free.append(executor)
                    finished.append(future.result())
                    continue
                executor.shutdown(wait=False)
                free.append(pool.make())
                tries[task.student] = tries.get(task.student, 0) + 1
                if reason := _given_up(future.exception(), tries[task.student]):
                    finished.append(Outcome(task.student, "", reason=reason))
                else:
                    again.append(task)
            hand_out()
            yield from finished  # only now, so that the next ones run while these are written down

    try:
        hand_out()
        yield outcomes()
    finally:
        for executor in [*free, *(executor for _, executor in running.values())]:
            executor.shutdown(wait=False)


def _given_up(error: BaseException | None, tries: int) -> str:
    """Why a task whose worker has ended so often, the last time with this error, is not tried again; else empty."""
    if isinstance(error, Stuck):
        return STUCK
    return DIED.format(tries=tries) if tries >= TRIES else ""


def _died(future: Future[Outcome]) -> bool:
    """Whether the worker is gone; other errors are faults of ours and are raised."""
    try:
        error = future.exception()
    except CancelledError as cancelled:
        raise GradingError(
            "The Dask cluster was lost. What is graded is kept: run the same command again."
        ) from cancelled
    if error is None:
        return False
    if isinstance(error, BrokenExecutor) or type(error).__name__ == "KilledWorker":
        return True
    raise error


@contextmanager
def local(
    workers: int | None, tasks: int, seconds: float, prepare: Callable[[int], Callable[[], object]]
) -> Iterator[Pool]:
    """Processes of this machine, one a core if it is not said how many, but no more than tasks; they share its cores.

    They start at once, as they take seconds to import what they need. `prepare` is called here, with the number of
    threads, and what it returns in each of them. A submission may take `seconds`; one that has not ended long after is
    given up.
    """
    cores = os.cpu_count() or 1
    workers = min(workers or cores, tasks)
    threads = max(1, cores // workers)
    first = prepare(threads)

    def start() -> Executor:
        executor = WorkerProcess(seconds + SPARE_SECONDS)
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
