"""A fault of the machine is never a student's zero, and a submission that ends its own kernel is graded as it is."""

import asyncio
import csv
import os
import signal
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
from light import light_course
from nbformat.v4 import new_code_cell

from course.errors import MachineFault, SandboxError
from course.grading import demo, grade
from course.grading.execution import client, kernel_pair, test_kernel
from course.grading.execution.cell_runner import CellRunner
from course.grading.execution.clock import Clock
from course.grading.execution.faults import MEMORY, KernelEnded, explain_exit, explain_silence
from course.grading.execution.kernel_lifetime import started_kernel
from course.grading.execution.session import execute_submission
from course.grading.feedback import tables
from course.grading.gradebook.recorded import FAILED, GRADED
from course.grading.options import Options
from course.grading.workers import grade_one, worker_pool
from course.inbox import submissions
from course.labs.prepare import prepare_lab
from course.labs.sources import grade_id
from course.limits import Limits
from course.sandbox import cores
from course.sandbox.exit_cause import ExitCause
from course.sandbox.manager import SandboxedKernelManager
from course.sandbox.provisioner import SandboxProvisioner
from course.sandbox.seccomp import KERNEL_PID

COURSE = light_course()
LAB = replace(COURSE.labs[0], limits=Limits(cell_seconds=8, submission_seconds=120))
GIVEN = nbformat.read(COURSE.released(LAB), as_version=4)
SOLVED = demo.fill_in(GIVEN, demo.model_answers(prepare_lab(COURSE, LAB)))
MIDDLE = 4  # the number, among the answers, of that before which a cell is put
STRUCK = "import time; time.sleep(2)  # struck by {}"


@dataclass
class Strikes:
    """What hits kernels from outside, by student, and the errors that starts end with; `runs` is what was run."""

    left: dict[str, list[int]] = field(default_factory=dict)
    tests: dict[str, list[int]] = field(default_factory=dict)
    starts: list[Exception] = field(default_factory=list)
    runs: list[tuple[str, bool]] = field(default_factory=list)

    def times(self, student: str) -> list[bool]:
        """Whether it was alone, each time that this one was run."""
        return [alone for name, alone in self.runs if name == student]


def strike(manager, number: int) -> None:
    """Send a signal to the kernel in a sandbox, from outside."""
    inside = next(folder for folder in manager.provisioner.watchdog.process_folders() if folder.name == str(KERNEL_PID))
    sandbox = Path(f"/proc/{manager.provisioner.watchdog.pid}/ns/pid").readlink()
    for process in Path("/proc").iterdir():
        if process.name.isdigit() and process.name != str(manager.provisioner.watchdog.pid):
            try:
                inner = next(line for line in (process / "status").read_text().splitlines() if line.startswith("NSpid"))
                if (process / "ns" / "pid").readlink() == sandbox and inner.split()[-1] == inside.name:
                    os.kill(int(process.name), number)
            except OSError:
                continue


@pytest.fixture
def strikes(monkeypatch):
    """Grade in threads of this process, where kernels can be struck and runs counted."""
    now = Strikes()

    @contextmanager
    def threads(workers, tasks, seconds, prepare):
        yield worker_pool.Pool(min(workers or 1, tasks), 1, lambda: ThreadPoolExecutor(1))

    work, own, verdict, launch = (
        grade_one._execute_job,
        CellRunner.run_own_cell,
        test_kernel.TestSide.verdict,
        SandboxProvisioner.launch_kernel,
    )

    def works(task):
        now.runs.append((task.student, task.alone))
        return work(task)

    async def struck(self, cell):
        student = cell.source.partition("# struck by ")[2]
        if now.left.get(student):
            asyncio.get_running_loop().call_later(0.3, strike, self.client.manager, now.left[student].pop(0))
        await own(self, cell)

    async def judged(self, source, seconds):
        if now.tests:
            for signals in now.tests.values():
                if signals:
                    strike(self._client.manager, signals.pop(0))
        return await verdict(self, source, seconds)

    async def launched(self, cmd, **kwargs):
        if now.starts:
            raise now.starts.pop(0)
        return await launch(self, cmd, **kwargs)

    monkeypatch.setattr(worker_pool, "local_pool", threads)
    monkeypatch.setattr(grade_one, "_execute_job", works)
    monkeypatch.setattr(CellRunner, "run_own_cell", struck)
    monkeypatch.setattr(test_kernel.TestSide, "verdict", judged)
    monkeypatch.setattr(SandboxProvisioner, "launch_kernel", launched)
    monkeypatch.setattr(client, "GRACE_SECONDS", 2.0)
    return now


def hand_in(folder: Path, student: str, code: str = "") -> int:
    """Solved, with a cell of the student's own before an answer in the middle; return its number as graded."""
    made = nbformat.from_dict(SOLVED)
    place = next(number for number, cell in enumerate(made.cells) if grade_id(cell) == answers()[MIDDLE])
    made.cells.insert(place, new_code_cell(code or STRUCK.format(student)))
    demo.hand_in(folder, LAB, student, made)
    return place + 2  # counted from 1, and above it is the cell with the grading budget


