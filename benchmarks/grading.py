"""How fast a class is graded: against plain nbgrader, where the time of a submission goes, and how that grows."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import mean
from typing import Any

import nbformat
import psutil

from benchmarks.memory import MemoryUse
from course.config import Course, Lab
from course.errors import CourseError
from course.grading.demo import fill_in, hand_in, model_answers
from course.grading.grade import grade
from course.grading.gradebook import cache
from course.grading.options import Options
from course.inbox import submissions
from course.labs.prepare import prepare_lab
from course.text.files import write_text

CLASS, MANY = 12, 200
MILESTONES, STEP = 10, 50  # the way through a large class is told in so many steps, none shorter
ROUNDS = 2  # in turn, as machines are not equally fast at all times
WAYS = {
    "plain nbgrader autograde": None,
    "in sandboxes, parameters as handed out": Options(full_size=True),
    "without sandboxes, parameters as handed out": Options(full_size=True, trust=True),
    "in sandboxes, grading budget": Options(),
}
OWN_STAGES = ("mend", "sandbox", "runner")  # stages that plain nbgrader does not have
PLAIN_CONFIG = """c = get_config()
c.CourseDirectory.course_id = "plain"
c.Execute.timeout = 300
"""
ShowStatus = Callable[[str], None]


@dataclass(frozen=True)
class TimedRun:
    """One way to grade a class: seconds in all, and by stage the mean seconds of a submission."""

    what: str
    seconds: float
    stages: dict[str, float]


@dataclass(frozen=True)
class Milestone:
    """A point on the way through a class: seconds since the start, and the main process's memory and CPU seconds."""

    graded: int
    seconds: float
    main_mib: float
    main_seconds: float


def throughput(course: Course, lab: Lab, show_status: ShowStatus) -> list[TimedRun]:
    """The same class graded by plain nbgrader and in the ways that this course offers, each the faster of two times."""
    fastest: dict[str, TimedRun] = {}
    for number in range(1, ROUNDS + 1):
        for way, options in WAYS.items():
            show_status(f"{way}, round {number} of {ROUNDS}")
            with tempfile.TemporaryDirectory() as scratch:
                timed = (
                    grade_here(course, lab, Path(scratch), way, options)
                    if options
                    else grade_by_nbgrader(course, lab, Path(scratch), way)
                )
            fastest[way] = min(timed, fastest.get(way, timed), key=lambda run: run.seconds)
    return list(fastest.values())


def hand_in_class(course: Course, lab: Lab, folder: Path, count: int) -> list[str]:
    """Solved submissions of so many students."""
    blank = nbformat.read(course.released(lab), as_version=4)
    solved = fill_in(blank, model_answers(prepare_lab(course, lab)))
    students = [f"student{number:03}" for number in range(count)]
    for student in students:
        hand_in(folder, lab, student, solved)
    return students


def grade_by_nbgrader(course: Course, lab: Lab, folder: Path, way: str) -> TimedRun:
    """One `nbgrader autograde` with nbgrader's own settings, run without a sandbox.

    Raises
    ------
    CourseError
        nbgrader failed, or graded only some.
    """
    hand_in_class(course, lab, folder, CLASS)
    write_text(folder / "nbgrader_config.py", PLAIN_CONFIG)
    write_text(folder / "source" / lab.name / f"{lab.name}.ipynb", nbformat.writes(prepare_lab(course, lab)))
    _nbgrader(folder, "generate_assignment", lab.name)
    start = time.monotonic()
    _nbgrader(folder, "autograde", lab.name)
    seconds = time.monotonic() - start
    graded = len(list((folder / "autograded").glob(f"*/{lab.name}/{lab.name}.ipynb")))
    if graded != CLASS:
        raise CourseError(f"nbgrader graded {graded} of {CLASS} submissions.")
    return TimedRun(way, seconds, {})


def _nbgrader(folder: Path, *arguments: str) -> None:
    command = [str(Path(sys.executable).with_name("nbgrader")), *arguments]
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = os.environ | {"PATH": path, "TF_CPP_MIN_LOG_LEVEL": "3"}
    process = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if process.returncode:
        raise CourseError(f"{' '.join(arguments)} failed: {process.stderr[-1000:]}")


