"""Mending: whatever happened to a file, the lab's cells are the lab's and the answers are the student's."""

import copy
import functools
import json
import random

import damage
import nbformat
import pytest
from nbformat import NotebookNode
from nbgrader.nbgraderformat import MetadataValidator
from this_course import COURSE
from typer.testing import CliRunner

from course import cli
from course.errors import CourseError, SubmissionError
from course.grading import grade
from course.grading.demo import answered, hand_in, model_answers
from course.grading.repair.read_notebook import read_notebook
from course.grading.repair.repair import guess_lab, repair
from course.inbox import submissions
from course.inbox.notes import Note, listed
from course.labs.prepare import prepare
from course.labs.sources import grade_id, is_answer, is_test, tagged

LIGHT = COURSE.labs[0]  # needs no TensorFlow


@functools.cache
def released_of(lab):
    return nbformat.read(COURSE.released(lab), as_version=4)


@functools.cache
def solution_of(lab):
    return answered(released_of(lab), model_answers(prepare(COURSE, lab)))


@pytest.fixture
def released(lab):
    return released_of(lab)


@pytest.fixture
def solved(lab):
    """A solved copy of the lab, to be damaged."""
    return copy.deepcopy(solution_of(lab))


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


def test_what_is_not_damaged_stays_as_it_is(lab, solved, released):
    assert mended(solved, released) == (solved, [])
    assert mended(released, released) == (released, [])
    MetadataValidator().validate_nb(released)  # so no other notebook with the same metadata need be asked


def test_outputs_are_left_out_without_a_word(lab, solved, released):
    for cell in solved.cells:
        if cell.cell_type == "code":
            cell.execution_count = 3
            cell.outputs = [nbformat.v4.new_output("stream", text="x" * 1000), {"output_type": "nonsense"}]
    assert mended(solved, released) == (solution_of(lab), [])


@pytest.mark.parametrize("name", damage.ALL)
def test_each_damage_is_mended(solved, released, name):
    answers = answers_in(solved)
    make, expected = damage.ALL[name]
    make(solved, released)
    notebook, notes = mended(solved, released)
    assert answers_in(notebook) == answers
    assert kinds(notes) == expected
    assert any(note.review for note in notes) == (name in ("change_marks", "paste_stub_below", "paste_older_above"))
    assert all(line.isprintable() for line in listed(notes))


@pytest.mark.parametrize("seed", range(10))
def test_damages_together_are_mended(lab, solved, released, seed):
    draw = random.Random(f"{lab.name} {seed}")
    answers = answers_in(solved)
    cells = ["delete_tests", "edit_tests", "double_tests", "retype_tests", "paste_older_above", "paste_stub_below"]
    chosen = draw.sample([*cells, "delete_setup", "delete_prose", "add_scratch", "retype_answers"], 3)
    chosen += draw.sample(["like_colab", "change_marks", "wrong_ids", "same_ids", "reverse"], 2)
    for name in sorted(chosen, key=lambda name: name != "reverse"):  # else the older of two answers would be the last
        damage.ALL[name][0](solved, released)
    assert answers_in(mended(solved, released)[0]) == answers, chosen


@pytest.mark.parametrize("other", ["delete_tests", "edit_tests", "double_tests", "retype_tests", "delete_setup"])
def test_a_stripped_file_with_a_second_damage(solved, released, other):
    answers = answers_in(solved)
    damage.ALL[other][0](solved, released)
    damage.strip_everything(solved, released)
    notebook, notes = mended(solved, released)
    assert answers_in(notebook) == answers
    assert "marks-lost" in kinds(notes)


def test_a_stripped_file_in_another_order(solved, released):
    """Only the written answer, recognised by what stands around it, cannot be found again; that is said."""
    answers, written = answers_in(solved), grade_id(damage.written_answer(solved))
    damage.strip_everything(solved, released)
    draw = random.Random(1)
    draw.shuffle(solved.cells)
    notebook, notes = mended(solved, released)
    found = answers_in(notebook)
    assert {name for name in answers if found[name] != answers[name]} <= {written}
    assert answers[written] in sources(notebook)
    assert any(note.where == written and note.review for note in notes)


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


def light():
    return copy.deepcopy(solution_of(LIGHT)), released_of(LIGHT)


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


