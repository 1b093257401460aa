"""Comments and marks by hand when a student hands in again."""

import shutil
from types import SimpleNamespace

import pytest
from nbgrader.api import Gradebook
from this_course import COURSE

from course.grading.gradebook.hand_marks import EARLIER, keep_hand_marks
from course.nbgrader_api import without_library_warnings

LAB = SimpleNamespace(name="lab")
TEXT = "Say why."


@pytest.fixture
def gradebook(empty_gradebook, tmp_path):
    """A gradebook with one student, whose written answer was marked and commented on."""
    file = shutil.copy(empty_gradebook, tmp_path / "gradebook.db")
    with without_library_warnings(), Gradebook(f"sqlite:///{file}", COURSE.id) as gradebook:
        gradebook.add_assignment("lab")
        gradebook.add_notebook("lab", "lab")
        gradebook.add_grade_cell("why", "lab", "lab", max_score=2, cell_type="markdown")
        gradebook.add_solution_cell("why", "lab", "lab")
        gradebook.add_student("ada")
        gradebook.add_submission("lab", "ada")
        grade = gradebook.find_grade("why", "lab", "lab", "ada")
        grade.manual_score, grade.needs_manual_grade = 1, True  # as nbgrader leaves it when it grades again
        gradebook.find_comment("why", "lab", "lab", "ada").manual_comment = TEXT
        gradebook.db.commit()
        yield gradebook


def kept(gradebook, old, new):
    keep_hand_marks(gradebook, LAB, "ada", {"why"}, old, new)
    comment = gradebook.find_comment("why", "lab", "lab", "ada").comment
    return comment, gradebook.find_grade("why", "lab", "lab", "ada").needs_manual_grade


def test_beside_the_same_answer_mark_and_comment_stay(gradebook):
    assert kept(gradebook, {"why": "It is."}, {"why": "It is.\n"}) == (TEXT, False)


def test_beside_another_answer_the_comment_says_that_it_was_for_an_earlier_one_once(gradebook):
    assert kept(gradebook, {"why": "It is."}, {"why": "Because."}) == (EARLIER + TEXT, True)
    assert kept(gradebook, {"why": "Because."}, {"why": "Since."}) == (EARLIER + TEXT, True)


def test_where_the_old_answer_is_not_known_the_comment_stays(gradebook):
    assert kept(gradebook, {}, {"why": "Because."}) == (TEXT, True)


def test_without_a_submission_there_is_nothing_to_keep(gradebook):
    keep_hand_marks(gradebook, LAB, "nobody", (), {}, {})
