"""Trying all answers of several labs, or only what has changed since they were tried."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.progress import Progress

from course.authoring.parallel import in_processes
from course.authoring.tried_runs import read_tried, run_digest, write_tried
from course.authoring.try_variants import Trial, trials_of, try_one
from course.config import Course, Lab


@dataclass(frozen=True)
class TriedVariants:
    """Outcomes other than declared, as sentences; how many runs were made, and how many were not needed."""

    problems: list[str]
    runs: int
    unchanged: int


def digests_of(course: Course, trials: Sequence[Trial]) -> list[str]:
    """The digest of each run."""
    return [run_digest(course, trial.notebook, trial.chosen, trial.budget) for trial in trials]


def try_all(
    course: Course, labs: Sequence[Lab], progress: Progress, task: str = "", again: bool = False
) -> TriedVariants:
    """Try answers with the labs' grading budgets and the bundled digits; note the runs that ended as declared.

    Runs of which nothing has changed since are made only `again`. With a task, its answers alone are tried; these runs
    are not those of a whole lab, and not noted.

    Raises
    ------
    CourseError
        No answer of a lab is for this task, or a file is not valid.
    """
    noted = {} if task else read_tried(course)
    problems, runs, unchanged = list[str](), list[tuple[Lab, Trial, str]](), 0
    passed: dict[str, set[str]] = {}
    for lab in labs:
        trials = trials_of(course, lab, task)
        digests = digests_of(course, trials)
        passed[lab.name] = {*noted.get(lab.name, [])} & {*digests}
        named = zip(trials, digests, strict=True)
        due = [(lab, trial, digest) for trial, digest in named if again or digest not in passed[lab.name]]
        runs += due
        unchanged += len(trials) - len(due)
    bar = progress.add_task(", ".join(passed) if len(passed) < 3 else f"{len(passed)} labs", total=len(runs))
    try:
        for number, found in in_processes(try_one, [(course, trial) for _, trial, _ in runs]):
            lab, _, digest = runs[number]
            problems += found
            if found:
                passed[lab.name].discard(digest)
            else:
                passed[lab.name].add(digest)
            progress.advance(bar)
    finally:
        for lab_name, digests_passed in passed.items():
            if not task:
                write_tried(course, lab_name, digests_passed)
    return TriedVariants(problems, len(runs), unchanged)
