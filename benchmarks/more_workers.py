"""How a class gets faster with more workers than this machine has cores: a simulation in which workers sleep.

A worker of the simulation sleeps for as long as one of a few submissions took, measured here one at a time, and gives
what came of that. All that the main process does is done: it reads submissions, hands them out, takes what comes back
as bytes, writes files and the gradebook. So a simulation shows from how many workers on the main process is what a
class waits for. It leaves out what workers on one machine take from each other, and the students' pages, which are made
afterwards by a process a core.
"""

import os
import pickle
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from itertools import cycle
from pathlib import Path
from statistics import mean
from typing import Any

from benchmarks.grading import ShowStatus, hand_in_class
from course.config import Course, Lab
from course.grading.derive import Grading
from course.grading.execution.make_spec import make_spec
from course.grading.grade import grade, register_lab
from course.grading.gradebook import cache
from course.grading.options import Options
from course.grading.run_submissions import run_and_keep
from course.grading.store_outcome import store_outcome
from course.grading.workers.job import Job, Outcome
from course.grading.workers.worker_pool import Pool
from course.inbox import submissions
from course.nbgrader_api import load_config, nbgrader_in, without_library_warnings

MEASURED = 8  # submissions whose times the workers sleep
EACH = 20  # submissions for each worker, so that beginning and end count for little
REAL, SIMULATED = (1, 2), (1, 2, 4, 8, 16, 32, 64)


@dataclass(frozen=True)
class Throughput:
    """A class run by so many workers: seconds in all, and of the main process's CPU; `ideal` is without waiting."""

    workers: int
    submissions: int
    seconds: float
    main_seconds: float
    ideal: float
    simulated: bool


class SleepingWorker(ThreadPoolExecutor):
    """Does not run a submission, but sleeps as long as one took, and gives its outcome as bytes, as a process does."""

    def __init__(self, outcomes: Sequence[Outcome]) -> None:
        """Sleep as these took, one after the other."""
        super().__init__(1)
        self.outcomes = cycle(outcomes)

    def submit(self, function: Callable[..., Any], /, job: Job) -> Future[Outcome]:  # type: ignore[override]
        """Take a job as bytes, whatever is to be done with it."""
        return super().submit(self.sleep, pickle.dumps(job))

    def sleep(self, data: bytes) -> Outcome:
        """Sleep, then give the outcome."""
        job, outcome = pickle.loads(data), next(self.outcomes)
        time.sleep(sum(outcome.seconds.values()))
        made: Outcome = pickle.loads(pickle.dumps(replace(outcome, student=job.student, digest=job.digest)))
        return made


def measure(course: Course, lab: Lab, show_status: ShowStatus) -> list[Throughput]:
    """Classes of solved submissions: run by the workers that this machine has cores for, then by those that sleep."""
    show_status(f"{MEASURED} submissions, one at a time")
    with tempfile.TemporaryDirectory() as scratch:
        outcomes = run_one_at_a_time(course, lab, Path(scratch))
    each = mean(sum(outcome.seconds.values()) for outcome in outcomes)
    rows = []
    for workers in REAL:
        if workers <= (os.cpu_count() or 1):
            show_status(f"{workers} workers")
            with tempfile.TemporaryDirectory() as scratch:
                rows.append(run_class(course, lab, Path(scratch), workers, each))
    for workers in SIMULATED:
        show_status(f"{workers} workers that sleep")
        with tempfile.TemporaryDirectory() as scratch:
            rows.append(simulate_class(course, lab, Path(scratch), workers, outcomes, each))
    return rows


def run_one_at_a_time(course: Course, lab: Lab, folder: Path) -> list[Outcome]:
    """Outcomes of solved submissions, each run with no other beside it, with their notebooks."""
    students = hand_in_class(course, lab, folder, MEASURED)
    handed_in = submissions.require_submissions(folder, lab)
    grade(course, lab, folder, handed_in, lambda student: None, Options(workers=1))
    return [outcome_with_notebooks(folder, lab, student) for student in students]


def outcome_with_notebooks(folder: Path, lab: Lab, student: str) -> Outcome:
    """An outcome as the worker gave it."""
    outcome = cache.find_outcome(folder, lab.name, student)
    assert outcome, f"{student} was not run"
    paths = (cache.step_folder(folder, step, student, lab.name) for step in (cache.MENDED, cache.EXECUTED))
    mended, executed = ((path / f"{lab.name}.ipynb").read_text("utf-8") for path in paths)
    return replace(outcome, mended=mended, executed=executed)


def run_class(course: Course, lab: Lab, folder: Path, workers: int, each: float) -> Throughput:
    """Grade a class with workers of this machine; from the first outcome on, so without the start of the workers."""
    count, reached = EACH * workers, list[tuple[float, float]]()
    hand_in_class(course, lab, folder, count)
    handed_in = submissions.require_submissions(folder, lab)

    def advance(student: str) -> None:
        reached.append((time.monotonic(), time.process_time()))

    grade(course, lab, folder, handed_in, advance, Options(workers=workers))
    (start, cpu), (end, cpu_at_end) = reached[workers - 1], reached[-1]
    done = count - workers
    return Throughput(workers, done, end - start, cpu_at_end - cpu, done * each / workers, simulated=False)


def simulate_class(
    course: Course, lab: Lab, folder: Path, workers: int, outcomes: Sequence[Outcome], each: float
) -> Throughput:
    """Let workers sleep through a class, and store what comes of it."""
    count = EACH * workers
    hand_in_class(course, lab, folder, count)
    handed_in = submissions.require_submissions(folder, lab)
    spec, api = make_spec(course, lab), nbgrader_in(folder, load_config(course.root))
    register_lab(api, lab)
    grading = Grading(api, course, lab, folder, handed_in)
    pool = Pool(workers, 1, lambda: SleepingWorker(outcomes))
    start, cpu = time.monotonic(), time.process_time()
    with (
        without_library_warnings(),
        run_and_keep(spec, handed_in, folder, Options(), pool) as found,
        api.gradebook as gradebook,
    ):
        for outcome in found:
            store_outcome(grading, gradebook, outcome)
    seconds, main_seconds = time.monotonic() - start, time.process_time() - cpu
    return Throughput(workers, count, seconds, main_seconds, count * each / workers, simulated=True)


def values(lab: Lab, rows: Sequence[Throughput]) -> dict[str, Any]:
    """What is kept of it."""
    return {"lab": lab.name, "rows": [asdict(row) for row in rows]}
