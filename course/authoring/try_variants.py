"""Testing the tests: right and wrong answers of several kinds, each run against a lab's own test cells.

A file tests/variants/NN_name.toml lists the answers. Many are tried in one run of the notebook: the tasks are
divided into two halves; while the tasks of one half are answered wrongly, those of the other are answered rightly in
another way, so that a wrong answer that spoils its neighbour's test is seen.
"""

import copy
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbformat import NotebookNode
from nbgrader.preprocessors import IgnorePattern
from nbgrader.utils import determine_grade
from traitlets.config import Config

from course.authoring.name_use import cut_to
from course.config import Course, Lab
from course.errors import CourseError
from course.grading.execution.kernel_pair import kernel_pair
from course.grading.execution.session import run_submission
from course.labs.parameters import parameters, with_parameters
from course.labs.prepare import prepare_lab
from course.labs.sources import cells_with_tests, grade_id, imports, is_answer
from course.labs.variants import Variant, read_variants, variants_file
from course.limits import Limits

LIMITS = Limits(submission_seconds=3_000)
_THREADS = 2


def compatible_runs(variants: Sequence[Variant], tasks: Sequence[str]) -> Iterator[list[Variant]]:
    """Divide the variants into runs: one per task, wrong ones only in every other task, none that another spoils.

    One that spoils others is the only wrong one of its run, as another could spoil the same test, or save it.
    """
    half = {task: index % 2 for index, task in enumerate(tasks)}
    pending = list(variants)
    while pending:
        leader = pending[0]
        wrong_half = half[leader.task] if leader.fails else 1 - half[leader.task]
        chosen: list[Variant] = []
        for variant in pending:
            fits = (half[variant.task] == wrong_half) == bool(variant.fails)
            if fits and all(_independent(variant, other) for other in chosen):
                chosen.append(variant)
        pending = [variant for variant in pending if variant not in chosen]
        yield chosen


def _independent(variant: Variant, other: Variant) -> bool:
    both_wrong = variant.fails and other.fails
    if variant.task == other.task or (both_wrong and (variant.spoils or other.spoils)):
        return False
    return variant.task not in other.spoils and other.task not in variant.spoils


@dataclass(frozen=True)
class Trial:
    """A run: the answers that it tries, and a lab's cells with these in place of the model ones.

    Cells that only show something, between the tasks, are left out: no test may depend on them. So are tests that use
    nothing of these answers, and answers that no test left uses.
    """

    name: str
    chosen: Sequence[Variant]
    notebook: NotebookNode
    budget: Mapping[str, Any]

    def execute(self) -> NotebookNode:
        """Run it, as it is graded, and return it with its outputs."""
        with tempfile.TemporaryDirectory() as folder:
            return run_notebook(self.notebook, self.budget, Path(folder))


def make_trial(
    notebook: NotebookNode, chosen: Sequence[Variant], budget: Mapping[str, Any] | None = None, name: str = ""
) -> Trial:
    """Put answers to different tasks into the notebook of a lab."""
    answered = with_answers(notebook, {variant.task: variant.answer for variant in chosen})
    cells = cut_to(answered, {variant.task for variant in chosen}, dependents=True)
    return Trial(name, chosen, cells, budget or {})


def trials_of(course: Course, lab: Lab, task: str = "") -> list[Trial]:
    """The runs in which all answers to a lab's tasks, or to one task, are tried.

    Raises
    ------
    CourseError
        No answer of the lab is for this task.
    """
    notebook = prepare_lab(course, lab)
    known = read_variants(variants_file(course, lab), notebook)
    variants = [variant for variant in known if task in ("", variant.task)]
    if not variants:
        tasks_with_answers = ", ".join(dict.fromkeys(variant.task for variant in known))
        raise CourseError(f"{lab.name} has no answers to try for `{task}`. It has for: {tasks_with_answers}.")
    tasks = [name for cell in notebook.cells if is_answer(cell) and (name := grade_id(cell))]
    runs = enumerate(compatible_runs(variants, tasks), 1)
    return [make_trial(notebook, chosen, lab.budget, f"{lab.name}-{number}") for number, chosen in runs]


def with_answers(notebook: NotebookNode, answers: Mapping[str, str]) -> NotebookNode:
    """A copy of a notebook with these answers, by grade id, in place of its own."""
    trial = copy.deepcopy(notebook)
    for cell in trial.cells:
        cell.source = answers.get(grade_id(cell) or "", cell.source)
    return trial


def run_notebook(notebook: NotebookNode, budget: Mapping[str, Any], folder: Path) -> NotebookNode:
    """Run a notebook with a lab's set-up as it is graded; return it with its outputs."""
    trial = with_parameters(notebook, budget) if budget else copy.deepcopy(notebook)
    values = parameters(notebook) | dict(budget)
    with kernel_pair(LIMITS, sandboxed=False, threads=_THREADS, imports=imports(notebook)) as pair:
        run_submission(trial, pair, imports(notebook), values, LIMITS, str(folder))
    return trial


def auto_scores(notebook: NotebookNode, config: Config) -> dict[str, float]:
    """Points that each test cell of an executed notebook earned, by nbgrader's rule and the course's settings."""
    clean, _ = IgnorePattern(config=config).preprocess(copy.deepcopy(notebook), {})
    return {cell.metadata["nbgrader"]["grade_id"]: float(determine_grade(cell)[0]) for cell in cells_with_tests(clean)}


def unexpected_outcomes(notebook: NotebookNode, chosen: Sequence[Variant], config: Config) -> list[str]:
    """Outcomes other than declared: tests that fail and should not, or pass and should not."""
    expected = {test: variant for variant in chosen for test in variant.fails}
    tried = ", ".join(f"{variant.task} ({variant.name})" for variant in chosen)
    scores, problems = auto_scores(notebook, config), []
    for cell in cells_with_tests(notebook):
        test = cell.metadata["nbgrader"]["grade_id"]
        full = float(cell.metadata["nbgrader"]["points"])
        score = scores[test]
        if test in expected and score:
            problems.append(f"{test} gives {score:g} points to the wrong answer «{expected[test].name}».")
        elif test not in expected and score != full:
            problems.append(
                f"{test} gives {score:g} of {full:g} points: {cell_error(cell).rstrip('.')}. Tried: {tried}."
            )
    return problems


def cell_error(cell: NotebookNode) -> str:
    """The error a cell ended with, in one line."""
    errors = [f"{out.ename}: {out.evalue}" for out in cell.outputs if out.output_type == "error"]
    return " ".join(errors) or "no error"
