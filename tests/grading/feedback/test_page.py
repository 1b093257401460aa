"""The page of a graded class: the same whoever makes it, with what each student is to know."""

import itertools
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
import this_course
from bs4 import BeautifulSoup
from light import light_course
from nbformat.v4 import new_code_cell
from nbgrader.api import Gradebook
from test_page_content import assert_inert

from course.grading import demo, grade
from course.grading.demo import fill_in, hand_in, submission_path
from course.grading.gradebook import cache
from course.grading.marking.folder_config import write_settings
from course.grading.options import Options
from course.inbox import submissions
from course.labs.sources import grade_id, is_written, points_by_cell, read_source
from course.nbgrader_api import load_config, nbgrader_in, without_library_warnings

COURSE = light_course()
LAB = COURSE.labs[0]
SOURCE = read_source(COURSE.source(LAB))
MODEL = demo.model_answers(SOURCE)
WRITTEN = next(str(grade_id(cell)) for cell in SOURCE.cells if is_written(cell))
STUDENTS = ("perfect", "partial", "blank", "unreadable")


def page_path(folder: Path, student: str) -> Path:
    return cache.step_folder(folder, "feedback", student, LAB.name) / f"{LAB.name}.html"


def grade_all(folder: Path):
    found = submissions.require_submissions(folder, LAB)
    return grade.grade(COURSE, LAB, folder, found, lambda student: None, Options())


