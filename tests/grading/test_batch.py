"""Submissions are given out again when a worker dies, but not for ever."""

from concurrent.futures import BrokenExecutor, Executor, Future
from dataclasses import dataclass

import pytest

from course.grading import batch
from course.grading.batch import TRIES, Pool, working
from course.grading.processes import Stuck
from course.grading.task import Outcome


@dataclass(frozen=True)
class Work:
    """A task, as far as a batch knows about it."""

    student: str
    threads: int = 1


@dataclass
class Worker(Executor):
    """Ends the way that `ends` says for a student's next task; later than that, does the task."""

    ends: dict[str, list[Exception]]

    def submit(self, fn, task):
        future = Future()
        if ends := self.ends.get(task.student):
            future.set_exception(ends.pop(0))
        else:
            future.set_result(Outcome(task.student, "digest"))
        return future


def outcomes(ends: dict[str, list[Exception]], workers: int = 2) -> dict[str, str]:
    tasks = [Work(name) for name in ("anna", "ben", "carl", "dora")]
    with working(tasks, Pool(workers, 1, lambda: Worker(ends))) as running:
        found = [(outcome.student, outcome.reason) for outcome in running]
    assert len(found) == len(tasks), "each once"
    return dict(found)


def test_a_task_whose_worker_died_is_done_by_another():
    found = outcomes({"ben": [BrokenExecutor()] * (TRIES - 1), "dora": [BrokenExecutor()]})
    assert set(found.values()) == {""}


def test_a_task_whose_workers_always_die_is_given_up():
    found = outcomes({"ben": [BrokenExecutor()] * TRIES})
    assert found.pop("ben") == batch.DIED.format(tries=TRIES) and set(found.values()) == {""}


@pytest.mark.parametrize("workers", [1, 2])
def test_a_task_that_does_not_end_is_given_up_at_once(workers):
    found = outcomes({"ben": [Stuck()]}, workers)
    assert found.pop("ben") == batch.STUCK and set(found.values()) == {""}


def test_an_error_of_the_machine_ends_the_run():
    with pytest.raises(OSError, match="disk"):
        outcomes({"ben": [OSError("disk")]})
