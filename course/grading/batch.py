"""Many submissions at once: in processes of this machine, or on a Dask cluster."""

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from multiprocessing import get_context

from course.errors import CourseError
from course.grading.task import Outcome, Task
from course.grading.worker import work

TRIES = 3  # a task whose worker died is given to another one this often
DIED = "the process that graded it died {tries} times; the machine may be short of memory. Run the grading again."

MakeExecutor = Callable[[], Executor]


def outcomes(tasks: Iterable[Task], workers: int, make: MakeExecutor) -> Iterator[Outcome]:
    """Do the tasks, `workers` at a time, and yield each outcome as soon as it is there.

    Only a few tasks are in flight, so that memory does not grow with the class. A worker that dies costs no student
    anything: its task, and those that fell with it, are given out again.
    """
    waiting, tries = iter(tasks), dict[str, int]()
    executor, running = make(), dict[Future[Outcome], Task]()
    again: list[Task] = []
    try:
        while True:
            while len(running) < workers and (task := again.pop() if again else next(waiting, None)) is not None:
                running[_submit(executor, task)] = task
            if not running:
                return
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                task = running.pop(future)
                error = future.exception()
                if error is None:
                    yield future.result()
                elif not _worker_died(error):
                    raise error
                else:
                    tries[task.student] = tries.get(task.student, 0) + 1
                    if tries[task.student] < TRIES:
                        again.append(task)
                    else:
                        yield Outcome(task.student, "", reason=DIED.format(tries=TRIES))
                    executor = _renewed(executor, make)
    finally:
        executor.shutdown(wait=False, cancel_futures=True)


def _submit(executor: Executor, task: Task) -> Future[Outcome]:
    try:
        return executor.submit(work, task)
    except BrokenExecutor as error:
        failed: Future[Outcome] = Future()
        failed.set_exception(error)
        return failed


def _worker_died(error: BaseException) -> bool:
    return isinstance(error, BrokenExecutor) or type(error).__name__ == "KilledWorker"


def _renewed(executor: Executor, make: MakeExecutor) -> Executor:
    """A pool of processes is of no use after one has died; a cluster mends itself."""
    if isinstance(executor, ProcessPoolExecutor):
        executor.shutdown(wait=False, cancel_futures=True)
        return make()
    return executor


@contextmanager
def local(workers: int) -> Iterator[MakeExecutor]:
    """Processes of this machine."""
    yield lambda: ProcessPoolExecutor(workers, mp_context=get_context("spawn"))


@contextmanager
def cluster(scheduler: str) -> Iterator[MakeExecutor]:
    """A Dask cluster, named by its scheduler's address such as tcp://host:8786.

    Raises
    ------
    CourseError
        Dask is not installed, or the scheduler does not answer.
    """
    try:
        from distributed import Client
    except ImportError as error:
        raise CourseError("--scheduler needs Dask: pip install distributed.") from error
    try:
        client = Client(scheduler, timeout="20s")
    except (OSError, TimeoutError) as error:
        raise CourseError(f"No Dask scheduler answers at {scheduler}: {error}. Is it running?") from error
    with client:
        yield lambda: client.get_executor(pure=False, retries=0)


def threads_each(workers: int) -> int:
    """Threads for TensorFlow in each worker's kernel, so that the workers share the cores."""
    return max(1, (os.cpu_count() or 1) // workers)
