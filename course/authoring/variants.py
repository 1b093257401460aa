"""Testing the tests: right and wrong answers of several kinds, each run against a lab's own test cells.

A file tests/variants/NN_name.toml lists the answers. Many are tried in one run of the notebook: the tasks are
divided into two halves; while the tasks of one half are answered wrongly, those of the other are answered rightly in
another way, so that a wrong answer that spoils its neighbour's test is seen.
"""

import copy
import tempfile
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbformat import NotebookNode
from nbgrader.preprocessors import IgnorePattern
from nbgrader.utils import determine_grade
from rich.progress import Progress
from traitlets.config import Config

from course.authoring.build import prepare
from course.authoring.parameters import parameters, with_parameters
from course.authoring.sources import cells_with_tests, grade_id, imports, is_answer
from course.config import Course, Lab
from course.errors import CourseError
from course.grading.kernels import kernel_pair
from course.grading.limits import Limits
from course.grading.run import run as beside
from course.nbgrader import load_config
from course.tables import only

LIMITS = Limits(submission_seconds=3_000)
THREADS = 2
KEYS = {"task": str, "name": str, "right": bool, "answer": str}  # of an answer in the file


@dataclass(frozen=True)
class Variant:
    """One answer to one task: the whole text of its cell, and the test cells it must fail (none if it is right)."""

    task: str
    name: str
    answer: str
    fails: frozenset[str]

    @property
    def spoils(self) -> frozenset[str]:
        """The other tasks that it fails, because they rightly build on this one."""
        return frozenset(test.removeprefix("test-") for test in self.fails) - {self.task}


def read_variants(path: Path, notebook: NotebookNode) -> tuple[Variant, ...]:
    """Read a file of variants.

    Raises
    ------
    CourseError
        The file is missing or not valid, has an unknown key, or names a task or a test that the lab does not have.
    """
    tests = {str(grade_id(cell)) for cell in cells_with_tests(notebook)}
    try:
        table = tomllib.loads(path.read_text("utf-8"))
        only(str(path), table, ("variant",))
        variants = tuple(_variant(f"{path}, variant {n}", one, tests) for n, one in enumerate(table["variant"], 1))
    except FileNotFoundError as error:
        raise CourseError(
            f"{path} does not exist; every lab needs right and wrong answers to test its tests."
        ) from error
    except (tomllib.TOMLDecodeError, KeyError) as error:
        raise CourseError(f"{path} is not a valid file of variants: {error}.") from error
    answers = {grade_id(cell) for cell in notebook.cells if is_answer(cell)}
    unknown = sorted({variant.task for variant in variants} - answers)
    if unknown:
        raise CourseError(f"{path} names tasks that the lab does not have: {', '.join(unknown)}.")
    return variants


def _variant(where: str, entry: dict[str, Any], tests: set[str]) -> Variant:
    only(where, entry, (*KEYS, "also_fails"))
    for key, kind in KEYS.items():
        if not isinstance(entry.get(key), kind):
            raise CourseError(f"{where}: `{key}` must be given as a {kind.__name__}; it is {entry.get(key)!r}.")
    also = entry.get("also_fails", [])
    if not isinstance(also, list) or not tests.issuperset(map(str, also)) or (also and entry["right"]):
        raise CourseError(
            f"{where}: `also_fails` must list tests of the lab that a wrong answer fails; it is {also!r}."
        )
    fails = [] if entry["right"] else [f"test-{entry['task']}", *also]
    return Variant(entry["task"], entry["name"], entry["answer"].strip("\n"), frozenset(fails))


def rounds(variants: Sequence[Variant], tasks: Sequence[str]) -> Iterator[list[Variant]]:
    """Divide the variants into runs: one a task, wrong ones only in every other task, none that another spoils."""
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


def _independent(one: Variant, other: Variant) -> bool:
    return one.task != other.task and one.task not in other.spoils and other.task not in one.spoils


def run(notebook: NotebookNode, chosen: Sequence[Variant], budget: Mapping[str, Any], folder: Path) -> NotebookNode:
    """Run set-up and answers, with these in place of the model ones, and the tests beside them, as they are graded.

    Cells that only show something, between the tasks, are left out: no test may depend on them.
    """
    answers = {variant.task: variant.answer for variant in chosen}
    trial = copy.deepcopy(notebook)
    first = next(index for index, cell in enumerate(trial.cells) if is_answer(cell))
    trial.cells = [cell for index, cell in enumerate(trial.cells) if index < first or grade_id(cell)]
    for cell in trial.cells:
        cell.source = answers.get(grade_id(cell) or "", cell.source)
    if budget:
        trial = with_parameters(trial, budget)
    values = parameters(notebook) | dict(budget)
    with kernel_pair(LIMITS, boxed=False, threads=THREADS, imports=imports(notebook)) as pair:
        beside(trial, pair, imports(notebook), values, LIMITS, str(folder))
    return trial


def auto_scores(notebook: NotebookNode, config: Config) -> dict[str, float]:
    """Points that each test cell of an executed notebook earned, by nbgrader's rule and the course's settings."""
    clean, _ = IgnorePattern(config=config).preprocess(copy.deepcopy(notebook), {})
    return {cell.metadata["nbgrader"]["grade_id"]: float(determine_grade(cell)[0]) for cell in cells_with_tests(clean)}


def surprises(notebook: NotebookNode, chosen: Sequence[Variant], config: Config) -> list[str]:
    """What came out otherwise than declared: tests that fail and should not, or pass and should not."""
    expected = {test: variant for variant in chosen for test in variant.fails}
    tried = ", ".join(f"{variant.task} ({variant.name})" for variant in chosen)
    scores, found = auto_scores(notebook, config), []
    for cell in cells_with_tests(notebook):
        test = cell.metadata["nbgrader"]["grade_id"]
        full = float(cell.metadata["nbgrader"]["points"])
        score = scores[test]
        if test in expected and score:
            found.append(f"{test} gives {score:g} points to the wrong answer «{expected[test].name}».")
        elif test not in expected and score != full:
            found.append(f"{test} gives {score:g} of {full:g} points: {message(cell)}. Tried: {tried}.")
    return found


def try_all(course: Course, lab: Lab, progress: Progress) -> list[str]:
    """Try every variant of a lab with its grading budget and the bundled digits; return what came out otherwise."""
    notebook = prepare(course, lab)
    known = read_variants(variants_file(course, lab), notebook)
    tasks = [name for cell in notebook.cells if is_answer(cell) and (name := grade_id(cell))]
    config, found = load_config(course), []
    plan = list(rounds(known, tasks))
    bar = progress.add_task(f"{lab.name}, {len(known)} answers", total=len(plan))
    for chosen in plan:
        with tempfile.TemporaryDirectory() as folder:
            found += surprises(run(notebook, chosen, lab.budget, Path(folder)), chosen, config)
        progress.advance(bar)
    return found


def variants_file(course: Course, lab: Lab) -> Path:
    """Where a lab's right and wrong answers are listed."""
    return course.root / "tests" / "variants" / f"{lab.name}.toml"


def message(cell: NotebookNode) -> str:
    """The error a cell ended with, in one line."""
    errors = [f"{out.ename}: {out.evalue}" for out in cell.outputs if out.output_type == "error"]
    return " ".join(errors) or "no error"
