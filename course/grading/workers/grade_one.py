"""One submission from its bytes to an executed notebook: what a worker does, on this machine or another."""

import tempfile
import time
import traceback
from dataclasses import asdict
from typing import Any

import nbformat

from course.errors import KernelError, MachineFault, SubmissionError
from course.grading.execution.executed import Incident
from course.grading.execution.kernel_pair import kernel_pair
from course.grading.execution.session import run
from course.grading.repair.read_notebook import read_notebook
from course.grading.repair.repair import mend
from course.grading.workers.job import Outcome, Task
from course.labs.parameters import with_parameters


def work(task: Task) -> Outcome:
    """Mend and run one submission; whatever it is, an outcome comes back.

    Raises
    ------
    KernelError
        Where this worker runs, no box can be made, or the lab's imports fail: perhaps only now, perhaps always.
    """
    try:
        return _work(task)
    except SubmissionError as error:
        return Outcome(task.student, task.digest, reason=str(error), notes=plain(task.notes), boxed=task.boxed)
    except KernelError:
        raise
    except MachineFault as error:
        return Outcome(task.student, "", fault=str(error), notes=plain(task.notes), boxed=task.boxed)
    except Exception as error:  # noqa: BLE001 - a fault of ours must not cost the others their grades; it is reported
        fault = f"Grading failed with an internal error ({type(error).__name__}: {error}); please report it."
        return Outcome(task.student, "", fault=fault, notes=plain(task.notes), error=traceback.format_exc())


def _work(task: Task) -> Outcome:
    if task.data is None:
        raise SubmissionError(task.missing)
    kit, began = task.kit, time.monotonic()
    submitted, reading = read_notebook(task.data, f"{kit.lab}.ipynb")
    mended = mend(submitted, kit.reference)
    notebook = with_parameters(mended.notebook, kit.budget) if kit.budget else mended.notebook
    text = nbformat.writes(notebook)
    mending = time.monotonic() - began
    handed_in = nbformat.reads(text, as_version=4)
    pair = kernel_pair(kit.limits, task.boxed, task.threads, kit.imports)
    with tempfile.TemporaryDirectory() as place, pair as kernels:
        done = run(handed_in, kernels, kit.imports, kit.values, kit.limits, place, dict(task.files), task.alone)
    return Outcome(
        task.student,
        task.digest,
        mended=text,
        executed=nbformat.writes(done.notebook),
        notes=plain((*task.notes, *reading, *mended.notes)),
        incidents=plain(unique(done.incidents)),
        seconds={name: round(value, 3) for name, value in ({"mend": mending} | done.seconds).items()},
        cuts=plain(tuple(done.cuts)),
        ended=done.ended,
        boxed=task.boxed,
    )


def unique(incidents: list[Incident]) -> tuple[Incident, ...]:
    """Each incident once."""
    return tuple(dict.fromkeys(incidents))


def plain(entries: tuple[Any, ...]) -> tuple[dict[str, Any], ...]:
    """Dataclasses as dictionaries."""
    return tuple(asdict(entry) for entry in entries)
