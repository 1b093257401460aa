"""One submission from its bytes to an executed notebook: what a worker does, on this machine or another."""

import tempfile
import time
import traceback

import nbformat

from course.errors import KernelError, MachineFault, SubmissionError
from course.grading.execution.executed import Incident
from course.grading.execution.kernel_pair import kernel_pair
from course.grading.execution.session import run_submission
from course.grading.repair.read_notebook import read_notebook
from course.grading.repair.repair import repair
from course.grading.workers.job import Job, Outcome
from course.labs.parameters import with_parameters


def execute_job(job: Job) -> Outcome:
    """Repair and run one submission; whatever is in it, an outcome is returned.

    Raises
    ------
    KernelError
        Where this worker runs, no sandbox can be made, or the lab's imports fail; it may be temporary.
    """
    try:
        return _execute_job(job)
    except SubmissionError as error:
        return Outcome(job.student, job.digest, reason=str(error), notes=job.notes, sandboxed=job.sandboxed)
    except KernelError:
        raise
    except MachineFault as error:
        return Outcome(job.student, "", fault=str(error), notes=job.notes, sandboxed=job.sandboxed)
    except Exception as error:  # noqa: BLE001 - a fault of ours must not cost the others their grades; it is reported
        fault = f"Grading failed with an internal error ({type(error).__name__}: {error}); please report it."
        return Outcome(job.student, "", fault=fault, notes=job.notes, error=traceback.format_exc())


def _execute_job(job: Job) -> Outcome:
    if job.data is None:
        raise SubmissionError(job.missing)
    spec, start = job.spec, time.monotonic()
    submitted, reading_notes = read_notebook(job.data, f"{spec.lab}.ipynb")
    mended = repair(submitted, spec.reference)
    notebook = with_parameters(mended.notebook, spec.budget) if spec.budget else mended.notebook
    text = nbformat.writes(notebook)
    repair_seconds = time.monotonic() - start
    to_run = nbformat.reads(text, as_version=4)  # as it is kept, so that it can be run once more from the file
    pair = kernel_pair(spec.limits, job.sandboxed, job.threads, spec.imports)
    with tempfile.TemporaryDirectory() as folder, pair as kernels:
        executed = run_submission(
            to_run, kernels, spec.imports, spec.values, spec.limits, folder, dict(job.files), job.alone
        )
    return Outcome(
        job.student,
        job.digest,
        mended=text,
        executed=nbformat.writes(executed.notebook),
        notes=(*job.notes, *reading_notes, *mended.notes),
        incidents=unique_incidents(executed.incidents),
        seconds={name: round(value, 3) for name, value in ({"mend": repair_seconds} | executed.seconds).items()},
        cuts=tuple(executed.cuts),
        ended=executed.ended,
        sandboxed=job.sandboxed,
    )


def unique_incidents(incidents: list[Incident]) -> tuple[Incident, ...]:
    """Each incident once."""
    return tuple(dict.fromkeys(incidents))
