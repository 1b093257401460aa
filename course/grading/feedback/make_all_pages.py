"""Many pages at once: in processes that can be killed without harm, or here if they are few."""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, wait
from contextlib import ExitStack

from course.grading.feedback.make_page import PageJob, make_page
from course.grading.workers.worker_process import WorkerProcess

_FEWEST = 12  # pages for which processes are started: until one has begun, as many are made here
PAGE_SECONDS = 600  # after which a page is given up; the slowest takes some seconds


def make_pages(jobs: Sequence[PageJob], workers: int | None = None, few: int = _FEWEST) -> Iterator[tuple[str, str]]:
    """Make the pages; yields each student, with why there is no page, or nothing.

    `workers` processes make them, one a core if None and at most; up to `few` pages are made here.
    """
    if len(jobs) <= few:
        yield from ((job.student, make_page(job)) for job in jobs)
        return
    waiting = iter(jobs)
    with ExitStack() as started:

        def start() -> WorkerProcess:
            process = WorkerProcess(PAGE_SECONDS)
            started.callback(process.shutdown, wait=False)
            return process

        running = dict[Future[str], tuple[PageJob, WorkerProcess]]()
        cores = os.cpu_count() or 1
        idle = [start() for _ in range(min(workers or cores, cores, len(jobs)))]
        while True:
            while idle and (job := next(waiting, None)):
                process = idle.pop()
                running[process.submit(make_page, job)] = job, process
            if not running:
                return
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                job, process = running.pop(future)
                problem, usable = _result(future)
                idle.append(process if usable else start())
                yield job.student, problem


def _result(future: "Future[str]") -> tuple[str, bool]:
    """Why a page failed, or nothing, and whether its process can make another one."""
    error = future.exception()
    if isinstance(error, BrokenExecutor):
        return str(error), False
    if error:
        raise error
    return future.result(), True
