"""Mending: whatever happened to a file, the lab's cells are the lab's and the answers are the student's."""

import copy
import random

import damage
import nbformat
import pytest
from nbgrader.nbgraderformat import MetadataValidator
from solved_labs import LIGHT, answers_in, kinds, light, mended, released_of, solution_of, sources, stripped
from this_course import COURSE, prepared

from course.errors import CourseError
from course.grading import grade
from course.grading.demo import hand_in
from course.grading.options import Options
from course.grading.repair.repair import guess_lab, repair
from course.inbox import submissions
from course.inbox.notes import Note, note_lines
from course.labs.sources import grade_id, is_test, is_written, tagged


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
    assert all(line.isprintable() for line in note_lines(notes))


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
    """Only written answers, recognised by what stands around them, cannot be found again; that is said."""
    answers = answers_in(solved)
    written = {grade_id(cell) for cell in solved.cells if is_written(cell)}
    damage.strip_everything(solved, released)
    draw = random.Random(1)
    draw.shuffle(solved.cells)
    notebook, notes = mended(solved, released)
    found = answers_in(notebook)
    assert {name for name in answers if found[name] != answers[name]} <= written
    assert {answers[name] for name in written} <= {*sources(notebook)}
    assert any(note.where in written and note.review for note in notes)


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
    hidden = {grade_id(cell): cell.source for cell in prepared(LIGHT).cells if is_test(cell)}
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
        repair(solved, prepared(LIGHT))


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


@pytest.mark.kernel
def test_mended_submissions_get_full_marks_from_nbgrader(tmp_path):
    """Each question damaged in another way, in two notebooks, and a stripped file: nbgrader alone gives up on all."""
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
    answers = damage.code_answers(released)
    assert len(answers) < len(damages) < 2 * len(answers), "each damage is done once at least, to two notebooks"
    handed_in = {}
    for student, makes in {"many": damages[: len(answers)], "others": damages[-len(answers) :]}.items():
        notebook = handed_in[student] = copy.deepcopy(solution_of(LIGHT))
        damage.delete_demos(notebook, released)
        damage.reverse(notebook, released)
        for name, make in zip(answers, makes, strict=True):
            damage.at_question(notebook, released, name, make)
        damage.empty_setup(notebook, released)
        damage.same_ids(notebook, released)
    stripped = handed_in["stripped"] = copy.deepcopy(solution_of(LIGHT))
    for make in (damage.delete_demos, damage.delete_setup, damage.strip_everything):
        make(stripped, released)
    for student, notebook in handed_in.items():
        hand_in(tmp_path, LIGHT, student, mended(notebook, released)[0])
    found = submissions.require_submissions(tmp_path, LIGHT)
    results = grade.grade(COURSE, LIGHT, tmp_path, found, lambda student: None, Options())
    scores = {result.student: (result.tests, result.to_mark, result.reason) for result in results}
    assert scores == dict.fromkeys(handed_in, (18, 2, ""))
