"""Running many submissions at once, and again those that failed by a fault of the machine."""

import logging
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, CancelledError, Executor, Future, wait
from contextlib import contextmanager
from dataclasses import replace

from course.errors import GradingError, KernelError
from course.grading.workers.grade_one import execute_job
from course.grading.workers.job import Job, Outcome
from course.grading.workers.worker_pool import Pool
from course.grading.workers.worker_process import CallTimeout, WorkerUnusable

log = logging.getLogger(__name__)
RETRIES = 2  # times more a submission is run after a fault of the machine, each time with no other beside it
DEATHS = 5  # of workers, after which their job is given up
STUCK = "Its grading did not end, although its time was over; please report it."
DIED = "The process that graded it ended {times} times; the last time: {cause}"


@contextmanager
def open_batch(jobs: Iterable[Job], pool: Pool) -> Iterator[Iterator[Outcome]]:
    """Start the jobs; yields an iterator over the outcomes, each as soon as it is there.

    Raises
    ------
    GradingError
        The cluster was lost, or no worker process can be started.
    KernelError
        No kernel can be started for any submission: there are no sandboxes, or the lab's imports fail.
    """
    batch = Batch(iter(jobs), pool)
    try:
        batch.hand_out()
        yield batch.outcomes()
    finally:
        batch.close()


class Batch:
    """Tasks that are handed out, and those that have to be run again.

    Each place in the pool has an executor of its own, so that it is known whose worker died. Only as many jobs are in
    flight as there are places, so that memory does not grow with the class. A job that the machine has failed is run
    again when all others are done and nothing runs beside it. If no kernel could be started for the first ones, others
    are tried one at a time: the run stops soon where none can be started at all.
    """

    def __init__(self, waiting: Iterator[Job], pool: Pool) -> None:
        """Make the executors; no job is handed out yet."""
        self.waiting, self.pool = waiting, pool
        self.idle = [pool.make() for _ in range(pool.workers)]
        self.running = dict[Future[Outcome], tuple[Job, Executor]]()
        self.retries: list[Job] = []
        self.faults, self.deaths = Counter[str](), Counter[str]()
        self.any_has_run, self.start_errors = False, 0  # start_errors: kernels that could not be started

    def hand_out(self) -> None:
        """Give jobs to the idle workers."""
        while self.idle and (job := self._next()):
            executor = self.idle.pop()
            log.info("%s: handed out%s", job.student, ", with no other beside it" if job.alone else "")
            self.running[executor.submit(execute_job, replace(job, threads=self.pool.threads))] = job, executor

    def _next(self) -> Job | None:
        none_has_started = self.start_errors > 0 and not self.any_has_run
        if self.running and (none_has_started or any(job.alone for job, _ in self.running.values())):
            return None
        if job := next(self.waiting, None):
            return job
        return replace(self.retries.pop(0), alone=True) if self.retries and not self.running else None

    def outcomes(self) -> Iterator[Outcome]:
        """Each outcome as it comes in."""
        while self.running:
            finished: list[Outcome] = []
            for future in wait(self.running, return_when=FIRST_COMPLETED).done:
                job, executor = self.running.pop(future)
                outcome = self._outcome(job, future)
                log_outcome(job, outcome)
                if isinstance(_error(future), BrokenExecutor):
                    executor.shutdown(wait=False)
                    executor = self.pool.make()
                self.idle.append(executor)
                if outcome:
                    finished.append(outcome)
                else:
                    self.retries.append(job)
            self.hand_out()
            yield from finished  # only now, so that the next ones run while these are written down

    def _outcome(self, job: Job, future: "Future[Outcome]") -> Outcome | None:
        """The outcome of a job; None if it is to be run again."""
        error, student = _error(future), job.student
        if isinstance(error, BrokenExecutor):
            self.deaths[student] += 1
            if isinstance(error, CallTimeout):
                return Outcome(student, "", fault=STUCK)
            cause = DIED.format(times=self.deaths[student], cause=error)
            log.warning("%s: %s", student, cause)
            return Outcome(student, "", fault=cause) if self.deaths[student] >= DEATHS else None
        outcome = Outcome(student, "", fault=str(error)) if error else future.result()
        self.any_has_run |= bool(outcome.executed)
        self.start_errors += error is not None
        if error and not self.any_has_run and self.start_errors >= self.pool.workers + RETRIES:
            raise error
        if outcome.fault:
            log.warning("%s: %s", student, outcome.fault)
            self.faults[student] += 1
        return None if outcome.fault and self.faults[student] <= RETRIES else outcome

    def close(self) -> None:
        """End all workers."""
        for executor in [*self.idle, *(executor for _, executor in self.running.values())]:
            executor.shutdown(wait=False)


def log_outcome(job: Job, outcome: Outcome | None) -> None:
    """Log what came of a job; texts of a submission on one line."""
    if outcome is None:
        log.warning("%s: is to be run again", job.student)
    elif outcome.fault:
        log.error("%s: given up: %s %s", job.student, outcome.fault, outcome.error)
    else:
        log.info("%s: run in %s; %s", job.student, outcome.seconds, outcome.reason or outcome.ended or "to its end")
        for incident in (*outcome.cuts, *outcome.incidents):
            log.info("%s: %r", job.student, incident)


def _error(future: "Future[Outcome]") -> BrokenExecutor | KernelError | None:
    """The error of a job whose worker has died, or could start no kernel; other errors are raised."""
    try:
        error = future.exception()
    except CancelledError as cancelled:
        raise GradingError(
            "The Dask cluster was lost. What is graded is kept: run the same command again."
        ) from cancelled
    if type(error).__name__ == "KilledWorker":
        return BrokenExecutor(str(error))
    if isinstance(error, WorkerUnusable):
        raise GradingError(f"No process that grades can be started: {error}") from error
    if error is None or isinstance(error, BrokenExecutor | KernelError):
        return error
    raise error
