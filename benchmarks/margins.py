"""How near the thresholds of tests come to what model answers give, with other seeds: so much luck a test forgives."""

import ast
import copy
import json
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from nbformat import NotebookNode
from rich.progress import Progress

from course.authoring import seeds
from course.authoring.parallel import in_processes
from course.config import Course, Lab
from course.labs.prepare import prepare_lab
from course.labs.sources import cells_with_tests, grade_id
from course.testing.cell_steps import runs_beside_answer

# What a test calls in place of a comparison by order: it notes both sides, if they are numbers, and compares them.
RECORDER = """
def _compared(text, operators, *sides):
    import json, numbers, operator
    for place, name in enumerate(operators):
        left, right = sides[place : place + 2]
        outcome = getattr(operator, name)(left, right)
        if isinstance(left, numbers.Real) and isinstance(right, numbers.Real):
            with open({file!r}, "a", encoding="utf-8") as notes:
                notes.write(json.dumps([{test!r}, text, float(left), float(right), bool(outcome)]) + "\\n")
        if place == len(operators) - 1 or not outcome:
            return outcome
"""
OPERATORS = {ast.Lt: "lt", ast.LtE: "le", ast.Gt: "gt", ast.GtE: "ge"}


@dataclass(frozen=True)
class Comparison:
    """A comparison by order that a test made: its text, the numbers on both sides, and whether it held."""

    test: str
    text: str
    left: float
    right: float
    held: bool

    @property
    def margin(self) -> float:
        """How far both sides are apart, as a share of the larger one's size."""
        size = max(abs(self.left), abs(self.right))
        return abs(self.left - self.right) / size if size else 0.0


@dataclass(frozen=True)
class SeedRun:
    """A run with one seed: which tests failed, as sentences, and the comparisons that all tests made."""

    failures: list[str]
    comparisons: list[Comparison]


def measure(course: Course, lab: Lab, chosen: Sequence[int], progress: Progress) -> tuple[list[str], list[Comparison]]:
    """Run the model answers of a lab once a seed: which tests failed, and where thresholds came `nearest`."""
    solution, bar = prepare_lab(course, lab), progress.add_task(lab.name, total=len(chosen))
    runs = dict[int, SeedRun]()
    for number, run in in_processes(run_seed, [(course, lab, solution, seed) for seed in chosen]):
        runs[number] = run
        progress.advance(bar)
    in_order = [runs[number] for number in sorted(runs)]
    return [text for run in in_order for text in run.failures], nearest([run.comparisons for run in in_order])


def run_seed(course: Course, lab: Lab, solution: NotebookNode, seed: int) -> SeedRun:
    """Run answers and tests with this seed, as `course seeds` does, and note what the tests compare."""
    with tempfile.TemporaryDirectory() as folder:
        notes = Path(folder) / "comparisons.jsonl"
        failures = seeds.try_seed(course, lab, with_recorder(solution, notes), seed)
        lines = notes.read_text("utf-8").splitlines() if notes.exists() else []
    return SeedRun(failures, [Comparison(*json.loads(line)) for line in lines])


def with_recorder(notebook: NotebookNode, notes: Path) -> NotebookNode:
    """A copy whose tests note, a line each, the comparisons by order that they assert."""
    trial = copy.deepcopy(notebook)
    for cell in cells_with_tests(trial):
        tree = _Recorded().visit(ast.parse(cell.source))
        cell.source = RECORDER.format(file=str(notes), test=str(grade_id(cell))) + ast.unparse(tree)
    return trial


class _Recorded(ast.NodeTransformer):
    """Asserts with calls in place of comparisons, but in functions that run where the answer is."""

    def __init__(self) -> None:
        self.asserted = False

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        return node if runs_beside_answer(node) else self.generic_visit(node)

    def visit_Assert(self, node: ast.Assert) -> ast.AST:
        self.asserted = True
        node.test = self.visit(node.test)
        self.asserted = False
        return node

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        names = [OPERATORS.get(type(operator)) for operator in node.ops]
        if not self.asserted or None in names:
            return self.generic_visit(node)
        text = ast.unparse(node)
        constants = [ast.Constant(text), ast.Tuple([ast.Constant(name) for name in names], ast.Load())]
        sides = [self.visit(side) for side in (node.left, *node.comparators)]
        return ast.Call(ast.Name("_compared", ast.Load()), [*constants, *sides], [])


def nearest(runs: Sequence[Sequence[Comparison]]) -> list[Comparison]:
    """Of each comparison that depends on the seed, where both sides came nearest, in the order of the tests.

    It depends on the seed, or on the clock, if that place differs between runs. One that did not always hold decides
    nothing alone (it stands beside an `or` or a `not`), so it is left out.
    """
    by_run = [_nearest_of(run) for run in runs]
    places = {key: [found[key] for found in by_run if key in found] for found in by_run for key in found}
    return list(_of_seeds(places.values()))


def _of_seeds(places: Iterable[list[Comparison]]) -> Iterator[Comparison]:
    for found in places:
        if len(set(found)) > 1 and all(comparison.held for comparison in found):
            yield min(found, key=lambda comparison: comparison.margin)


def _nearest_of(run: Sequence[Comparison]) -> dict[tuple[str, str], Comparison]:
    grouped = defaultdict[tuple[str, str], list[Comparison]](list)
    for comparison in run:
        grouped[comparison.test, comparison.text].append(comparison)
    return {key: min(found, key=lambda comparison: comparison.margin) for key, found in grouped.items()}
