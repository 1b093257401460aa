"""The same work for many arguments, on all cores of this machine."""

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

from course.grading.workers.worker_process import end_with_the_parent
from course.text import logs

Returned = TypeVar("Returned")


def in_processes(work: Callable[..., Returned], calls: Sequence[tuple[object, ...]]) -> Iterator[tuple[int, Returned]]:
    """Call `work` with each tuple of arguments, in one process per core; yield number and result as each ends.

    What `work` raises is raised here, and calls that have not started are dropped. A single call needs no process.
    """
    if len(calls) == 1:
        yield 0, work(*calls[0])
        return
    context = get_context("spawn")
    with ProcessPoolExecutor(os.cpu_count(), context, initializer=_prepare, initargs=(logs.log_files(),)) as pool:
        numbers = {pool.submit(work, *call): number for number, call in enumerate(calls)}
        try:
            for future in as_completed(numbers):
                yield numbers[future], future.result()
        finally:
            pool.shutdown(cancel_futures=True)


def _prepare(log_files: Sequence[Path]) -> None:
    """Write to the log of the process that started this one, and end with it; that alone is stopped by Ctrl-C."""
    end_with_the_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for file in log_files:
        logs.join_log(file)
