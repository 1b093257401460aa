"""Trying all answers of several labs, or only what has changed since they were tried."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from rich.progress import Progress

from course.authoring.ends import End, end_of_test
from course.authoring.parallel import in_processes
from course.authoring.tried_runs import read_tried, run_digest, write_tried
from course.authoring.try_variants import Trial, trials_of, unexpected_outcomes
from course.config import Course, Lab
from course.labs.variants import Variant
from course.nbgrader_api import load_config


@dataclass(frozen=True)
class Mistake:
    """A wrong answer that was tried, and how the test of its task ended."""

    lab: str
    variant: Variant
    end: End


@dataclass(frozen=True)
class TriedVariants:
    """Outcomes other than declared, as sentences; how many runs were made, and how many were not needed.

    Beside them the wrong answers of the runs that were made.
    """

    problems: list[str]
    runs: int
    unchanged: int
    mistakes: list[Mistake] = field(default_factory=list)


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
    problems, mistakes = list[str](), list[Mistake]()
    runs, unchanged = list[tuple[Lab, Trial, str]](), 0
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
        for number, (found, ends) in in_processes(try_trial, [(course, trial) for _, trial, _ in runs]):
            lab, _, digest = runs[number]
            problems += found
            mistakes += [Mistake(lab.name, variant, end) for variant, end in ends]
            if found:
                passed[lab.name].discard(digest)
            else:
                passed[lab.name].add(digest)
            progress.advance(bar)
    finally:
        for lab_name, digests_passed in passed.items():
            if not task:
                write_tried(course, lab_name, digests_passed)
    return TriedVariants(problems, len(runs), unchanged, mistakes)


def try_trial(course: Course, trial: Trial) -> tuple[list[str], list[tuple[Variant, End]]]:
    """Run a trial: its outcomes other than declared, and how the test of each of its wrong answers ended."""
    notebook = trial.execute()
    ends = [(variant, end_of_test(notebook, variant.task)[0]) for variant in trial.chosen if variant.fails]
    return unexpected_outcomes(notebook, trial.chosen, load_config(course.root)), ends