@pytest.fixture(scope="module")
def graded(tmp_path_factory) -> Path:
    """Four students, graded; the folder has nbgrader's settings, as the repository has."""
    folder = tmp_path_factory.mktemp("class")
    blank = nbformat.read(COURSE.released(LAB), as_version=4)
    wrong = {"scale": "def scale(images):\n    return images / images.max() / undefined_name"}
    late = {name: text for name, text in MODEL.items() if name != WRITTEN}
    hand_in(folder, LAB, "perfect", fill_in(blank, MODEL))
    partial = fill_in(blank, late | wrong)
    partial.cells.append(new_code_cell("from IPython.display import HTML\nHTML('<b onclick=alert(1)>bold</b>')"))
    hand_in(folder, LAB, "partial", partial)
    hand_in(folder, LAB, "blank", blank)
    path = submission_path(folder, LAB, "unreadable")
    path.parent.mkdir(parents=True)
    path.write_text("{", encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MNIST_SOURCE", "bundled")
        grade_all(folder)
    return folder


def soup_of(folder: Path, student: str) -> BeautifulSoup:
    return BeautifulSoup(page_path(folder, student).read_text("utf-8"), "html.parser")


def states(soup: BeautifulSoup) -> list[str]:
    return [task.b.get_text() for task in soup.select(".tasks li")]


@pytest.mark.kernel
def test_the_page_begins_with_what_became_of_each_task(graded):
    tests = [name for name in points_by_cell(SOURCE) if name != WRITTEN]
    perfect, blank, partial = (soup_of(graded, student) for student in ("perfect", "blank", "partial"))
    assert states(perfect) == ["right"] * len(tests) + ["waiting to be marked"]
    assert states(blank) == ["not attempted"] * len(points_by_cell(SOURCE))
    at = tests.index("test-scale")
    assert states(partial)[at] == "error in your code" and states(partial)[-1] == "not attempted"
    assert states(partial).count("right") == len(tests) - 1
    task = partial.select(".tasks li")[at]
    assert "NameError: name 'undefined_name' is not defined" in task.get_text()
    assert task.select_one(".points").get_text() == "0 of 2"
    assert all(partial.find(id=link["href"][1:]) for link in partial.select(".tasks a"))
    titles = [link.get_text() for link in perfect.select(".tasks a")]
    assert "Task 7 · Scale to the range from 0 to 1" in titles and not any("points" in title for title in titles)


@pytest.mark.kernel
def test_a_message_stands_before_the_folded_code_of_its_test(graded):
    soup = soup_of(graded, "partial")
    place = next(task.a["href"][1:] for task in soup.select(".tasks li") if task.b.get_text() == "error in your code")
    cell = soup.find(id=place)
    shown = [part.get("class") for part in cell.find_all(["div", "details"], recursive=False)]
    assert shown.index(["message", "error"]) < shown.index(["code"])
    assert [fold.summary.get_text() for fold in cell.find_all("details")][-1] == "The code of the test"
    assert not any(fold.has_attr("open") for fold in cell.find_all("details"))


@pytest.mark.kernel
def test_hints_are_open_only_where_something_is_not_right(graded):
    folds = {student: soup_of(graded, student).find_all("details") for student in ("perfect", "partial", "blank")}
    hints = {student: [fold for fold in found if fold.summary.get_text() == "Hint"] for student, found in folds.items()}
    opened = {student: [fold for fold in found if fold.has_attr("open")] for student, found in hints.items()}
    assert len({len(found) for found in hints.values()}) == 1
    assert not opened["perfect"] and len(opened["blank"]) > 3
    assert [fold.find_previous("h5").get_text() for fold in opened["partial"]] == [
        "Task 7 · Scale to the range from 0 to 1"
    ]


def by_command(folder: Path) -> None:
    """As an instructor runs nbgrader, in the folder that was graded."""
    write_settings(COURSE, folder)
    command = [Path(sys.executable).with_name("nbgrader"), "generate_feedback", LAB.name, "--force"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, env=os.environ, check=False)
    assert done.returncode == 0, done.stderr


def by_formgrader(folder: Path) -> None:
    """As Formgrader's button does it, with the course's settings alone."""
    with without_library_warnings():
        result = nbgrader_in(folder, load_config(COURSE.root)).generate_feedback(LAB.name)
    assert result["success"], result


@pytest.mark.kernel
@pytest.mark.parametrize("make", [by_command, by_formgrader])
def test_the_page_is_the_same_whoever_makes_it(graded, make):
    gradable = [page_path(graded, student) for student in STUDENTS if student != "unreadable"]
    before = [path.read_bytes() for path in gradable]
    for path in gradable:
        path.write_text("old", encoding="utf-8")
    make(graded)
    assert [path.read_bytes() for path in gradable] == before


@pytest.mark.kernel
def test_marks_comments_and_a_penalty_are_on_the_page(graded):
    with Gradebook(f"sqlite:///{graded}/gradebook.db", COURSE.id) as gradebook:
        notebook = gradebook.find_submission_notebook(LAB.name, LAB.name, "perfect")
        written = next(mark for mark in notebook.grades if mark.name == WRITTEN)
        comment = next(each for each in notebook.comments if each.name == WRITTEN)
        kept = written.manual_score, written.needs_manual_grade, notebook.late_submission_penalty
        written.manual_score, written.needs_manual_grade = 1.5, False
        comment.manual_comment, notebook.late_submission_penalty = "Say *why*, <b>too</b>.", 2.0
        gradebook.db.commit()
        by_formgrader(graded)
        soup = soup_of(graded, "perfect")
        (written.manual_score, written.needs_manual_grade, notebook.late_submission_penalty) = kept
        comment.manual_comment = None
        gradebook.db.commit()
    task, max_points = soup.select(".tasks li")[-1], points_by_cell(SOURCE)[WRITTEN]
    assert (task.b.get_text(), task.select_one(".points").get_text()) == ("marked", f"1.5 of {max_points:g}")
    assert task.q.get_text() == "Say *why*, <b>too</b>."
    assert soup.select_one(".comment em").get_text() == "why"
    score = 20 - max_points + 1.5
    assert f"{score - 2:g} of 20 points = {score:g} − 2 for being late" in soup.header.get_text()
    by_formgrader(graded)


@pytest.mark.kernel
def test_a_page_without_a_report_is_made_without_it(graded):
    report = cache.step_folder(graded, cache.EXECUTED, "partial", LAB.name) / cache.REPORT
    text, before = report.read_text("utf-8"), page_path(graded, "partial").read_bytes()
    told = text.replace('"notes": []', '"notes": [{"kind": "x", "where": "x", "text": "Told.", "review": false}]')
    assert told != text
    report.write_text(told, encoding="utf-8")
    by_formgrader(graded)
    assert "Told." in soup_of(graded, "partial").find(id="about-grading").parent.get_text()
    report.unlink()
    by_formgrader(graded)
    assert not soup_of(graded, "partial").find(id="about-grading")
    report.write_text(text, encoding="utf-8")
    by_formgrader(graded)
    assert page_path(graded, "partial").read_bytes() == before


@pytest.mark.kernel
@pytest.mark.parametrize("student", STUDENTS)
def test_every_page_is_one_file_that_loads_and_runs_nothing(graded, student):
    soup = assert_inert(page_path(graded, student).read_text("utf-8"))
    assert soup.html["lang"] == "en" and soup.title.get_text() and len(soup.find_all("h1")) == 1
    levels = [int(heading.name[1]) for heading in soup.find_all(["h1", "h2", "h3", "h4", "h5", "h6"])]
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels)), levels
    ids = [element["id"] for element in soup.find_all(id=True)]
    assert len(ids) == len(set(ids))
    assert all(picture.get("alt") for picture in soup.find_all("img"))


@pytest.mark.kernel
def test_a_file_that_could_not_be_read_has_a_page_in_the_same_frame(graded):
    page, other = soup_of(graded, "unreadable"), soup_of(graded, "perfect")
    assert str(page.style) == str(other.style) and page.find_all("meta") == other.find_all("meta")
    text = " ".join(page.get_text().split())
    assert "is not JSON" in text and "What to do" in text and "Hand that file in again" in text
    assert page.h1.get_text() == other.h1.get_text(), "the lab by its title"


@pytest.mark.kernel
def test_a_fault_of_the_machine_is_not_the_students(graded, monkeypatch):
    """Nothing to hand in again where the file could be read."""

    def locked(*arguments):
        raise sqlite3.OperationalError("database is locked")

    hand_in(graded, LAB, "unlucky", nbformat.read(COURSE.released(LAB), as_version=4))
    monkeypatch.setattr("course.grading.gradebook.scores.write_scores", locked)
    grade_all(graded)
    text = soup_of(graded, "unlucky").get_text()
    assert "writes to the gradebook" in text and "You need not do anything" in text and "Hand that file" not in text


def test_the_settings_are_those_of_the_repository():
    """The light course is set up by a copy of the real settings."""
    real = this_course.COURSE.root
    assert (COURSE.root / "nbgrader_config.py").read_bytes() == (real / "nbgrader_config.py").read_bytes()
