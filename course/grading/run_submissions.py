"""Running submissions in worker processes or on a cluster, and keeping the outcome of each in its files."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import chain
from pathlib import Path

from course.errors import SubmissionError
from course.grading.execution import kernel_pair
from course.grading.execution.spec import Spec
from course.grading.gradebook import cache
from course.grading.options import Options
from course.grading.repair.read_folder import inspect_folder, read_companions
from course.grading.workers import batch, worker_pool
from course.grading.workers.job import Job, Outcome
from course.inbox.submissions import Submission

log = logging.getLogger(__name__)


def make_job(submission: Submission, spec: Spec, options: Options) -> Job:
    """The job that a worker needs for one submission."""
    student, sandboxed = submission.student, not options.trust
    try:
        if submission.refused:
            raise SubmissionError(submission.refused)
        inspected = inspect_folder(submission.path.parent, spec.lab)
        files = read_companions(inspected, submission.path.parent)
    except SubmissionError as error:
        return Job(student, None, str(error), (), spec, sandboxed)
    return Job(student, inspected.notebook, "", inspected.notes, spec, sandboxed, files)


@contextmanager
def start_runs(
    spec: Spec, submissions: Sequence[Submission], folder: Path, options: Options
) -> Iterator[Iterator[Outcome]]:
    """The outcome of every submission: those kept from an earlier run first, then the others as they come in.

    Workers start with the context. A submission is read when its turn comes, so that a large class needs no more
    memory than a small one.
    """
    kept_outcomes, to_run = list[Outcome](), list[Submission]()
    for submission in submissions:
        outcome = cache.find_outcome(folder, spec.lab, submission.student)
        if outcome and not options.again and outcome.digest == make_job(submission, spec, options).digest:
            kept_outcomes.append(outcome)
        else:
            to_run.append(submission)
    log.info("%d were run before and are kept, %d are to be run", len(kept_outcomes), len(to_run))
    if not to_run:
        yield iter(kept_outcomes)
        return
    if options.scheduler:
        open_pool = worker_pool.cluster_pool(options.scheduler, options.workers)
    else:
        prepare = partial(kernel_pair.prepare_kernels, not options.trust, imports=spec.imports)
        open_pool = worker_pool.local_pool(options.workers, len(to_run), spec.limits.submission_seconds, prepare)
    with open_pool as pool, run_and_keep(spec, to_run, folder, options, pool) as new_outcomes:
        yield chain(kept_outcomes, new_outcomes)


@contextmanager
def run_and_keep(
    spec: Spec, submissions: Sequence[Submission], folder: Path, options: Options, pool: worker_pool.Pool
) -> Iterator[Iterator[Outcome]]:
    """Run submissions; each outcome is written to its files as it comes in."""
    jobs = (make_job(submission, spec, options) for submission in submissions)

    def write(outcome: Outcome) -> Outcome:
        cache.write_outcome_files(folder, spec.lab, outcome)
        return outcome

    with batch.open_batch(jobs, pool) as outcomes:
        yield map(write, outcomes)
