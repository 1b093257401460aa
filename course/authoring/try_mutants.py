"""Testing the tests by mutants: each answer with one small change, run against its own test.

A mutant that gets its points shows a gap in the test, or is another right answer. tests/mutants/NN_name.toml lists the
latter, with the reason.
"""

import random
import tempfile
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from nbformat import NotebookNode
from rich.progress import Progress

from course.authoring.ends import End, end_of_test
from course.authoring.mutations import Mutant, mutants
from course.authoring.name_use import assigned_names, cut_to
from course.authoring.parallel import in_processes
from course.authoring.try_variants import LIMITS, with_answers
from course.config import Course, Lab
from course.config.unknown_keys import refuse_unknown_keys
from course.errors import CourseError
from course.grading.execution.kernel_pair import kernel_pair
from course.grading.execution.session import run_submission
from course.labs.parameters import parameters, with_parameters
from course.labs.prepare import prepare_lab
from course.labs.sources import grade_id, imports, is_answer, is_written

# A changed loop may never end. No cell of a model answer takes much over half of this at the budget of grading.
MUTANT_LIMITS = replace(LIMITS, cell_seconds=30)
_KEYS = ("task", "change", "reason")


@dataclass(frozen=True)
class Tried:
    """A mutant that was run, how its test ended, and with which words."""

    mutant: Mutant
    end: End
    text: str = ""


def mutants_of_lab(notebook: NotebookNode) -> list[Mutant]:
    """All mutants of the model answers of a lab as its source has it."""
    names = {name for cell in notebook.cells for name in assigned_names(cell)}
    return [
        mutant
        for cell in notebook.cells
        if is_answer(cell) and not is_written(cell)
        for mutant in mutants(str(grade_id(cell)), cell.source, names)
    ]


def mutants_file(course: Course, lab: Lab) -> Path:
    """Where a lab's mutants are listed that are as right as the answer; need not exist."""
    return course.root / "tests" / "mutants" / f"{lab.name}.toml"


def read_equivalent(course: Course, lab: Lab, known: Sequence[Mutant]) -> dict[tuple[str, str], str]:
    """The reasons for which mutants, by task and change, are as right as the answer.

    Raises
    ------
    CourseError
        The file is not valid, or lists a mutant that there is not.
    """
    path = mutants_file(course, lab)
    if not path.is_file():
        return {}
    try:
        listed = tomllib.loads(path.read_text("utf-8"))["equivalent"]
    except (tomllib.TOMLDecodeError, KeyError) as error:
        raise CourseError(f"{path} is not a valid list of mutants: {error}.") from error
    changes, reasons = {(mutant.task, mutant.change) for mutant in known}, dict[tuple[str, str], str]()
    for number, entry in enumerate(listed, 1):
        where = f"{path}, entry {number}"
        refuse_unknown_keys(where, entry, _KEYS)
        if missing := [key for key in _KEYS if not isinstance(entry.get(key), str)]:
            raise CourseError(f"{where}: `{missing[0]}` must be given as a text.")
        if (entry["task"], entry["change"]) not in changes:
            raise CourseError(
                f"{where}: {entry['task']} has no mutant «{entry['change']}». If the answer has changed, take the "
                "entry out and run: course mutants"
            )
        reasons[entry["task"], entry["change"]] = entry["reason"]
    return reasons


def choose_mutants(known: Sequence[Mutant], sample: int, seed: int) -> list[Mutant]:
    """So many of them, drawn by this seed, in their order; all if `sample` is 0."""
    if not sample or sample >= len(known):
        return list(known)
    return [known[place] for place in sorted(random.Random(seed).sample(range(len(known)), sample))]


def try_mutants(
    course: Course, lab: Lab, progress: Progress, task: str = "", sample: int = 0, seed: int = 0
) -> list[Tried]:
    """Run mutants of a lab with its grading budget and the bundled digits.

    Raises
    ------
    CourseError
        The lab has no such task, or its list of equivalent mutants is wrong.
    """
    notebook = prepare_lab(course, lab)
    known = mutants_of_lab(notebook)
    if task and task not in {mutant.task for mutant in known}:
        tasks = ", ".join(dict.fromkeys(mutant.task for mutant in known))
        raise CourseError(f"{lab.name} has no answers to change for `{task}`. It has for: {tasks}.")
    reasons = read_equivalent(course, lab, known)
    chosen = choose_mutants([mutant for mutant in known if task in ("", mutant.task)], sample, seed)
    tried = {mutant: Tried(mutant, End.RIGHT, reasons.get((mutant.task, mutant.change), "")) for mutant in chosen}
    pending = [mutant for mutant in chosen if not tried[mutant].text]
    bar = progress.add_task(f"{lab.name}, mutants", total=len(pending))
    for number, end in in_processes(try_mutant, [(notebook, lab, mutant) for mutant in pending]):
        tried[pending[number]] = end
        progress.advance(bar)
    return [tried[mutant] for mutant in chosen]


def try_mutant(notebook: NotebookNode, lab: Lab, mutant: Mutant) -> Tried:
    """Run a mutant with the answers that it and its test build on, and its test alone."""
    answered = cut_to(with_answers(notebook, {mutant.task: mutant.answer}), {mutant.task})
    used, values = imports(answered), parameters(answered) | dict(lab.budget)
    trial = with_parameters(answered, lab.budget) if lab.budget else answered
    with (
        tempfile.TemporaryDirectory() as folder,
        kernel_pair(MUTANT_LIMITS, sandboxed=False, threads=2, imports=used) as pair,
    ):
        run_submission(trial, pair, used, values, MUTANT_LIMITS, folder)
    return Tried(mutant, *end_of_test(trial, mutant.task))
