"""Submissions are run again when a worker dies or the machine fails them, but not for ever, and never as a zero."""

from concurrent.futures import BrokenExecutor, Executor, Future
from dataclasses import dataclass, field

import pytest

from course.errors import GradingError, SandboxError
from course.grading.workers import batch
from course.grading.workers.batch import DEATHS, RETRIES, open_batch
from course.grading.workers.job import Outcome
from course.grading.workers.worker_pool import Pool
from course.grading.workers.worker_process import CallTimeout, WorkerUnusable

FAULT = Outcome("", "", fault="The machine failed.")
NO_SANDBOX = SandboxError("A sandbox did not start: bubblewrap gave no reason")


@dataclass(frozen=True)
class Work:
    """A job, as far as a batch knows about it."""

    student: str
    threads: int = 1
    alone: bool = False


@dataclass
class Worker(Executor):
    """Ends the way that `ends` says for a student's next job, after that does it; `seen` are the jobs that it got."""

    ends: dict[str, list[object]]
    seen: list[Work]

    def submit(self, fn, job):
        future = Future()
        self.seen.append(job)
        end = self.ends[job.student].pop(0) if self.ends.get(job.student) else None
        if isinstance(end, Exception):
            future.set_exception(end)
        else:
            future.set_result(end or Outcome(job.student, "digest", executed="{}"))
        return future


@dataclass
class Seen:
    """What was seen of a batch."""

    faults: dict[str, str]
    jobs: list[Work] = field(default_factory=list)

    def times(self, student: str) -> list[bool]:
        """Whether it was alone, each time that this one was run."""
        return [job.alone for job in self.jobs if job.student == student]


STUDENTS = ("anna", "ben", "carl", "dora")


def outcomes(ends: dict[str, list[object]], workers: int = 2, students=STUDENTS) -> Seen:
    jobs, seen = [Work(name) for name in students], Seen({})
    with open_batch(jobs, Pool(workers, 1, lambda: Worker(ends, seen.jobs))) as running:
        found = [(outcome.student, outcome.fault) for outcome in running]
    assert len(found) == len(jobs), "each once"
    seen.faults = dict(zip([job.student for job in jobs], [""] * len(jobs), strict=True)) | dict(found)
    return seen


def test_a_task_whose_worker_died_is_done_by_another():
    found = outcomes({"ben": [BrokenExecutor()] * (DEATHS - 1), "dora": [BrokenExecutor()]})
    assert set(found.faults.values()) == {""}


def test_a_task_whose_workers_always_die_is_given_up_and_the_cause_is_named():
    found = outcomes({"ben": [BrokenExecutor("It was ended by SIGKILL.")] * DEATHS}).faults
    assert found.pop("ben") == batch.DIED.format(times=DEATHS, cause="It was ended by SIGKILL.")
    assert set(found.values()) == {""}


@pytest.mark.parametrize("workers", [1, 2])
def test_a_task_that_does_not_end_is_given_up_at_once(workers):
    found = outcomes({"ben": [CallTimeout()]}, workers).faults
    assert found.pop("ben") == batch.STUCK and set(found.values()) == {""}


def test_workers_that_cannot_start_end_the_run_with_the_reason():
    with pytest.raises(GradingError, match=r"No process that grades can be started: .* ImportError: no numpy"):
        outcomes({"anna": [WorkerUnusable("It has ended with exit code 1. Its last words: ImportError: no numpy")]})


def test_an_error_of_the_machine_ends_the_run():
    with pytest.raises(OSError, match="disk"):
        outcomes({"ben": [OSError("disk")]})


@pytest.mark.parametrize("workers", [1, 2, 4])
@pytest.mark.parametrize("times", range(1, RETRIES + 1))
def test_whom_the_machine_has_failed_is_run_again_alone_at_the_end(workers, times):
    found = outcomes({"ben": [FAULT] * times, "carl": [FAULT]}, workers)
    assert set(found.faults.values()) == {""}
    assert found.times("ben") == [False] + [True] * times and found.times("carl") == [False, True]
    assert [job.alone for job in found.jobs] == [False] * 4 + [True] * (times + 1)


def test_nothing_runs_beside_what_is_run_alone():
    class Careful(Worker):
        running = 0

        def submit(self, fn, job):
            assert not (job.alone and Careful.running), "others run"
            Careful.running += 1
            future = super().submit(fn, job)
            result, later = future.result(), Future()
            later.result = lambda timeout=None: (setattr(Careful, "running", Careful.running - 1), result)[1]
            later.set_result(result)
            return later

    ends, jobs = {"anna": [FAULT, FAULT], "dora": [FAULT]}, [Work(name) for name in STUDENTS]
    with open_batch(jobs, Pool(4, 1, lambda: Careful(ends, []))) as running:
        assert not [outcome.fault for outcome in running if outcome.fault]


def test_whom_the_machine_always_fails_is_not_graded_and_the_others_are():
    found = outcomes({"ben": [Outcome("ben", "", fault="It stood still.")] * 9})
    assert found.faults == {"anna": "", "ben": "It stood still.", "carl": "", "dora": ""}
    assert found.times("ben") == [False] + [True] * RETRIES, "bounded"


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("student", ["anna", "ben"])
def test_a_kernel_that_cannot_be_started_for_one_stops_nobody(workers, student):
    found = outcomes({student: [NO_SANDBOX]}, workers)
    assert set(found.faults.values()) == {""} and found.times(student) == [False, True]
    found = outcomes({student: [NO_SANDBOX] * 9}, workers)
    assert found.faults.pop(student) == str(NO_SANDBOX) and set(found.faults.values()) == {""}


@pytest.mark.parametrize("workers", [1, 2])
def test_the_run_stops_soon_where_no_kernel_can_be_started_at_all(workers):
    seen: list[Work] = []
    jobs = [Work(str(number)) for number in range(100)]
    ends = {job.student: [NO_SANDBOX] * 9 for job in jobs}
    with (
        pytest.raises(SandboxError, match="bubblewrap gave no reason"),
        open_batch(jobs, Pool(workers, 1, lambda: Worker(ends, seen))) as running,
    ):
        list(running)
    assert len(seen) <= 2 * workers + RETRIES
