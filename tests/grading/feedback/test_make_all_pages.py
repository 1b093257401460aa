"""Many pages by several processes, of which one may be killed."""

import os
import signal
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import nbformat
import pytest
from light import light_course

from course.grading.execution.make_spec import make_spec
from course.grading.feedback import make_all_pages as many
from course.grading.feedback.make_page import PageJob, grades_of
from course.grading.gradebook.entries import GradebookEntry, Mark
from course.grading.workers.job import Outcome
from course.labs.sources import grade_id, is_answer, is_test, is_written
from course.text.files import write_text

COURSE = light_course()
LAB = COURSE.labs[0]


@pytest.fixture(scope="module")
def job(tmp_path_factory):
    """A page of the lab as it was handed out, all tests passed."""
    notebook = make_spec(COURSE, LAB).reference
    graded = [cell for cell in notebook.cells if is_test(cell) or is_written(cell)]
    marks = tuple(Mark(grade_id(cell), is_test(cell), 2, 2, 2, False, not is_test(cell)) for cell in graded)
    comments = tuple((grade_id(cell), "Well said.") for cell in notebook.cells if is_answer(cell) or is_written(cell))
    entry = GradebookEntry("ada", None, None, 1.5, marks, comments)
    folder = tmp_path_factory.mktemp("class")
    path = write_text(folder / "autograded" / "lab.ipynb", nbformat.writes(notebook))
    outcome, page = Outcome("ada", "digest"), folder / "feedback" / "ada.html"
    return PageJob(COURSE.root, "ada", LAB.name, path, page, grades_of(entry, {}), outcome, 1.5, timedelta(hours=3))


def for_students(job, count):
    """The same page for several students."""
    names = [f"student-{number}" for number in range(count)]
    return {name: replace(job, student=name, page=job.page.with_name(f"{name}.html")) for name in names}


def test_a_page_says_what_the_gradebook_holds(job):
    assert list(many.make_pages([job])) == [("ada", "")]
    text = job.page.read_text("utf-8")
    points = 2 * len([grade for grade in job.grades.values() if grade.max_points])
    assert f"= {points} − 1.5 for being 3 hours late" in text and "Well said." in text


@pytest.mark.slow
def test_processes_make_the_same_pages_and_one_that_fails_costs_no_other(job):
    jobs = for_students(job, 5)
    jobs["student-1"] = replace(jobs["student-1"], graded=job.graded.with_name("none.ipynb"))
    done = dict(many.make_pages(list(jobs.values()), workers=2, few=0))
    assert done.keys() == jobs.keys()
    assert "FileNotFoundError" in done.pop("student-1") and set(done.values()) == {""}
    list(many.make_pages([job]))
    expected = job.page.read_text("utf-8").replace("ada", "STUDENT")
    assert {jobs[name].page.read_text("utf-8").replace(name, "STUDENT") for name in done} == {expected}


def dies_with_the_second(job):
    """In place of a page that costs more memory than there is."""
    if job.student == "student-1":
        os.kill(os.getpid(), signal.SIGKILL)
    Path(job.page).parent.mkdir(exist_ok=True)
    return ""


@pytest.mark.slow
def test_a_process_that_is_killed_costs_one_page(job, monkeypatch):
    monkeypatch.setattr(many, "make_page", dies_with_the_second)
    done = dict(many.make_pages(list(for_students(job, 5).values()), workers=1, few=0))
    assert "was ended by the signal SIGKILL" in done.pop("student-1")
    assert set(done.values()) == {""} and len(done) == 4