def grade_here(course: Course, lab: Lab, folder: Path, way: str, options: Options, count: int = CLASS) -> TimedRun:
    """Grade a class of so many and add up where the time went.

    Raises
    ------
    CourseError
        A solved submission did not get full marks: then the time is worth nothing.
    """
    students = hand_in_class(course, lab, folder, count)
    handed_in = submissions.require_submissions(folder, lab)
    start = time.monotonic()
    results = grade(course, lab, folder, handed_in, lambda student: None, options)
    seconds = time.monotonic() - start
    if failed := next((result for result in results if result.tests != result.max_tests), None):
        raise CourseError(f"{way}: {failed.student} got {failed.tests:g} of {failed.max_tests:g}. {failed.reason}")
    reports = [cache.find_outcome(folder, lab.name, student) for student in students]
    spent = [report.seconds for report in reports if report]
    return TimedRun(
        way,
        seconds,
        {stage: round(mean(seconds_by_stage[stage] for seconds_by_stage in spent), 2) for stage in spent[0]},
    )


def large_class(
    course: Course, lab: Lab, show_status: ShowStatus, count: int = MANY, kills: int = 0, scheduler: str | None = None
) -> tuple[list[Milestone], float]:
    """Grade a large class: milestones at the first submission, on the way and at the end; seconds to do so again.

    Amid it, `kills` worker processes are killed. `scheduler` is the address of a Dask cluster to use.

    Raises
    ------
    CourseError
        A solved submission did not get full marks, or the grades were others the second time; or workers of a cluster
        are to be killed.
    """
    if kills and scheduler:
        raise CourseError("Workers of a Dask cluster are no processes of this one: leave out --kills.")
    milestones: list[Milestone] = []
    step = max(STEP, count // MILESTONES)
    kill_at = {count * number // (kills + 1) for number in range(1, kills + 1)}
    with tempfile.TemporaryDirectory() as scratch:
        hand_in_class(course, lab, Path(scratch), count)
        handed_in = submissions.require_submissions(Path(scratch), lab)
        start, cpu, graded = time.monotonic(), time.process_time(), 0

        def note(done: int) -> None:
            memory = psutil.Process().memory_info().rss / 2**20
            seconds, main_seconds = time.monotonic() - start, time.process_time() - cpu
            milestones.append(Milestone(done, round(seconds, 1), round(memory, 1), round(main_seconds, 2)))

        def advance(student: str) -> None:
            nonlocal graded
            graded += 1
            if graded == 1 or graded % step == 0:
                note(graded)
                show_status(f"{graded} of {count}")
            if graded in kill_at:
                kill_a_worker()

        results = grade(course, lab, Path(scratch), handed_in, advance, Options(scheduler=scheduler))
        note(count)  # with the pages, which come last
        show_status("the same class again")
        start = time.monotonic()
        again = grade(course, lab, Path(scratch), handed_in, lambda student: None, Options(scheduler=scheduler))
        seconds = time.monotonic() - start
    if len(results) != count or again != results or any(result.tests != result.max_tests for result in results):
        raise CourseError("Not every solved submission got full marks, both times.")
    return milestones, round(seconds, 1)


def kill_a_worker() -> None:
    """Kill one of this process's workers, whatever it is doing."""
    workers = [child for child in psutil.Process().children() if any("spawn_main" in word for word in child.cmdline())]
    workers[0].kill()


def overhead(timed: Sequence[TimedRun]) -> float:
    """The share of a submission's time that goes into mending, making the sandboxes, and the kernel of the tests.

    So does what a kernel takes longer to end in a sandbox than without one.
    """
    sandboxed, trusted = timed[1].stages, timed[2].stages
    extra_seconds = sum(sandboxed[stage] for stage in OWN_STAGES) + sandboxed["end"] - trusted["end"]
    return extra_seconds / sum(sandboxed.values())


def throughput_values(lab: Lab, timed: Sequence[TimedRun], memory: Sequence[MemoryUse]) -> dict[str, Any]:
    """What is kept of `throughput` and of `benchmarks.memory.memory`."""
    ways, used = [asdict(entry) for entry in timed], [asdict(entry) for entry in memory]
    return {"lab": lab.name, "students": CLASS, "ways": ways, "overhead": overhead(timed), "memory": used}


def large_class_values(lab: Lab, reached: Sequence[Milestone], again: float, kills: int = 0) -> dict[str, Any]:
    """What is kept of `large_class`."""
    points = [asdict(milestone) for milestone in reached]
    return {"lab": lab.name, "reached": points, "again_seconds": again, "kills": kills}
