"""Which cell of a damaged file is which: answers that were merged, split, doubled or moved, and own cells."""

import copy
import json

import damage
import nbformat
import pytest
from nbformat import NotebookNode
from nbgrader.nbgraderformat import MetadataValidator
from solved_labs import LIGHT, answers_in, kinds, light, mended, solution_of, sources, stripped

from course.grading.repair.read_notebook import read_notebook
from course.grading.repair.repair import repair
from course.labs.sources import grade_id, is_answer


def test_answers_merged_with_their_tests(solved, released):
    answers = answers_in(solved)
    for name in damage.code_answers(solved):
        answers[name] += "\n" + damage.its_test(solved, name).source
    damage.merge_into_tests(solved, released)
    notebook, notes = mended(solved, released)
    assert answers_in(notebook) == answers
    tests = {("test-restored", f"test-{name}") for name in damage.code_answers(released)}
    assert {(note.kind, note.where) for note in notes} == {("marks-lost", "notebook"), *tests}
    assert len(notebook.cells) == len(released.cells), "nothing is there twice"


@pytest.mark.parametrize("kept", [0, 1], ids=["marks-of-the-first", "marks-of-the-second"])
def test_two_answers_merged_into_one_cell(solved, released, kept):
    names = damage.code_answers(solved)[:2]
    if len(names) < 2:
        pytest.skip("the lab has one task alone")
    cells = [damage.find(solved, name) for name in names]
    cells[kept].source = cells[0].source + "\n\n\n" + cells[1].source
    solved.cells[:] = [cell for cell in solved.cells if cell is not cells[1 - kept]]
    notebook, notes = mended(solved, released)
    answers, missing = answers_in(notebook), names[1 - kept]
    assert answers[names[kept]] == cells[kept].source
    assert [(note.kind, note.where, note.review) for note in notes] == [("answer-missing", missing, True)]
    # An empty answer cell below would undo the answer; one above needs it when its test runs.
    pointer = f"# This answer stands further up, in the cell {names[0]!r}."
    assert answers[missing] == (cells[kept].source if kept else pointer)


def test_an_answer_split_into_two_cells(solved, released):
    """JupyterLab gives both halves the same metadata."""
    name = damage.code_answers(released)[0]
    cell = damage.find(solved, name)
    lines = cell.source.splitlines()
    above, below = "\n".join(lines[:-1]), lines[-1]
    cell.source = above
    damage.insert_after(solved, cell, damage.copy_of(cell, below))
    notebook, notes = mended(solved, released)
    place = [cell.id for cell in notebook.cells].index(name)
    assert sources(notebook)[place - 1 : place + 1] == [above, below]
    assert notebook.cells[place + 1].id == f"test-{name}"
    assert [(note.kind, note.review) for note in notes] == [("answer-twice", True)]


def test_of_two_answers_the_last_counts_and_the_others_stay_before_it():
    solved, released = light()
    cell = damage.find(solved, "scale")
    first, last = cell.source, "def scale(images):\n    return images / 255"
    helper = damage.copy_of(solved.cells[-1], "a remark", "remark")
    damage.insert_after(solved, cell, helper)
    solved.cells.append(damage.copy_of(cell, last))
    solved.cells.append(damage.copy_of(cell, "\n", "empty"))
    notebook, notes = mended(solved, released)
    place = [c.id for c in notebook.cells].index("scale")
    assert sources(notebook)[place - 2 : place + 1] == [first, "a remark", last]
    assert [note for note in notes if note.review] == [note for note in notes if note.kind == "answer-twice"]
    assert [note.where for note in notes] == ["scale"]
    assert f"Cell {len(solved.cells) - 1} counts" in notes[0].text


def test_copies_of_one_answer_are_not_worth_a_remark():
    """As when the whole of a notebook was pasted ten times."""
    solved, released = light()
    solved.cells += [copy.deepcopy(cell) for _ in range(9) for cell in solution_of(LIGHT).cells]
    notebook, notes = mended(solved, released)
    assert answers_in(notebook) == answers_in(solution_of(LIGHT)) and notes == []


def test_what_stands_behind_an_empty_copy_stays_there():
    solved, released = light()
    last = damage.copy_of(damage.find(solved, "scale"), answers_in(released)["scale"])
    solved.cells += [last, damage.copy_of(solved.cells[-1], "a remark", "remark")]
    notebook, notes = mended(solved, released)
    place = [cell.id for cell in notebook.cells].index("scale")
    assert sources(notebook)[place - 1] == last.source
    assert sources(notebook)[-1] == "a remark"
    assert kinds(notes) == {"answer-twice"}


def test_prose_that_quotes_code_is_no_answer():
    solved, released = light()
    solved.cells[:] = [cell for cell in solved.cells if grade_id(cell) != "scale"]
    solved.cells.append(
        damage.copy_of(solved.cells[-1], "My idea:\n```python\ndef scale(images):\n    ...\n```", "idea")
    )
    notebook, notes = mended(solved, released)
    assert answers_in(notebook)["scale"] == answers_in(released)["scale"]
    assert notebook.cells[-1].source == solved.cells[-1].source
    assert [(note.kind, note.where) for note in notes] == [("answer-missing", "scale")]