def test_a_student_with_an_older_edition_has_edited_nothing():
    """The lab's tests were changed after it was handed out, some of them after that by an editor."""
    solved, released = light()
    released = copy.deepcopy(released)
    tests = [cell for cell in released.cells if is_test(cell)]
    for cell in tests:
        cell.source += "\nassert True, 'a new assertion'"
    damage.find(solved, "test-class-counts").source += "\nprint('mine')"
    its = damage.find(solved, "test-scale")
    its.source = f"#%%\n{its.source.replace(chr(10), '  ' + chr(10))}\n\n"
    solved.cells[:] = [cell for cell in solved.cells if grade_id(cell) != "test-one-hot"]
    notebook, notes = mended(solved, released)
    assert [cell.source for cell in notebook.cells if is_test(cell)] == [cell.source for cell in tests]
    said = {note.where: note.text for note in notes}
    assert said["notebook"].startswith(f"{len(tests) - 2} tests are those of another edition of the lab (test-")
    assert said["test-one-hot"] == "The test had been deleted. It has been put back."
    assert said["test-class-counts"] == "The test had been edited. It is there once, as the lab has it."
    assert len(said) == 3


def test_what_editors_do_to_blank_space_is_no_edit():
    """PyCharm marks cells by #%%; others cut blanks at the ends of lines, or make them of tabs."""
    solved, released = light()
    for cell in solved.cells:
        if is_test(cell):
            cell.source = "#%%\n" + cell.source.replace("    ", "\t").replace("\n", " \n") + "\n\n"
    notebook, notes = mended(solved, released)
    assert notebook == solution_of(LIGHT) and notes == []


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
    order = [source for source in sources(notebook) if "def scale" in source]
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


def test_edited_cells_that_nobody_grades_stay_as_the_student_wrote_them():
    solved, released = light()
    number = next(n for n, cell in enumerate(solved.cells) if "import matplotlib" in cell.source)
    cell, demo = solved.cells[number], damage.copy_of(solved.cells[9], "…")
    cell.source += "\nfrom math import pi"
    solved.cells[9].source = "plot_images(X_train[15:30], y_train[15:30]);"
    tagged(solved, "parameters")[0].source = "N_TRAIN = 500  # enough for me\nN_TEST = 1_000"
    expected = sources(solved)
    assert demo.source != expected[9]
    for damaged in (solved, stripped(solved, released)):
        notebook, _ = mended(damaged, released)
        assert sources(notebook) == expected
        assert [c.metadata for c in notebook.cells] == [c.metadata for c in released.cells]


def stripped(notebook, released):
    notebook = copy.deepcopy(notebook)
    damage.strip_everything(notebook, released)
    return notebook


def test_code_written_into_a_test_is_not_lost():
    solved, released = light()
    test = damage.its_test(solved, "scale")
    test.source = "def helper():\n    return 255\n\n" + test.source
    notebook, notes = mended(solved, released)
    place = [cell.id for cell in notebook.cells].index("test-scale")
    assert notebook.cells[place - 1].source == test.source
    assert kinds(notes) == {"test-restored", "code-in-test"}


def test_setup_cells_that_became_text_are_code_again():
    solved, released = light()
    for cell in solved.cells[:9]:
        damage.retype(cell, "raw")
    notebook, notes = mended(solved, released)
    assert [cell.cell_type for cell in notebook.cells[3:9:2]] == ["code"] * 3
    assert kinds(notes) == {"setup-retyped"}
    assert notebook.cells[0].cell_type == "raw", "what nobody needs stays as the student has it"


def test_the_parameters_are_known_by_their_tag():
    solved, released = light()
    cell = tagged(solved, "parameters")[0]
    cell.id, cell.source = "another", "DIGITS = 500"
    notebook, notes = mended(solved, released)
    assert sources(notebook) == sources(solved)
    assert (tagged(notebook, "parameters")[0].source, notes) == ("DIGITS = 500", [])


def test_marks_that_the_lab_does_not_know():
    solved, released = light()
    old = damage.copy_of(damage.find(solved, "scale"), "x = 1", "old")
    old.metadata.nbgrader.grade_id = "scale-2019"
    solved.cells.append(old)
    notebook, notes = mended(solved, released)
    assert (notebook.cells[-1].source, notebook.cells[-1].metadata) == ("x = 1", {})
    assert [(note.kind, note.review) for note in notes] == [("unknown-marks", False)]


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


