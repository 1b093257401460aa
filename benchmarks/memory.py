"""How much memory the two kernels of a submission take, and how much of it is really theirs."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import nbformat
import psutil

from benchmarks.sampling import looking
from course.config import Course, Lab
from course.errors import CourseError
from course.grading.demo import fill_in, model_answers
from course.grading.execution.kernel_pair import ANSWERS, QUESTIONS, kernel_pair
from course.grading.execution.make_spec import make_spec
from course.grading.execution.session import run_submission
from course.labs.parameters import with_parameters
from course.labs.prepare import prepare_lab

SECONDS_BETWEEN = 0.2
SIDES = {"kernel of the submission": ANSWERS, "kernel of the tests": QUESTIONS}  # what only this side can see


@dataclass(frozen=True)
class MemoryUse:
    """The most that one side had at any time, in MiB: resident, and of that what no other process shares."""

    side: str
    resident_mib: float
    own_mib: float


def memory(course: Course, lab: Lab) -> list[MemoryUse]:
    """Grade a solved submission with its grading budget, in sandboxes, and look at its kernels meanwhile.

    Raises
    ------
    CourseError
        A kernel was never seen.
    """
    spec = make_spec(course, lab)
    solved = fill_in(
        nbformat.reads(nbformat.writes(spec.reference), as_version=4), model_answers(prepare_lab(course, lab))
    )
    notebook = with_parameters(solved, spec.budget)
    peaks: dict[str, MemoryUse] = {}
    pair = kernel_pair(spec.limits, sandboxed=True, threads=os.cpu_count() or 1, imports=spec.imports)
    with pair as kernels, peaks_recorded(peaks), tempfile.TemporaryDirectory() as scratch:
        run_submission(notebook, kernels, spec.imports, spec.values, spec.limits, scratch)
    if missing := SIDES.keys() - peaks.keys():
        raise CourseError(f"Not seen while it ran: {', '.join(sorted(missing))}.")
    return [peaks[side] for side in SIDES]


@contextmanager
def peaks_recorded(peaks: dict[str, MemoryUse]) -> Iterator[None]:
    """Keep in `peaks` what each side had at most while the context lasts."""

    def look() -> None:
        for process in psutil.Process().children(recursive=True):
            if use := kernel_memory(process):
                before = peaks.get(use.side, use)
                resident_mib, own_mib = max(use.resident_mib, before.resident_mib), max(use.own_mib, before.own_mib)
                peaks[use.side] = MemoryUse(use.side, resident_mib, own_mib)

    with looking(look, SECONDS_BETWEEN):
        yield


def kernel_memory(process: psutil.Process) -> MemoryUse | None:
    """What a kernel has now; None for any other process."""
    try:
        side = next(
            (name for name, marker in SIDES.items() if Path(f"/proc/{process.pid}/root{marker}").exists()), None
        )
        if side is None or "python" not in " ".join(process.cmdline()):
            return None
        info = process.memory_full_info()
    except (psutil.Error, PermissionError):  # it has ended, or is just becoming a sandbox
        return None
    return MemoryUse(side, round(info.rss / 2**20, 1), round(info.uss / 2**20, 1))
