"""No right answer may fail by bad luck: whole solutions run and scored with other random numbers."""

import copy
import re
import tempfile
from collections.abc import Sequence

from nbclient import NotebookClient
from nbformat import NotebookNode
from rich.progress import Progress

from course.authoring.try_variants import auto_scores, cell_error
from course.config import Course, Lab
from course.labs.prepare import prepare_lab
from course.labs.sources import cells_with_tests, points_by_cell
from course.nbgrader_api import load_config

SEED = re.compile(r"(set_random_seed\()\d+(\))")
CELL_SECONDS = 600


def reseeded(notebook: NotebookNode, seed: int) -> NotebookNode:
    """A copy in which every call of Keras's `set_random_seed` gets this seed, plus the place of the call."""
    trial, calls = copy.deepcopy(notebook), 0

    def with_next_seed(match: re.Match[str]) -> str:
        nonlocal calls
        calls += 1
        return f"{match[1]}{seed + 1000 * (calls - 1)}{match[2]}"

    for cell in trial.cells:
        if cell.cell_type == "code" and not cell.metadata.get("nbgrader", {}).get("grade"):
            cell.source = SEED.sub(with_next_seed, cell.source)
    return trial


def try_seeds(course: Course, labs: Sequence[Lab], seeds: Sequence[int], progress: Progress) -> list[str]:
    """Run each solution from top to bottom once a seed; return what did not get full marks by nbgrader's rule."""
    config, failures = load_config(course), []
    bar = progress.add_task("", total=len(labs) * len(seeds))
    for lab in labs:
        solution = prepare_lab(course, lab)
        for seed in seeds:
            progress.update(bar, description=f"{lab.name}, seed {seed}")
            trial = reseeded(solution, seed)
            with tempfile.TemporaryDirectory() as folder:
                resources = {"metadata": {"path": folder}}
                NotebookClient(trial, timeout=CELL_SECONDS, allow_errors=True, resources=resources).execute()
            full, scores = points_by_cell(trial), auto_scores(trial, config)
            for cell in cells_with_tests(trial):
                test = cell.metadata["nbgrader"]["grade_id"]
                if scores[test] != full[test]:
                    failures.append(
                        f"{lab.name}, seed {seed}: {test} gives {scores[test]:g} points: {cell_error(cell)}"
                    )
            progress.advance(bar)
    return failures
