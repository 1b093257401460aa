"""Marks in a table: what is written, what is taken back, and what is refused with its line."""

import csv
import shutil
from types import SimpleNamespace

import nbformat
import pytest
from nbgrader.api import Gradebook
from this_course import COURSE

from course.errors import CourseError
from course.grading.gradebook.recorded import graded_copy
from course.grading.marking.marks_table import MARKS_COLUMNS, take_marks, write_marks_table
from course.grading.marking.unequal_marks import unequal_marks
from course.nbgrader_api import without_library_warnings
from course.text.files import write_text
from course.text.spreadsheets import ENCODING

LAB = SimpleNamespace(name="lab")
ANSWERS = {"ada": "It is.\n\nBecause of **noise**.", "ben": "=1+1", "cy": "It is. Because of  **noise**."}


def answer(folder, student, text):
    """The graded copy of a student who has answered so."""
    marks = {"grade": True, "solution": True, "grade_id": "why", "points": 2, "locked": False, "schema_version": 3}
    cell = nbformat.v4.new_markdown_cell(text, metadata={"nbgrader": marks})
    write_text(graded_copy(folder, student, "lab"), nbformat.writes(nbformat.v4.new_notebook(cells=[cell])))


@pytest.fixture
def gradebook(empty_gradebook, tmp_path):
    shutil.copy(empty_gradebook, tmp_path / "gradebook.db")
    with without_library_warnings(), Gradebook(f"sqlite:///{tmp_path}/gradebook.db", COURSE.id) as gradebook:
        gradebook.add_assignment("lab")
        gradebook.add_notebook("lab", "lab")
        gradebook.add_grade_cell("why", "lab", "lab", max_score=2, cell_type="markdown")
        gradebook.add_solution_cell("why", "lab", "lab")
        for student, text in ANSWERS.items():
            gradebook.add_student(student, first_name=student.title())
            gradebook.add_submission("lab", student)
            gradebook.find_grade("why", "lab", "lab", student).needs_manual_grade = True
            answer(tmp_path, student, text)
        gradebook.find_grade("why", "lab", "lab", "ben").manual_score = 0.5
        gradebook.find_grade("why", "lab", "lab", "ben").needs_manual_grade = False
        gradebook.find_comment("why", "lab", "lab", "ben").manual_comment = "No words."
        gradebook.db.commit()
        yield gradebook


def rows_of(path):
    with path.open(encoding=ENCODING, newline="") as file:
        return list(csv.DictReader(file))


def fill(path, mark=",", **changes):
    """The table with other cells: `student={column: text}`; saved as a spreadsheet does."""
    rows = [row | changes.get(row["student"], {}) for row in rows_of(path)]
    with path.open("w", encoding=ENCODING, newline="") as file:
        writer = csv.DictWriter(file, MARKS_COLUMNS, delimiter=mark)
        writer.writeheader()
        writer.writerows(rows)


def marked(gradebook):
    """Points, whether they wait, and comment of each student."""
    found = {}
    for student in ANSWERS:
        grade = gradebook.find_grade("why", "lab", "lab", student)
        comment = gradebook.find_comment("why", "lab", "lab", student).comment
        found[student] = (grade.manual_score, grade.needs_manual_grade, comment or "")
    return found


def test_equal_answers_stand_together_and_nothing_is_a_formula(gradebook, tmp_path):
    assert write_marks_table(gradebook, LAB, tmp_path, tmp_path / "marks.csv") == 2
    rows = rows_of(tmp_path / "marks.csv")
    assert [row["student"] for row in rows] in (["ben", "ada", "cy"], ["ada", "cy", "ben"])
    by_student = {row["student"]: row for row in rows}
    ben = {"question": "why", "student": "ben", "name": "Ben", "points": "0.5", "of": "2", "comment": "No words."}
    assert {column: by_student["ben"][column] for column in ben} == ben
    assert by_student["ben"]["answer"] == "'=1+1" and by_student["ben"]["key"].startswith("why/ben/")
    assert by_student["ada"]["answer"].split() == ANSWERS["ada"].split() and by_student["ada"]["points"] == ""


def test_a_long_answer_is_cut_and_no_part_of_one_is_a_formula(gradebook, tmp_path):
    answer(tmp_path, "ada", "Less noise;=1+1;\t=2, -3" + "x" * 200_000)
    answer(tmp_path, "cy", " 'quoted' words")
    path = tmp_path / "marks.csv"
    write_marks_table(gradebook, LAB, tmp_path, path)
    shown = {row["student"]: row["answer"] for row in rows_of(path)}
    assert shown["ada"].startswith("Less noise;'=1+1;' =2,' -3xxx") and len(shown["ada"]) < 32_000
    assert take_marks(gradebook, LAB, tmp_path, path) == 0, "nothing was changed"
    fill(path, ada={"points": "1"}, cy={"points": "2"})
    assert take_marks(gradebook, LAB, tmp_path, path) == 2


