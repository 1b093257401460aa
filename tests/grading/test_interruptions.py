"""Grading that is killed and run again ends like grading that was left in peace."""

import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import nbformat
import psutil
import pytest
from light import light_course

from course.grading import demo
from course.grading.gradebook.cache import EXECUTED, REPORT
from course.labs.prepare import prepare_lab

pytestmark = pytest.mark.kernel

COURSE = light_course()
LIGHT = COURSE.labs[0]
KILLS = 6
GRADES = """
    SELECT student.id, base_cell.name, grade.auto_score, grade.manual_score, grade.extra_credit,
           grade.needs_manual_grade
    FROM grade JOIN base_cell ON grade.cell_id = base_cell.id
    JOIN submitted_notebook ON grade.notebook_id = submitted_notebook.id
    JOIN submitted_assignment ON submitted_notebook.assignment_id = submitted_assignment.id
    JOIN student ON submitted_assignment.student_id = student.id
    ORDER BY 1, 2
"""


def make_class(folder: Path) -> None:
    blank = nbformat.read(COURSE.released(LIGHT), as_version=4)
    model = demo.model_answers(prepare_lab(COURSE, LIGHT))
    for number in range(3 * len(model)):
        answers = dict(list(model.items())[: number // 3])
        demo.hand_in(folder, LIGHT, f"student{number:02}", demo.fill_in(blank, answers))
    broken = demo.submission_path(folder, LIGHT, "broken")
    broken.parent.mkdir(parents=True)
    broken.write_text("{", encoding="utf-8")


@contextmanager
def grading(folder: Path) -> Iterator[psutil.Popen]:
    """A run of the grading; at the end of the context, nothing of it is left."""
    program = "from course.cli import main; main()"
    # Who started the tests from a script, in its background, has them ignore interrupts, and all that they start.
    can_be_interrupted = ["env", "--default-signal=INT"]
    command = [*can_be_interrupted, sys.executable, "-c", program, "grade", LIGHT.name, "--folder", str(folder)]
    with (folder / "problems.txt").open("w") as problems:
        process = psutil.Popen(command, cwd=COURSE.root, stdout=subprocess.DEVNULL, stderr=problems)
    try:
        yield process
    finally:
        if process.poll() is None:
            for one in (*process.children(recursive=True), process):
                one.kill()
            process.wait()


def finish(folder: Path, process: psutil.Popen) -> None:
    assert process.wait(timeout=300) == 0, (folder / "problems.txt").read_text("utf-8")


def grades(folder: Path) -> list[tuple]:
    with closing(sqlite3.connect(folder / "gradebook.db")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        return connection.execute(GRADES).fetchall()


def table(folder: Path) -> list[str]:
    """The grades as the instructor gets them, without the paths of the feedback."""
    text = (folder / f"grades_{LIGHT.name}.csv").read_text("utf-8")
    return text.replace(str(folder), "").splitlines()


def reports(folder: Path) -> dict[Path, int]:
    return {path: path.stat().st_ino for path in (folder / EXECUTED).rglob(REPORT)}


def workers_of(process: psutil.Popen) -> list[psutil.Process]:
    """Its processes that run submissions, not what those have started, nor those that have just been killed."""
    found = psutil.process_iter(["ppid", "cmdline"])  # those that end meanwhile are left out; zombies have no command
    return [one for one in found if one.info["ppid"] == process.pid and "spawn_main" in str(one.info["cmdline"])]


def left_over(folder: Path) -> list[str]:
    commands = [" ".join(process.info["cmdline"] or ()) for process in psutil.process_iter(["cmdline"])]
    return [command for command in commands if str(folder) in command]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed")
    make_class(folder)
    with grading(folder) as process:
        finish(folder, process)
    assert len(grades(folder)) > 100 and len({row[2] for row in grades(folder)}) > 1
    return grades(folder), table(folder)


def test_a_killed_main_process_loses_nothing_and_grades_nothing_twice(undisturbed, tmp_path):
    make_class(tmp_path)
    dice, finished = random.Random(4), {}
    for number in range(KILLS):
        with grading(tmp_path) as process:
            time.sleep(dice.uniform(1.5, 5))
            family = [process, *process.children(recursive=True)]
            process.send_signal(signal.SIGINT if number % 3 == 0 else signal.SIGKILL)
            _, alive = psutil.wait_procs(family, timeout=60)
            if (
                process in alive
            ):  # Python loses an interrupt that comes while an object is deleted, as at a module's end
                process.send_signal(signal.SIGINT)
                _, alive = psutil.wait_procs(family, timeout=60)
        assert not alive, "what it had started must end with it"
        assert reports(tmp_path).items() >= finished.items(), "what was finished is not done again"
        finished = reports(tmp_path)
    with grading(tmp_path) as process:
        finish(tmp_path, process)
    assert (grades(tmp_path), table(tmp_path)) == undisturbed
    assert not left_over(tmp_path)


def test_killed_workers_cost_nobody_a_point(undisturbed, tmp_path):
    dice, kills, rounds = random.Random(5), 0, 0
    while kills < KILLS:  # a fast machine grades the class before so many are killed: then another class
        rounds += 1
        folder = tmp_path / f"class{rounds}"
        make_class(folder)
        with grading(folder) as process:
            while kills < KILLS and process.poll() is None:
                time.sleep(dice.uniform(1, 2.5))
                if workers := workers_of(process):
                    dice.choice(workers).kill()
                    kills += 1
            finish(folder, process)
        assert (grades(folder), table(folder)) == undisturbed