def answers() -> list[str]:
    return [grade_id(cell).removeprefix("test-") for cell in GIVEN.cells if (grade_id(cell) or "").startswith("test-")]


def graded(folder: Path, workers: int = 1):
    found = submissions.require_submissions(folder, LAB)
    results = grade.grade(COURSE, LAB, folder, found, lambda student: None, Options(workers=workers))
    return {result.student: result for result in results}


def in_gradebook(folder: Path) -> list[str]:
    query = "select distinct student_id from submitted_assignment"
    with sqlite3.connect(folder / "gradebook.db") as database:
        return sorted(student for (student,) in database.execute(query))


@pytest.mark.kernel
def test_a_kernel_that_others_end_or_stop_costs_nobody_a_point(strikes, tmp_path):
    strikes.left = {
        "once": [signal.SIGKILL],
        "twice": [signal.SIGTERM, signal.SIGKILL],
        "stopped": [signal.SIGSTOP],
        "always": [signal.SIGKILL] * 9,
    }
    for student in (*strikes.left, "never"):
        hand_in(tmp_path, student)
    results = graded(tmp_path, workers=2)
    for student in ("once", "twice", "stopped", "never"):
        assert (results[student].status, results[student].tests) == (GRADED, results[student].max_tests), student
        assert not results[student].review and not results[student].cut_off
    assert [len(strikes.times(student)) for student in ("never", "once", "twice", "stopped")] == [1, 2, 3, 2]
    always = results["always"]
    assert strikes.times("always") == [False, True, True]
    assert (always.status, always.by_test, always.graded) == (FAILED, {}, False)
    assert always.review == (f"not graded: {always.reason}",) and "signal" in always.reason
    assert "always" not in in_gradebook(tmp_path) and len(in_gradebook(tmp_path)) == 4
    assert "not graded" in always.feedback.read_text("utf-8")
    tables.write_grades(tmp_path / "grades.csv", list(results.values()))
    with (tmp_path / "grades.csv").open(encoding="utf-8-sig", newline="") as file:
        row = next(row for row in csv.DictReader(file) if row["student"] == "always")
    points = {row[name] for name in (*tables.POINTS_COLUMNS, *results["once"].by_test)}
    assert points == {""} and row["status"] == "not graded"

    strikes.left = {}
    again = graded(tmp_path)
    assert (again["always"].status, again["always"].tests) == (GRADED, again["always"].max_tests)
    assert len(strikes.times("always")) == 4 and len(strikes.times("once")) == 2, "only who was not graded is run"


@pytest.mark.kernel
def test_a_kernel_of_the_tests_that_others_end_costs_nobody_a_point(strikes, tmp_path):
    strikes.tests = {"kim": [signal.SIGKILL]}
    hand_in(tmp_path, "kim")
    result = graded(tmp_path)["kim"]
    assert (result.status, result.tests) == (GRADED, result.max_tests) and strikes.times("kim") == [False, True]


@pytest.mark.kernel
def test_a_kernel_that_does_not_start_costs_nobody_a_point(strikes, tmp_path):
    strikes.starts = [
        SandboxError("A sandbox did not start: bubblewrap gave no reason"),
        OSError(12, "Cannot allocate memory"),
    ]
    for student in ("ann", "ben"):
        hand_in(tmp_path, student)
    results = graded(tmp_path)
    assert [(result.status, result.tests) for result in results.values()] == [(GRADED, results["ann"].max_tests)] * 2


@pytest.mark.kernel
def test_the_error_of_a_kernel_of_tests_is_dealt_with_when_the_other_did_not_start_either(monkeypatch, tmp_path):
    tasks = []

    async def fail(*arguments, **options):
        raise SandboxError("It did not start.")

    def noted(loop, coroutine, **options):
        tasks.append(asyncio.Task(coroutine, loop=loop, **options))
        return tasks[-1]

    async def run():
        asyncio.get_running_loop().set_task_factory(noted)
        with kernel_pair.kernel_pair(LAB.limits, True, 1, "import colorsys") as pair:
            await execute_submission(SOLVED, pair, "import colorsys", {}, LAB.limits, str(tmp_path))

    monkeypatch.setattr(SandboxProvisioner, "launch_kernel", fail)
    with pytest.raises(SandboxError, match="did not start"):
        asyncio.run(run())
    assert tasks
    assert [task for task in tasks if task._log_traceback] == []  # asyncio would print their errors later


@pytest.mark.kernel
def test_what_does_not_start_leaves_no_folder_and_no_core_taken(monkeypatch, tmp_path):
    async def fail(*arguments, **options):
        raise SandboxError("It did not start.")

    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(SandboxProvisioner, "_first_process", fail)
    before = dict(cores._taken)

    async def start():
        manager = SandboxedKernelManager(kernel_file=kernel_pair.KERNEL_MAIN, imports="import colorsys")
        async with started_kernel(manager, str(tmp_path), {}, Clock(1), 60, alone=True):
            pass

    with pytest.raises(SandboxError, match="did not start"):
        asyncio.run(start())
    assert cores._taken == before and not list(tmp_path.glob("sandbox-*"))