def test_pictures_in_a_written_answer_stay():
    solved, released = light()
    damage.written_answer(solved).attachments = {"mine.png": {"image/png": "aGVsbG8="}}
    notebook, notes = mended(solved, released)
    assert damage.written_answer(notebook).attachments == {"mine.png": {"image/png": "aGVsbG8="}}
    assert notes == []
    damage.written_answer(solved).attachments["huge.png"] = {"image/png": "A" * 6_000_000}
    notebook, notes = mended(solved, released)
    assert "attachments" not in damage.written_answer(notebook)
    assert [(note.kind, note.review) for note in notes] == [("attachments", True)]


def test_tests_are_compared_with_what_students_saw_of_them():
    solved, _ = light()
    reference = released_of(LIGHT).copy()
    hidden = {grade_id(cell): cell.source for cell in prepare(COURSE, LIGHT).cells if is_test(cell)}
    reference = copy.deepcopy(reference)
    for cell in reference.cells:
        cell.source = hidden.get(grade_id(cell), cell.source)
    assert "HIDDEN" in damage.its_test(reference, "scale").source
    notebook, notes = mended(solved, reference)
    assert notes == []
    assert damage.its_test(notebook, "scale").source == hidden["test-scale"]
    damage.strip_everything(solved, reference)
    assert kinds(mended(solved, reference)[1]) == {"marks-lost"}


def test_a_lab_with_its_solutions_is_refused():
    solved, _ = light()
    with pytest.raises(CourseError, match="holds its solutions"):
        repair(solved, prepare(COURSE, LIGHT))


def test_the_notebook_of_another_lab_is_said():
    other, released = solution_of(COURSE.labs[1]), released_of(LIGHT)
    notebook, notes = mended(other, released)
    assert answers_in(notebook) == answers_in(released)
    assert Note("other-lab", "notebook", notes[0].text, review=True) == notes[0]


def test_the_lab_is_guessed(lab, solved, released):
    labs = {other.name: released_of(other) for other in COURSE.labs}
    assert guess_lab(solved, "homework.ipynb", labs) == lab.name
    damage.strip_everything(solved, released)
    assert guess_lab(solved, "homework.ipynb", labs) == lab.name
    assert guess_lab(nbformat.v4.new_notebook(), f"{lab.name.upper()} (1).ipynb", labs) == lab.name
    assert guess_lab(nbformat.v4.new_notebook(), "homework.ipynb", labs) is None


# --- with nbgrader


def test_mended_submissions_get_full_marks_from_nbgrader(tmp_path):
    """A different damage to each question, and a stripped file; without mending, nbgrader gives up on both."""
    released = released_of(LIGHT)
    damages = [
        damage.paste_older_above,
        damage.paste_stub_below,
        damage.merge_into_tests,
        damage.retype_answers,
        damage.retype_tests,
        damage.delete_tests,
        damage.edit_tests,
        damage.double_tests,
        damage.change_marks,
    ]
    many = copy.deepcopy(solution_of(LIGHT))
    damage.delete_demos(many, released)
    damage.reverse(many, released)
    for name, make in zip(damage.code_answers(released), damages, strict=True):
        damage.at_question(many, released, name, make)
    damage.empty_setup(many, released)
    damage.same_ids(many, released)
    stripped = copy.deepcopy(solution_of(LIGHT))
    for make in (damage.delete_demos, damage.delete_setup, damage.strip_everything):
        make(stripped, released)
    for student, notebook in {"many": many, "stripped": stripped}.items():
        hand_in(tmp_path, LIGHT, student, mended(notebook, released)[0])
    found = submissions.find(tmp_path, LIGHT)
    results = grade.grade(COURSE, LIGHT, tmp_path, found, lambda student: None, grade.Options())
    scores = {result.student: (result.tests, result.to_mark, result.reason) for result in results}
    assert scores == {"many": (18, 2, ""), "stripped": (18, 2, "")}


# --- anything at all

WEIRD = [
    None,
    True,
    -1,
    4,
    1e308,
    "",
    "x",
    "\ud800",
    "\0",
    "a\r\nb",
    [],
    {},
    [[]],
    {"a": 1},
    ["a", "b"],
    [1, None],
    "code",
]