@pytest.mark.parametrize("mark", [",", ";"])
def test_points_and_comments_are_taken_and_the_rest_stays(gradebook, tmp_path, mark):
    path = tmp_path / "marks.csv"
    write_marks_table(gradebook, LAB, tmp_path, path)
    # A spreadsheet takes some texts for numbers and dates; only the key must stay.
    fill(path, mark, ada={"points": "1,5", "comment": "Which noise?"}, ben={"answer": "2", "student": "0", "of": ""})
    assert take_marks(gradebook, LAB, tmp_path, path) == 1
    assert marked(gradebook) == {
        "ada": (1.5, False, "Which noise?"),
        "ben": (0.5, False, "No words."),
        "cy": (None, True, ""),
    }
    path.unlink()
    assert write_marks_table(gradebook, LAB, tmp_path, path) == 1
    fill(path, ada={"points": "2", "comment": ""}, cy={"points": "0", "comment": "'- no reason"})
    assert take_marks(gradebook, LAB, tmp_path, path) == 2
    assert marked(gradebook)["ada"] == (2, False, "") and marked(gradebook)["cy"] == (0, False, "- no reason")


def test_what_was_marked_or_handed_in_meanwhile_is_not_written_over(gradebook, tmp_path):
    path = tmp_path / "marks.csv"
    write_marks_table(gradebook, LAB, tmp_path, path)
    grade = gradebook.find_grade("why", "lab", "lab", "ada")
    grade.manual_score, grade.needs_manual_grade = 2, False
    gradebook.find_comment("why", "lab", "lab", "ada").manual_comment = "Excellent."
    gradebook.db.commit()
    answer(tmp_path, "cy", "Another one.")
    before = marked(gradebook)
    fill(path, ben={"points": "1"})
    rows = path.read_bytes()
    fill(path, cy={"points": "1"}, ada={"points": "0"})
    with pytest.raises(CourseError) as error:
        take_marks(gradebook, LAB, tmp_path, path)
    for student in ("ada", "cy"):
        assert f"{student} has handed in anew or was marked elsewhere since the table was written" in str(error.value)
    assert "ben" not in str(error.value) and marked(gradebook) == before
    path.write_bytes(rows)  # in which nobody has touched the lines of those two
    assert take_marks(gradebook, LAB, tmp_path, path) == 1
    assert marked(gradebook) == before | {"ben": (1, False, "No words.")}
    assert take_marks(gradebook, LAB, tmp_path, path) == 0, "the same again"


def test_a_mark_is_corrected_in_the_same_table_but_not_in_a_copy_of_it(gradebook, tmp_path):
    path, copy = tmp_path / "marks.csv", tmp_path / "copy.csv"
    write_marks_table(gradebook, LAB, tmp_path, path)
    shutil.copy(path, copy)
    for points, comment in (("1", ""), ("2", "Well seen"), ("2,0", "Well  seen!"), ("", "")):
        before = marked(gradebook)["ada"]
        fill(path, ada={"points": points, "comment": comment})
        taken = take_marks(gradebook, LAB, tmp_path, path)
        # A line that is as it was written says nothing, so it takes nothing back.
        expected = (float(points.replace(",", ".")), False, comment) if points else before
        assert (taken, marked(gradebook)["ada"]) == (bool(points), expected)
    fill(copy, ada={"points": "0"}, cy={"points": "1"})
    with pytest.raises(CourseError, match=r"the mark of ada was taken from marks\.csv, and this is another") as error:
        take_marks(gradebook, LAB, tmp_path, copy)
    assert "cy" not in str(error.value), "that line of the copy could be taken"
    grade = gradebook.find_grade("why", "lab", "lab", "ada")
    grade.manual_score = 0.5
    gradebook.db.commit()
    fill(path, ada={"points": "1"})
    with pytest.raises(CourseError, match="ada has handed in anew or was marked elsewhere"):
        take_marks(gradebook, LAB, tmp_path, path)
    grade.manual_score = 2.0
    gradebook.db.commit()
    answer(tmp_path, "ada", "Another one.")
    with pytest.raises(CourseError, match="ada has handed in anew or was marked elsewhere"):
        take_marks(gradebook, LAB, tmp_path, path)


def test_a_mark_is_taken_back_to_what_the_table_showed_at_first(gradebook, tmp_path):
    path = tmp_path / "marks.csv"
    write_marks_table(gradebook, LAB, tmp_path, path)
    for points in ("2", "0.5"):
        fill(path, ben={"points": points})
        assert take_marks(gradebook, LAB, tmp_path, path) == 1
        assert marked(gradebook)["ben"] == (float(points), False, "No words.")
        assert take_marks(gradebook, LAB, tmp_path, path) == 0


