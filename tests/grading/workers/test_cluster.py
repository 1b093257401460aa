"""A Dask cluster gives the same grades as this machine's own processes, byte by byte."""

import json
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import nbformat
import psutil
import pytest
from light import light_course

from course.errors import CourseError
from course.grading import demo, grade
from course.grading.gradebook.cache import REPORT
from course.grading.options import Options
from course.grading.workers import worker_pool
from course.inbox import submissions
from course.labs.prepare import prepare_lab

pytestmark = pytest.mark.kernel

COURSE = light_course()
LIGHT = COURSE.labs[0]
DASK = [str(Path(sys.executable).with_name("dask"))]
QUIET = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


@contextmanager
def scheduler(folder: Path, workers: int):
    """A scheduler and workers as processes of their own, each worker in a folder of its own; yields the address."""
    file = folder / "scheduler.json"
    options = ["--scheduler-file", str(file)]
    commands = [["scheduler", *options, "--host", "127.0.0.1", "--port", "0", "--no-dashboard"]]
    worker = ["worker", *options, "--nthreads", "1", "--no-dashboard", "--local-directory", str(folder)]
    commands += [worker] * workers
    started = []
    try:
        for command in commands:
            started.append(psutil.Popen([*DASK, *command], cwd=folder, **QUIET))
            while not (file.exists() and file.read_text("utf-8")):  # it is there before it is written
                assert started[0].poll() is None, "the scheduler did not start"
                time.sleep(0.05)
        yield json.loads(file.read_text("utf-8"))["address"]
    finally:
        family = [process for first in started for process in (first, *first.children(recursive=True))]
        for process in family:
            process.kill()
        psutil.wait_procs(family, timeout=20)


def make_class(folder: Path) -> None:
    blank = nbformat.read(COURSE.released(LIGHT), as_version=4)
    model = demo.model_answers(prepare_lab(COURSE, LIGHT))
    for count in (0, 3, 6, len(model)):
        answers = dict(list(model.items())[:count])
        demo.hand_in(folder, LIGHT, f"student{count}", demo.fill_in(blank, answers))
    demo.submission_path(folder, LIGHT, "broken").parent.mkdir(parents=True)


def graded(folder: Path, **options):
    make_class(folder)
    found = submissions.require_submissions(folder, LIGHT)
    results = grade.grade(COURSE, LIGHT, folder, found, lambda student: None, Options(**options))
    return [(result.student, result.status, result.by_test, result.notes, result.review) for result in results]


def written(folder: Path) -> dict[str, object]:
    """What grading wrote, without the database and without the times in the reports."""
    found: dict[str, object] = {}
    for step in ("mended", "executed", "feedback"):
        for path in sorted((folder / step).rglob("*.*")):
            content = path.read_bytes()
            found[str(path.relative_to(folder))] = content
            if path.name == REPORT:
                found[str(path.relative_to(folder))] = json.loads(content) | {"seconds": None}
    return found


def test_a_cluster_writes_what_local_processes_write(tmp_path):
    here, there = tmp_path / "here", tmp_path / "there"
    expected = graded(here, workers=1)
    assert len({str(by_test) for _, _, by_test, _, _ in expected}) == 5
    with scheduler(tmp_path, workers=2) as address:
        assert graded(there, scheduler=address) == expected
    files = written(there)
    assert len(files) > 12 and files == written(here)


def test_a_scheduler_that_is_not_there(monkeypatch):
    monkeypatch.setattr(worker_pool, "ANSWER_SECONDS", 1)
    expected = r"No Dask scheduler answers at tcp://127\.0\.0\.1:9: .*Is it running"
    with pytest.raises(CourseError, match=expected), worker_pool.cluster_pool("tcp://127.0.0.1:9", None):
        pass


def test_a_scheduler_without_workers(monkeypatch, tmp_path):
    monkeypatch.setattr(worker_pool, "JOIN_SECONDS", 1)
    running, refused = scheduler(tmp_path, workers=0), pytest.raises(CourseError, match="has no worker")
    with running as address, refused, worker_pool.cluster_pool(address, None):
        pass
