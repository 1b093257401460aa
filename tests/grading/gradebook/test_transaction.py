"""All that is written to the gradebook about a submission is there at once, or not at all."""

import sqlite3
from types import SimpleNamespace

import nbformat
import pytest
from light import light_course
from nbgrader.api import Gradebook, Student

from course.errors import CourseError, GradingError
from course.grading import demo, grade
from course.grading.gradebook import late_penalties, scores
from course.grading.gradebook.transaction import Transaction, one_transaction
from course.grading.options import Options
from course.inbox import submissions
from course.labs.prepare import prepare_lab
from course.nbgrader_api import failure

COURSE = light_course()
LIGHT = COURSE.labs[0]


@pytest.fixture
def folder(tmp_path):
    blank = nbformat.read(COURSE.released(LIGHT), as_version=4)
    demo.hand_in(tmp_path, LIGHT, "kim", demo.fill_in(blank, demo.model_answers(prepare_lab(COURSE, LIGHT))))
    return tmp_path


def graded(folder):
    found = submissions.require_submissions(folder, LIGHT)
    (result,) = grade.grade(COURSE, LIGHT, folder, found, lambda student: None, Options(workers=1))
    return result


def seen(folder):
    """What anybody else sees in the gradebook: students, submissions, and grades with points."""
    with sqlite3.connect(folder / "gradebook.db") as connection:
        counts = [
            connection.execute(f"SELECT COUNT(*) FROM {what}").fetchone()[0]
            for what in ("student", "submitted_assignment", "grade WHERE auto_score > 0")
        ]
    connection.close()
    return counts


@pytest.mark.kernel
def test_nobody_sees_half_a_submission(folder, monkeypatch):
    """Not even one without its penalty."""
    during, update = [], late_penalties.update_lateness

    def look(*arguments, **options):
        found = update(*arguments, **options)
        during.append(seen(folder))
        return found

    monkeypatch.setattr(late_penalties, "update_lateness", look)
    result = graded(folder)
    assert during[0] == [0, 0, 0]
    assert result.tests == result.max_tests
    assert seen(folder) == [1, 1, len(result.by_test)]


@pytest.mark.kernel
def test_what_is_interrupted_is_undone_and_done_again(folder, monkeypatch):
    def interrupt(*arguments, **options):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(late_penalties, "update_lateness", interrupt)
        graded(folder)
    assert seen(folder) == [0, 0, 0]
    again = graded(folder)
    assert again.tests == again.max_tests


@pytest.mark.kernel
def test_a_submission_that_cannot_be_scored_has_no_points(folder, monkeypatch):
    write_scores = scores.write_scores

    def fail_at_the_end(*arguments):
        write_scores(*arguments)
        raise GradingError("It broke.")

    with monkeypatch.context() as patch:
        patch.setattr(scores, "write_scores", fail_at_the_end)
        result = graded(folder)
    assert (result.status, result.reason, result.total) == ("not graded", "It broke.", 0)
    assert seen(folder) == [0, 0, 0], "not even a zero"
    again = graded(folder)
    assert again.tests == again.max_tests


@pytest.mark.slow
def test_steps_can_be_undone_one_by_one(tmp_path):
    address = f"sqlite:///{tmp_path}/gradebook.db"
    with Gradebook(address) as gradebook, Gradebook(address) as other:
        with one_transaction(gradebook):
            gradebook.add_student("first")
            gradebook.db.add(Student(id="second"))
            gradebook.db.flush()
            gradebook.db.rollback()
            assert [student.id for student in gradebook.students] == ["first"]
            assert other.students == []
        assert [student.id for student in gradebook.students] == ["first"]
        other.db.rollback()
        assert [student.id for student in other.students] == ["first"]


@pytest.mark.slow
def test_what_is_undone_is_forgotten(tmp_path):
    with Gradebook(f"sqlite:///{tmp_path}/gradebook.db") as gradebook:
        with one_transaction(gradebook) as transaction:
            gradebook.add_student("first")
            transaction.undo()
            assert gradebook.students == []
            gradebook.add_student("second")
        assert [student.id for student in gradebook.students] == ["second"]


@pytest.mark.slow
def test_a_gradebook_between_two_transactions_keeps_nobody_waiting(tmp_path):
    with Gradebook(f"sqlite:///{tmp_path}/gradebook.db") as gradebook:
        with one_transaction(gradebook):
            gradebook.add_student("first")
        other = sqlite3.connect(tmp_path / "gradebook.db", timeout=0)
        other.execute("BEGIN EXCLUSIVE")
        other.execute("DELETE FROM student")
        other.commit()
        other.close()
        with one_transaction(gradebook):
            gradebook.add_student("first")


def test_other_databases_are_refused():
    with pytest.raises(CourseError, match="takes SQLite, and PostgreSQL through psycopg; this is mysqldb"):
        Transaction(None).connect(SimpleNamespace(driver="mysqldb"), None, [], {})


@pytest.mark.kernel
@pytest.mark.parametrize("trouble", ["locked", "no database", "of another nbgrader"])
def test_a_gradebook_that_cannot_be_used_is_explained(folder, trouble):
    """Nobody is run, and no upgrade is advised where it would not help."""
    path = folder / "gradebook.db"
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE assignment (id TEXT)")
    other.close()
    expected = "The gradebook is of an older nbgrader. Keep a copy of it, then: nbgrader db upgrade"
    if trouble == "no database":
        path.write_bytes(b"This is no database, whatever its name says." * 100)
        expected = "The gradebook is no database. Put a copy of it in its place"
    if trouble == "locked":
        other = sqlite3.connect(path)
        other.execute("BEGIN EXCLUSIVE")
        expected = "Another program, such as another `course grade`, writes to the gradebook. Wait, then run"
    with pytest.raises(GradingError) as error:
        graded(folder)
    other.close()
    assert expected in str(error.value) and not (folder / "executed").exists()


def test_nbgrader_takes_a_locked_gradebook_for_an_old_one():
    log = "sqlite3.OperationalError: database is locked\nTo resolve the issue, run the command `nbgrader db upgrade`."
    said = failure({"success": False, "log": log, "error": "NbGraderException: There was an error"})
    assert said.startswith("Another program, such as another `course grade`, writes to the gradebook")