def grow(draw, value, depth=0):
    """The value with some parts exchanged, removed, doubled or shuffled."""
    if draw.random() < 0.02:
        return draw.choice(WEIRD)
    if isinstance(value, dict):
        kept = [item for item in value.items() if draw.random() > 0.02]
        return {key: grow(draw, part, depth + 1) for key, part in kept}
    if isinstance(value, list) and depth < 4:
        parts = [grow(draw, part, depth + 1) for part in value if draw.random() > 0.02]
        parts += draw.sample(parts, min(len(parts), draw.randrange(2)))
        if draw.random() < 0.1:
            draw.shuffle(parts)
        return parts
    return value


def noisy(draw, data):
    """The bytes with a few of them exchanged, inserted, cut out or cut off."""
    data = bytearray(data)
    for _ in range(draw.randrange(1, 6)):
        at, length = draw.randrange(len(data)), draw.randrange(1, 200)
        match draw.randrange(5):
            case 0:
                data[at] = draw.randrange(256)
            case 1:
                data[at:at] = draw.randbytes(length)
            case 2:
                del data[at : at + length]
            case 3:
                data[at:at] = data[max(0, at - length) : at]
            case _:
                data[at:] = data[at : at + draw.choice([0, len(data)])]
    return bytes(data) or b" "


def answers_of(submitted, released):
    """What stands in the cells that are marked as answers."""
    ids = set(answers_in(released))
    return {cell.source for cell in submitted.cells if grade_id(cell) in ids}


@pytest.mark.parametrize("kind", ["structure", "bytes"])
def test_anything_is_either_mended_or_refused_with_a_reason(kind):
    draw = random.Random(kind)
    solved, released = light()
    original = json.dumps(solved)
    outcomes = []
    for _ in range(200):
        data = json.dumps(grow(draw, json.loads(original))) if kind == "structure" else noisy(draw, original.encode())
        try:
            submitted, notes = read_notebook(data.encode() if isinstance(data, str) else data, "lab.ipynb")
        except SubmissionError as error:
            assert len(str(error).splitlines()) == 1
            outcomes.append("refused")
            continue
        nbformat.validate(submitted)
        result = repair(submitted, released)
        assert_sound(result.notebook, released)
        assert answers_of(submitted, released) <= set(sources(result.notebook)), "no answer is lost"
        nbformat.writes(result.notebook).encode("utf-8")
        "\n".join(listed([*notes, *result.notes])).encode("utf-8")
        outcomes.append("mended")
    assert outcomes.count("mended") > 20
    assert "refused" in outcomes


# --- the command


def test_the_command_mends_a_file(tmp_path, monkeypatch):
    monkeypatch.chdir(COURSE.root)
    solved, released = light()
    damage.paste_older_above(solved, released)
    damage.strip_everything(solved, released)
    broken, fixed = tmp_path / "my work (1).ipynb", tmp_path / "fixed.ipynb"
    broken.write_text(json.dumps(solved), "utf-8")
    done = CliRunner().invoke(cli.app, ["mend", str(broken), "-o", str(fixed)])
    assert done.exit_code == 0, done.output
    assert answers_in(nbformat.read(fixed, as_version=4)) == answers_in(solution_of(LIGHT))
    assert "had lost the marks" in done.output
    again = CliRunner().invoke(cli.app, ["mend", str(fixed), "-o", str(tmp_path / "again.ipynb")])
    assert "nothing had to be mended" in again.output
    assert (tmp_path / "again.ipynb").read_bytes() == fixed.read_bytes()


def test_the_command_does_not_overwrite_what_was_handed_in(tmp_path, monkeypatch):
    monkeypatch.chdir(COURSE.root)
    path = tmp_path / "lab.ipynb"
    path.write_text("{}")
    for arguments, reason in {
        (str(path), "-o", str(path)): "never overwritten",
        (str(path), "-o", str(tmp_path / "x"), "--lab", "nowhere"): "There is no lab 'nowhere'",
        (str(path), "-o", str(tmp_path / "x")): "it has no cells",
        (str(tmp_path), "-o", str(tmp_path / "x")): "cannot be opened",
    }.items():
        done = CliRunner().invoke(cli.app, ["mend", *arguments])
        assert isinstance(done.exception, CourseError) and reason in str(done.exception)
    assert path.read_text() == "{}"
    assert list(tmp_path.iterdir()) == [path]
