"""Solutions scored with other random numbers."""

import nbformat
import pytest
from rich.progress import Progress

from course.authoring import seeds
from course.labs.prepare import prepare_lab


def test_every_seed_is_replaced_but_those_in_tests():
    texts = ["keras.utils.set_random_seed(1)", "x = 1\nset_random_seed(98)", "set_random_seed(7)"]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text) for text in texts])
    notebook.cells[2].metadata["nbgrader"] = {"grade": True, "grade_id": "test-x"}
    trial = seeds.reseeded(notebook, 5)
    assert [cell.source for cell in trial.cells] == [
        "keras.utils.set_random_seed(5)",
        "x = 1\nset_random_seed(1005)",
        "set_random_seed(7)",
    ]
    assert notebook.cells[0].source == texts[0], "the notebook given is left as it is"


@pytest.mark.kernel
def test_bad_luck_is_found_and_named(course, monkeypatch):
    """A test that passes with one seed only; the other labs' tests are tried by `course seeds` itself."""
    lab = course.labs[0]
    solution = prepare_lab(course, lab)
    answer = nbformat.v4.new_code_cell("set_random_seed = int\nlucky = set_random_seed(1)")
    about = {"grade": True, "grade_id": "test-luck", "points": 2, "solution": False, "locked": True}
    test = nbformat.v4.new_code_cell(
        "assert lucky == 101, 'no luck'", metadata={"nbgrader": about | {"schema_version": 3}}
    )
    solution.cells = [answer, test]
    monkeypatch.setattr(seeds, "prepare_lab", lambda course, lab: solution)
    with Progress(disable=True) as progress:
        found = seeds.try_seeds(course, [lab], [101, 102], progress)
    assert found == [f"{lab.name}, seed 102: test-luck gives 0 points: AssertionError: no luck"]