def test_marks_are_corrected_where_the_folder_was_moved_to(gradebook, tmp_path):
    old, new = tmp_path / "old", tmp_path / "new"
    old.mkdir()
    shutil.copytree(tmp_path / "autograded", old / "autograded")
    write_marks_table(gradebook, LAB, old, old / "marks.csv")
    fill(old / "marks.csv", ada={"points": "1"})
    assert take_marks(gradebook, LAB, old, old / "marks.csv") == 1
    old.rename(new)
    fill(new / "marks.csv", ada={"points": "2"})
    assert take_marks(gradebook, LAB, new, new / "marks.csv") == 1


def test_the_table_of_another_class_is_told_in_one_line(gradebook, tmp_path):
    path = tmp_path / "marks.csv"
    write_marks_table(gradebook, LAB, tmp_path, path)
    fill(path, **{student: {"key": f"why/other-{student}/0-0", "points": "1"} for student in ANSWERS})
    with pytest.raises(
        CourseError, match=r"has no answer to lab in .*: is it the table of another class or lab"
    ) as error:
        take_marks(gradebook, LAB, tmp_path, path)
    assert len(str(error.value).splitlines()) == 1


def test_extra_credit_of_formgrader_is_not_counted_twice(gradebook, tmp_path):
    grade = gradebook.find_grade("why", "lab", "lab", "ben")
    grade.manual_score, grade.extra_credit = 1 / 3, 0.5
    gradebook.db.commit()
    path = tmp_path / "marks.csv"
    write_marks_table(gradebook, LAB, tmp_path, path)
    assert take_marks(gradebook, LAB, tmp_path, path) == 0
    assert gradebook.find_grade("why", "lab", "lab", "ben").manual_score == 1 / 3


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"points": "3"}, "3 points, where 0 to 2 are possible"),
        ({"points": "-1"}, "-1 points, where 0 to 2"),
        ({"points": "nan"}, "nan points, where 0 to 2"),
        ({"points": "good"}, "'good' is no number of points"),
        ({"key": "why/dee/0123456789ab"}, "there is no answer 'why/dee/0123456789ab'; leave the column `key`"),
        ({"key": ""}, "there is no answer ''"),
    ],
)
def test_a_line_that_cannot_be_taken_is_named_and_nothing_is_written(gradebook, tmp_path, change, message):
    path = tmp_path / "marks.csv"
    write_marks_table(gradebook, LAB, tmp_path, path)
    before = marked(gradebook)
    fill(path, ada=change, cy={"points": "1"})
    with pytest.raises(CourseError) as error:
        take_marks(gradebook, LAB, tmp_path, path)
    assert message in str(error.value) and "line " in str(error.value)
    assert marked(gradebook) == before


def test_one_answer_with_two_marks_is_refused(gradebook, tmp_path):
    path = tmp_path / "marks.csv"
    write_marks_table(gradebook, LAB, tmp_path, path)
    key = next(row["key"] for row in rows_of(path) if row["student"] == "cy")
    fill(path, ada={"key": key, "points": "2"}, cy={"points": "1"})
    with pytest.raises(CourseError, match="the answer of cy to why is there twice"):
        take_marks(gradebook, LAB, tmp_path, path)


def test_no_marks_are_written_over(gradebook, tmp_path):
    path = tmp_path / "marks.csv"
    write_marks_table(gradebook, LAB, tmp_path, path)
    with pytest.raises(CourseError, match="is there already, and may hold marks"):
        write_marks_table(gradebook, LAB, tmp_path, path)


def test_a_table_of_another_kind(gradebook, tmp_path):
    write_text(tmp_path / "marks.csv", "student,points\nada,1\n")
    with pytest.raises(CourseError, match="has no column key, comment"):
        take_marks(gradebook, LAB, tmp_path, tmp_path / "marks.csv")
    answer(tmp_path, "ada", "x")
    for student in ANSWERS:
        graded_copy(tmp_path, student, "lab").unlink()
    with pytest.raises(CourseError, match="No written answer of lab was graded"):
        write_marks_table(gradebook, LAB, tmp_path, tmp_path / "new.csv")


def test_equal_answers_with_different_points_are_named(gradebook, tmp_path):
    path = tmp_path / "marks.csv"
    write_marks_table(gradebook, LAB, tmp_path, path)
    fill(path, ada={"points": "1"})
    take_marks(gradebook, LAB, tmp_path, path)
    assert unequal_marks(gradebook, LAB, tmp_path) == [], "cy waits"
    fill(path, ada={"points": "1"}, cy={"points": "2"})
    take_marks(gradebook, LAB, tmp_path, path)
    assert unequal_marks(gradebook, LAB, tmp_path) == ["The same answer to why has different points: ada 1, cy 2."]