def test_a_stripped_file_with_two_answers():
    """The one in effect when the test runs counts; what stands below the test stays there and is named."""
    solved, released = light()
    cell = damage.find(solved, "scale")
    wrong = "def scale(images):\n    return images"
    damage.insert_after(solved, solved.cells[0], damage.copy_of(cell, wrong, "above"))
    damage.insert_after(solved, damage.its_test(solved, "scale"), damage.copy_of(cell, wrong + "  # below", "below"))
    damage.strip_everything(solved, released)
    notebook, notes = mended(solved, released)
    assert answers_in(notebook) == answers_in(solution_of(LIGHT))
    order = [source for source in sources(notebook) if "def scale(" in source]
    assert order == [wrong, answers_in(notebook)["scale"], wrong + "  # below"]
    assert {note.kind for note in notes if note.review} == {"answer-twice", "answer-again"}


def test_an_answer_in_a_cell_of_its_own_above_the_empty_answer_cell():
    solved, released = light()
    cell = damage.find(solved, "scale")
    answer, cell.source = cell.source, answers_in(released)["scale"]
    own = damage.copy_of(cell, answer, "own")
    own.metadata.clear()
    solved.cells.insert(solved.cells.index(cell), own)
    notebook, notes = mended(solved, released)
    assert answers_in(notebook) == answers_in(solution_of(LIGHT))
    assert kinds(notes) == {"answer-twice"}


def test_an_answer_that_is_not_there_is_said_and_left_empty():
    solved, released = light()
    solved.cells[:] = [cell for cell in solved.cells if not is_answer(cell)]
    notebook, notes = mended(solved, released)
    assert answers_in(notebook) == answers_in(released)
    assert {note.where for note in notes if note.kind == "answer-missing" and note.review} == set(answers_in(released))


def test_an_answer_under_another_name_is_taken_by_its_place():
    solved, released = light()
    damage.find(solved, "scale").source = "def my_scale(images):\n    return images / 255"
    damage.its_test(solved, "scale").source = "my_scale(X_train)"
    damage.strip_everything(solved, released)
    notebook, notes = mended(solved, released)
    assert answers_in(notebook)["scale"] == "def my_scale(images):\n    return images / 255"
    assert ("answer-by-place", "scale") in {(note.kind, note.where) for note in notes if note.review}


def test_own_cells_stay_behind_the_cell_they_followed():
    solved, released = light()
    damage.add_scratch(solved, released)
    before = sources(solved)
    assert sources(mended(solved, released)[0]) == before
    damage.strip_everything(solved, released)
    assert sources(mended(solved, released)[0]) == before


def test_own_cells_of_a_reordered_notebook():
    solved, released = light()
    top, task = damage.copy_of(solved.cells[-1], "top", "t"), damage.find(solved, "one-hot")
    damage.insert_after(solved, task, damage.copy_of(solved.cells[-1], "mine", "m"))
    block = solved.cells[solved.cells.index(task) :]
    solved.cells[:] = [top, *block, *[cell for cell in solved.cells if not any(cell is moved for moved in block)]]
    notebook, notes = mended(solved, released)
    expected = sources(solution_of(LIGHT))
    place = expected.index(task.source) + 1
    assert sources(notebook) == ["top", *expected[:place], "mine", *expected[place:]]
    assert kinds(notes) == {"order"}


def lab_with(*cells):
    """A small lab: cell type, source and marks of each cell."""
    marks = {"grade": False, "solution": False, "locked": False, "task": False, "schema_version": 3}
    made = []
    for number, (cell_type, source, about) in enumerate(cells):
        name = {"grade_id": f"q{number}", "cell_type": cell_type, "checksum": "0" * 32} if about else {}
        metadata = {"nbgrader": marks | name | about} if about else {}
        made.append(NotebookNode(cell_type=cell_type, source=source, metadata=metadata, id=f"id{number}"))
        damage.retype(made[-1], cell_type)
    return nbformat.from_dict({"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


def test_cells_that_are_locked_but_no_tests():
    released = lab_with(
        ("markdown", "Read this.", {"locked": True}),
        ("code", "CONSTANT = 7", {"locked": True}),
        ("markdown", "Do this.", {"locked": True, "task": True, "points": 2}),
    )
    MetadataValidator().validate_nb(released)
    changed = copy.deepcopy(released)
    changed.cells[0].source = "Read that."
    changed.cells[1].source = "CONSTANT = 8"
    del changed.cells[2]
    result = repair(read_notebook(json.dumps(changed).encode(), "lab.ipynb")[0], released)
    assert result.notebook == released
    assert [(note.kind, note.where) for note in result.notes] == [("test-restored", f"q{n}") for n in range(3)]


def test_several_written_answers_of_a_stripped_file():
    """Their empty cells all have the same text, so only what stands around them tells them apart."""
    written = {"grade": True, "solution": True, "points": 1}
    stub = "YOUR ANSWER HERE"
    released = lab_with(
        ("markdown", "First question", {}),
        ("markdown", stub, written),
        ("markdown", "Second question", {}),
        ("markdown", stub, written),
        ("markdown", "Third question", {}),
        ("markdown", stub, written),
    )
    solved = copy.deepcopy(released)
    solved.cells[1].source = "Because."
    solved.cells[5].source = "Never."
    result = repair(read_notebook(json.dumps(stripped(solved, released)).encode(), "lab.ipynb")[0], released)
    assert result.notebook == solved
    assert kinds(result.notes) == {"marks-lost"}
