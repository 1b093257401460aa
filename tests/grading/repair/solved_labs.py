"""Labs with all answers, to be damaged, and what holds of every repaired notebook."""

import copy
import functools
import json

import damage
import nbformat
from this_course import COURSE, prepared

from course.grading.demo import fill_in, model_answers
from course.grading.repair.read_notebook import read_notebook
from course.grading.repair.repair import repair
from course.labs.sources import grade_id, is_answer, is_test, tagged

LIGHT = COURSE.labs[0]  # needs no TensorFlow


@functools.cache
def released_of(lab):
    return nbformat.read(COURSE.released(lab), as_version=4)


@functools.cache
def solution_of(lab):
    return fill_in(released_of(lab), model_answers(prepared(lab)))


def mended(notebook, released):
    """The mended notebook and all notes; the file is written by hand, for nbformat would put some damages right."""
    submitted, notes = read_notebook(json.dumps(notebook).encode(), "lab.ipynb")
    nbformat.validate(submitted)
    before = copy.deepcopy(released)
    result = repair(submitted, released)
    assert released == before
    assert_sound(result.notebook, released)
    return result.notebook, [*notes, *result.notes]


def assert_sound(notebook, released):
    """What nbgrader relies on: the lab's cells, once, in order, with the lab's metadata and the lab's tests."""
    nbformat.validate(notebook)
    assert (notebook.nbformat, notebook.nbformat_minor, notebook.metadata) == (4, 5, released.metadata)
    known = [cell for cell in notebook.cells if damage.is_known(cell)]
    frames = [(cell.id, cell.cell_type, cell.metadata) for cell in known]
    assert frames == [(cell.id, cell.cell_type, cell.metadata) for cell in released.cells if damage.is_known(cell)]
    assert [cell.source for cell in known if is_test(cell)] == [c.source for c in released.cells if is_test(c)]
    assert len({cell.id for cell in notebook.cells}) == len(notebook.cells)
    assert len(tagged(notebook, "parameters")) == 1
    assert not any(cell.get("outputs") or cell.get("execution_count") for cell in notebook.cells)
    labs = {cell.id for cell in released.cells}
    assert not any(cell.metadata for cell in notebook.cells if cell.id not in labs), "own cells have no metadata"
    first = next(number for number, cell in enumerate(released.cells) if is_answer(cell))
    setup = {cell.id for cell in released.cells[:first] if cell.cell_type == "code"}
    assert setup <= {cell.id for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()}


def answers_in(notebook):
    return {grade_id(cell): cell.source for cell in notebook.cells if is_answer(cell)}


def sources(notebook):
    return [cell.source for cell in notebook.cells]


def kinds(notes):
    return {note.kind for note in notes}


def light():
    return copy.deepcopy(solution_of(LIGHT)), released_of(LIGHT)


def stripped(notebook, released):
    notebook = copy.deepcopy(notebook)
    damage.strip_everything(notebook, released)
    return notebook