ENDS = {
    "leaves": ("exit()", "The cell ended the kernel."),
    "quits": ("quit(keep_kernel=False)", "The cell ended the kernel."),
    "ends": ("import os; os._exit(0)", "Its kernel ended"),
    "kills": ("import os; os.kill(os.getpid(), 9)", "Its kernel ended"),
    "crashes": ("import ctypes; ctypes.string_at(0)", "Its kernel ended"),
    "stops": ("import os; os.kill(os.getpid(), 19)", "Its kernel ended"),
    "delays": (
        "import os, threading, time\nthreading.Timer(0.5, os._exit, [1]).start(); time.sleep(3)",
        "Its kernel ended",
    ),
}


@pytest.mark.kernel
def test_who_ends_the_own_kernel_is_graded_at_once_and_the_cell_is_named(strikes, tmp_path):
    numbers = {student: hand_in(tmp_path, student, code) for student, (code, _) in ENDS.items()}
    results = graded(tmp_path, workers=2)
    for student, (_, reason) in ENDS.items():
        result = results[student]
        earned = [test.removeprefix("test-") for test, points in result.by_test.items() if points]
        assert (result.status, earned) == (GRADED, answers()[:MIDDLE]), (student, result.reason)
        assert [cut.cell for cut in result.cut_off] == [numbers[student]], (student, result.cut_off)
        assert result.cut_off[0].reason.startswith(reason), (student, result.cut_off)
        assert f"cut off at cell {numbers[student]};" in tables.remark(result)
        assert f"Cell {numbers[student]}: " in result.feedback.read_text("utf-8")
        assert strikes.times(student) == [False], student


@pytest.mark.kernel
def test_an_endless_cell_is_the_students_own(strikes, tmp_path):
    number = hand_in(tmp_path, "kim", "import time\ntime.sleep(1000)")
    result = graded(tmp_path)["kim"]
    assert (result.tests, strikes.times("kim")) == (result.max_tests, [False])
    assert [cut.cell for cut in result.cut_off] == [number]


@pytest.mark.kernel
def test_who_sleeps_and_hears_nothing_is_graded_the_second_time(strikes, tmp_path):
    deaf = "import signal, time\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\ntime.sleep(1000)"
    number = hand_in(tmp_path, "kim", deaf)
    result = graded(tmp_path)["kim"]
    assert (result.status, strikes.times("kim")) == (GRADED, [False, True])
    assert [cut.cell for cut in result.cut_off] == [number] and 0 < result.tests < result.max_tests


# --- whose doing it is ------------------------------------------------------------------------------------------------


def ended_sandbox(ending: ExitCause | None, memory: int = 0):
    """A manager of a kernel whose sandbox has ended in that way."""
    provisioner = SandboxProvisioner(kernel_id="kernel")
    provisioner.watchdog = SimpleNamespace(
        limits=Limits(),
        peak_memory=memory,
        reason="Why.",
        process_folders=list,
        exit_cause=ending,
        join=lambda seconds: None,
    )
    return SimpleNamespace(provisioner=provisioner)


HIGH = MEMORY
BLAMED = {
    "it left": (ExitCause.EXITED, 0, False, KernelEnded),
    "its memory": (ExitCause.MEMORY, HIGH, False, KernelEnded),
    "its CPU time": (ExitCause.CPU, 0, False, KernelEnded),
    "killed beside others": (ExitCause.KILLED, HIGH, False, MachineFault),
    "killed alone": (ExitCause.KILLED, 0, True, MachineFault),
    "killed alone, full": (ExitCause.KILLED, HIGH, True, KernelEnded),
    "no memory beside others": (ExitCause.NO_MEMORY, HIGH, False, MachineFault),
    "no memory alone, small": (ExitCause.NO_MEMORY, 2**28, True, MachineFault),
    "no memory alone, full": (ExitCause.NO_MEMORY, HIGH, True, KernelEnded),
    "the grader grew, beside others": (ExitCause.FLOOD, 0, False, MachineFault),
    "the grader grew, alone": (ExitCause.FLOOD, 0, True, KernelEnded),
    "it cannot be told": (None, 0, True, MachineFault),
}


@pytest.mark.parametrize("case", BLAMED)
def test_whose_doing_a_death_is(case):
    ending, memory, alone, expected = BLAMED[case]
    assert type(asyncio.run(explain_exit(ended_sandbox(ending, memory), alone))) is expected


SILENT = {
    "idle beside others": (1, 300, False, MachineFault),
    "idle alone": (1, 300, True, KernelEnded),
    "busy beside others": (290, 300, False, KernelEnded),
    "busy alone": (290, 300, True, KernelEnded),
}


@pytest.mark.parametrize("case", SILENT)
def test_whose_doing_a_silence_is(case):
    used, had, alone, expected = SILENT[case]
    assert type(explain_silence(ended_sandbox(None), "It was silent.", used, had, alone)) is expected
