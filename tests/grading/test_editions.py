"""A lab that was changed after it was handed out, or after it was graded: nobody is graded by half of a change."""

import shutil
import sqlite3
from contextlib import closing

import nbformat
import pytest
from edited_lab import WRITTEN, build, edit, graded
from light import light_course
from nbgrader.api import Gradebook

from course.config import load_course
from course.errors import EditionError
from course.grading import demo, grade
from course.grading.gradebook.new_edition import move_gradebook
from course.grading.marking import sandboxed_execute
from course.grading.options import Options
from course.labs.editions import cells_by_grade_id
from course.labs.prepare import prepare_lab
from course.labs.sources import grade_id, is_written, source_text
from course.nbgrader_api import load_config, nbgrader_in, without_library_warnings
from course.text.files import write_text

pytestmark = pytest.mark.kernel


@pytest.fixture
def course(tmp_path):
    """A course with the light lab that a test may change."""
    return load_course(shutil.copytree(light_course().root, tmp_path / "course"))


@pytest.fixture(scope="module")
def graded_once(tmp_path_factory):
    """Two students who solved the lab, graded by its first edition."""
    course, folder = light_course(), tmp_path_factory.mktemp("graded")
    lab = course.labs[0]
    blank = nbformat.read(course.released(lab), as_version=4)
    solved = demo.fill_in(blank, demo.model_answers(prepare_lab(course, lab)))
    next(cell for cell in solved.cells if is_written(cell)).source = "They are for the end."
    for student in ("ada", "ben"):
        demo.hand_in(folder, lab, student, solved)
    graded(course, folder)
    return folder


@pytest.fixture
def folder(graded_once, tmp_path):
    """A copy of it that a test may change."""
    return shutil.copytree(graded_once, tmp_path / "class")


def by_hand(folder, course, student, name, points, comment=None):
    with Gradebook(f"sqlite:///{folder}/gradebook.db", course.id) as gradebook:
        found = gradebook.find_grade(name, "01_light", "01_light", student)
        found.manual_score, found.needs_manual_grade = points, False
        if comment:
            gradebook.find_comment(name, "01_light", "01_light", student).manual_comment = comment
        gradebook.db.commit()


def content(path):
    with closing(sqlite3.connect(path)) as connection:
        return list(connection.iterdump())


def test_a_source_that_was_not_built_grades_nobody(course, folder):
    edit(course)
    with pytest.raises(EditionError) as error:
        graded(course, folder)
    said = str(error.value)
    assert f"{course.source(course.labs[0])} was edited and not built since" in said
    assert "gone: one-hot, test-one-hot" in said and f"{WRITTEN} gives 8 points, before 6" in said
    assert "course build 01_light" in said and "course grade 01_light --as-built" in said
    results = graded(course, folder, built=True)
    assert {one.status for one in results.values()} == {"graded"}
    assert "test-one-hot" in results["ada"].by_test and results["ada"].tests == results["ada"].max_tests == 14


def test_formgraders_button_refuses_it_too(course, folder):
    edit(course)
    sandboxed_execute.spec_of.cache_clear()
    with pytest.raises(EditionError, match="was edited and not built"):
        sandboxed_execute.spec_of("01_light", str(course.root))


@pytest.mark.parametrize("built", [False, True])
def test_a_student_copy_of_another_edition_grades_nobody(course, folder, built):
    lab = course.labs[0]
    before = course.released(lab).read_text("utf-8")
    edit(course)
    build(course)
    write_text(course.released(lab), before)
    with pytest.raises(
        EditionError, match=r"which students get, is not what .* makes:\n  - gone: one-hot, test-one-hot"
    ):
        graded(course, folder, built=built)


def test_another_wording_is_no_other_edition(course, folder):
    lab = course.labs[0]
    notebook = prepare_lab(course, lab)
    next(cell for cell in notebook.cells if cell.cell_type == "markdown" and not grade_id(cell)).source += "\n\nMore."
    write_text(course.source(lab), source_text(notebook))
    assert {one.tests for one in graded(course, folder).values()} == {14}


