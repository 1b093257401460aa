"""No right answer may fail by bad luck: solutions run as they are graded, with other random numbers."""

import copy
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path

from nbformat import NotebookNode
from rich.progress import Progress

from course.authoring.name_use import cut_to
from course.authoring.parallel import in_processes
from course.authoring.try_variants import auto_scores, cell_error, run_notebook
from course.config import Course, Lab
from course.labs.prepare import prepare_lab
from course.labs.sources import cells_with_tests, grade_id, is_answer, is_test, points_by_cell
from course.nbgrader_api import load_config

SEED = re.compile(r"(set_random_seed\(|^\w*SEED = )(\d+)", re.MULTILINE)


def reseeded(notebook: NotebookNode, seed: int) -> NotebookNode:
    """A copy with other seeds: `seed` for the first one that a cell sets, and so on in steps of 1,000.

    Tests keep theirs, but one that repeats a seed of its answer, to train again as that did, repeats the new one.
    """
    trial, new_seeds, answers = copy.deepcopy(notebook), dict[str, int](), dict[str, set[str]]()
    for cell in trial.cells:
        if cell.cell_type != "code":
            continue
        own = answers.get(str(grade_id(cell)).removeprefix("test-"), set()) if is_test(cell) else None
        if is_answer(cell):
            answers[str(grade_id(cell))] = {match[2] for match in SEED.finditer(cell.source)}

        def with_new_seed(match: re.Match[str], own: set[str] | None = own) -> str:
            if own is not None and match[2] not in own:
                return match[0]
            return f"{match[1]}{new_seeds.setdefault(match[2], seed + 1000 * len(new_seeds))}"

        cell.source = SEED.sub(with_new_seed, cell.source)
    return trial


def try_seeds(course: Course, labs: Sequence[Lab], seeds: Sequence[int], progress: Progress) -> list[str]:
    """Run each solution with its grading budget once a seed; return what did not get full marks by nbgrader's rule."""
    runs = [(course, lab, prepare_lab(course, lab), seed) for lab in labs for seed in seeds]
    bar, failures = progress.add_task(f"{len(labs)} labs", total=len(runs)), dict[int, list[str]]()
    for number, found in in_processes(try_seed, runs):
        failures[number] = found
        progress.advance(bar)
    return [text for number in sorted(failures) for text in failures[number]]


def try_seed(course: Course, lab: Lab, solution: NotebookNode, seed: int) -> list[str]:
    """Run the answers and tests of a solution with this seed; return what did not get full marks."""
    tasks = {str(grade_id(cell)) for cell in solution.cells if is_answer(cell)}
    trial = cut_to(reseeded(solution, seed), tasks)
    with tempfile.TemporaryDirectory() as folder:
        executed = run_notebook(trial, lab.budget, Path(folder))
    full, scores = points_by_cell(executed), auto_scores(executed, load_config(course.root))
    return [
        f"{lab.name}, seed {seed}: {test} gives {scores[test]:g} points: {cell_error(cell)}"
        for cell in cells_with_tests(executed)
        if scores[test := str(grade_id(cell))] != full[test]
    ]
