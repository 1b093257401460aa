"""Solutions scored with other random numbers."""

from dataclasses import replace

import nbformat
import pytest
from rich.progress import Progress
from this_course import prepared

from course.authoring import seeds
from course.labs.sources import cells_with_tests, grade_id


def test_every_seed_is_replaced_but_those_that_tests_set_by_themselves():
    texts = [
        "keras.utils.set_random_seed(1)",
        "A_SEED = 3\nx = 1\nset_random_seed(98)\nset_random_seed(1)",
        "set_random_seed(98)\nset_random_seed(7)",
        "set_random_seed(98)",
        "rng = default_rng(98)\nset_random_seed(A_SEED)",
    ]
    ids = {1: ("x", False), 2: ("test-x", True), 3: ("test-y", True)}
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text) for text in texts])
    for number, (name, grade) in ids.items():
        notebook.cells[number].metadata["nbgrader"] = {"grade": grade, "solution": not grade, "grade_id": name}
    trial = seeds.reseeded(notebook, 5)
    assert [cell.source for cell in trial.cells] == [
        "keras.utils.set_random_seed(5)",
        "A_SEED = 1005\nx = 1\nset_random_seed(2005)\nset_random_seed(5)",
        "set_random_seed(2005)\nset_random_seed(7)",
        "set_random_seed(98)",
        texts[4],
    ]
    assert notebook.cells[0].source == texts[0], "the notebook given is left as it is"


def test_each_lab_that_repeats_a_training_repeats_it_with_the_new_seed(course, lab):
    """In a lab as it is, a test that sets a seed of its answer must set it after reseeding, too."""
    source = prepared(lab)
    trial, found = seeds.reseeded(source, 90_000), []
    answers = {grade_id(cell): cell.source for cell in source.cells}
    for before, after in zip(cells_with_tests(source), cells_with_tests(trial), strict=True):
        answer = answers.get(str(grade_id(before)).removeprefix("test-"), "")
        set_there = {match[2] for match in seeds.SEED.finditer(answer)}
        kept = {match[2] for match in seeds.SEED.finditer(after.source)}
        found += [(grade_id(before), old) for old in kept & set_there]
    assert found == []


@pytest.mark.kernel
def test_bad_luck_is_found_and_named(course, monkeypatch):
    """A test that passes with one seed only; the other labs' tests are tried by `course seeds` itself."""
    solution = prepared(course.labs[0])
    lab = replace(course.labs[0], budget={})
    answer = nbformat.v4.new_code_cell("set_random_seed = int\nlucky = set_random_seed(1)")
    answer.metadata["nbgrader"] = {"grade": False, "grade_id": "luck", "solution": True, "locked": False}
    about = {"grade": True, "grade_id": "test-luck", "points": 2, "solution": False, "locked": True}
    test = nbformat.v4.new_code_cell("assert lucky == 101, 'no luck'", metadata={"nbgrader": about})
    for cell in (answer, test):
        cell.metadata["nbgrader"] |= {"schema_version": 3, "task": False}
    solution.cells = [answer, test]
    monkeypatch.setattr(seeds, "prepare_lab", lambda course, lab: solution)
    found = []
    for seed in (101, 102):
        with Progress(disable=True) as progress:
            found += seeds.try_seeds(course, [lab], [seed], progress)
    assert found == [f"{lab.name}, seed 102: test-luck gives 0 points: AssertionError: no luck"]