def test_a_graded_class_moves_to_a_new_edition_with_its_marks(course, folder):
    by_hand(folder, course, "ada", WRITTEN, 4.5, "Nearly.")
    by_hand(folder, course, "ben", "test-one-hot", 1)
    edit(course)
    build(course)
    before = content(folder / "gradebook.db")
    with pytest.raises(EditionError) as error:
        graded(course, folder)
    said = str(error.value)
    assert "holds 2 submissions of another edition of 01_light:\n  - gone: one-hot, test-one-hot\n" in said
    assert "course grade 01_light --new-edition" in said
    with pytest.raises(EditionError, match="--new-edition"):
        grade.refresh(course, course.labs[0], folder, Options())
    assert content(folder / "gradebook.db") == before

    told = []
    results = graded(course, folder, told, new_edition=True)
    assert results["ada"].written == 4.5 and results["ada"].to_mark == 0, "a mark stays, and does not wait anew"
    assert results["ben"].to_mark == 8, "what was not marked waits"
    assert {one.tests for one in results.values()} == {one.max_tests for one in results.values()} == {12}
    assert content(folder / "gradebook.db.before-1") == before
    assert told == [
        f"01_light: the gradebook is of the present edition now; as it was, it is {folder}/gradebook.db.before-1",
        "01_light, test-one-hot: gone with its task is ben's mark by hand, 1",
        f"01_light: {WRITTEN} gives 8 points, before 6; marks given by hand stay as they are, so look through them",
    ]
    with Gradebook(f"sqlite:///{folder}/gradebook.db", course.id) as gradebook:
        assert gradebook.find_comment(WRITTEN, "01_light", "01_light", "ada").manual_comment == "Nearly."
        assert gradebook.find_assignment("01_light").max_score == 20
    assert graded(course, folder) == results


def test_a_task_that_comes_back_is_new(course, folder):
    lab, api = course.labs[0], nbgrader_in(folder, load_config(course.root))
    first = cells_by_grade_id(prepare_lab(course, lab))
    second = {name: part for name, part in first.items() if "one-hot" not in name}
    by_hand(folder, course, "ada", WRITTEN, 3)
    with without_library_warnings():
        for edition in (second, first):
            assert "as it was, it is" in next(iter(list(move_gradebook(api, lab, edition))))
        assert list(move_gradebook(api, lab, first)) == ["01_light: the gradebook is of the present edition already"]
        with api.gradebook as gradebook:
            found = gradebook.find_grade("test-one-hot", lab.name, lab.name, "ada")
            assert (found.auto_score, found.needs_manual_grade, found.max_score) == (0, False, 2)
            assert gradebook.find_comment("one-hot", lab.name, lab.name, "ben").comment is None
            assert gradebook.find_grade(WRITTEN, lab.name, lab.name, "ada").score == 3
    assert {path.name for path in folder.glob("gradebook.db.*")} == {"gradebook.db.before-1", "gradebook.db.before-2"}


def test_a_move_that_fails_changes_nothing(course, folder, monkeypatch):
    edit(course)
    build(course)
    before = content(folder / "gradebook.db")
    monkeypatch.setattr("course.grading.gradebook.new_edition._add", lambda *arguments: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        graded(course, folder, new_edition=True)
    assert content(folder / "gradebook.db") == before


def test_who_writes_another_answer_waits_for_another_mark(course, folder):
    lab = course.labs[0]
    for student in ("ada", "ben"):
        by_hand(folder, course, student, WRITTEN, 3)
    path = demo.submission_path(folder, lab, "ada")
    write_text(path, path.read_text("utf-8").replace("They are for the end.", "They are for the end of ends."))
    path = demo.submission_path(folder, lab, "ben")
    write_text(path, path.read_text("utf-8").replace("They are for the end.", "They are for the end.\\n"))
    results = graded(course, folder)
    assert (results["ada"].to_mark, results["ada"].written) == (6, 3)
    assert (results["ben"].to_mark, results["ben"].written) == (0, 3), "only a blank line was added"


def test_marks_of_a_copy_that_others_made_wait(course, folder):
    """If plain nbgrader graded meanwhile, it is not certain which answer a person has seen."""
    lab = course.labs[0]
    by_hand(folder, course, "ada", WRITTEN, 3)
    with without_library_warnings():
        grade.register_lab(nbgrader_in(folder, load_config(course.root)), lab)
    copy = folder / "autograded" / "ada" / lab.name / f"{lab.name}.ipynb"
    copy.write_text(copy.read_text("utf-8").replace("They are for", "Those are for"), encoding="utf-8")
    assert graded(course, folder)["ada"].to_mark == 6
