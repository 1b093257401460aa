"""Handing in and giving feedback back through nbgrader's exchange, with grading by `course grade` in between."""

import getpass
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from light import light_course
from nbgrader.exchange.default import ExchangeFetchAssignment, ExchangeFetchFeedback, ExchangeSubmit

from course.grading import demo, exchange, grade
from course.grading.demo import fill_in, hand_in, submission_path
from course.grading.marking.folder_config import write_settings
from course.grading.options import Options
from course.grading.repair.read_folder import inspect_folder, read_companions
from course.inbox import submissions
from course.nbgrader_api import load_config, nbgrader_in

COURSE = light_course()
LAB = COURSE.labs[0]
SECRET = "0123456789abcdef" * 8
NBGRADER = shutil.which("nbgrader", path=str(Path(sys.executable).parent))


def graded(folder):
    return grade.grade(
        COURSE, LAB, folder, submissions.require_submissions(folder, LAB), lambda student: None, Options()
    )


def beside(folder, step, student):
    """The files of the exchange in one step."""
    place = folder / step / student / LAB.name
    return {
        name: (place / name).read_text() for name in (exchange.SECRET.name, "timestamp.txt") if (place / name).is_file()
    }


def put_secret(folder, student, text=SECRET):
    path = submission_path(folder, LAB, student).with_name("submission_secret.txt")
    path.write_text(text)
    path.with_name("timestamp.txt").write_text("2026-03-02 12:00:00 UTC")
    return path


@pytest.fixture
def blank():
    return nbformat.read(COURSE.released(LAB), as_version=4)


@pytest.mark.kernel
@pytest.mark.skipif(sys.platform == "win32", reason="nbgrader has no exchange on Windows")
def test_the_whole_way_of_one_student(blank, tmp_path, monkeypatch):
    """Released, fetched, submitted, collected, graded, released and fetched; by one user, who is both sides."""
    shared, folder, home = (tmp_path / name for name in ("shared", "class", "home"))
    for path in (shared, folder, home):
        path.mkdir()
    me = getpass.getuser()
    config = load_config(COURSE.root)
    config.Exchange.root, config.Exchange.cache = str(shared), str(tmp_path / "cache")
    api = nbgrader_in(folder, config)
    # Labs are handed out from the repository, where the student copies lie.
    api.coursedir.release_directory = os.path.relpath(COURSE.root / COURSE.release_directory, folder)
    assert api.release_assignment(LAB.name)["success"]

    def student(action):
        monkeypatch.chdir(home)
        api.coursedir.assignment_id = LAB.name
        action(coursedir=api.coursedir, authenticator=api.authenticator, parent=api).start()

    student(ExchangeFetchAssignment)
    mine = home / LAB.name / f"{LAB.name}.ipynb"
    model = demo.model_answers(nbformat.read(COURSE.solution(LAB), as_version=4))
    mine.write_text(nbformat.writes(fill_in(nbformat.read(mine, as_version=4), model)), "utf-8")
    student(ExchangeSubmit)
    assert api.collect(LAB.name)["success"]
    hand_in(folder, LAB, "by-mail", blank)
    results = {result.student: result for result in graded(folder)}
    assert results[me].tests == results[me].max_tests and results[me].notes == ()

    write_settings(COURSE, folder)
    arguments = [f"--Exchange.root={shared}", f"--Exchange.cache={tmp_path / 'cache'}"]
    done = subprocess.run(
        [NBGRADER, "release_feedback", LAB.name, *arguments], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "by-mail did not hand in through the exchange: give" in done.stderr
    student(ExchangeFetchFeedback)
    pages = list((home / LAB.name / "feedback").glob("*/*.html"))
    assert [page.read_bytes() for page in pages] == [results[me].feedback.read_bytes()]


@pytest.mark.kernel
def test_time_and_secret_reach_the_feedback_of_whatever_was_handed_in(blank, tmp_path):
    """Also when nbgrader makes the feedback anew, when nothing could be read, and when it was graded before."""
    hand_in(tmp_path, LAB, "kim", blank)
    graded(tmp_path)
    assert beside(tmp_path, "feedback", "kim") == {}
    hand_in(tmp_path, LAB, "lee", blank)
    submission_path(tmp_path, LAB, "lee").write_text("{")
    for name in ("kim", "lee"):
        put_secret(tmp_path, name)
    both = {"submission_secret.txt": SECRET, "timestamp.txt": "2026-03-02 12:00:00 UTC"}
    graded(tmp_path)
    assert beside(tmp_path, "feedback", "kim") == beside(tmp_path, "feedback", "lee") == both
    api = nbgrader_in(tmp_path, load_config(COURSE.root))
    assert api.generate_feedback(LAB.name, "kim")["success"]
    assert beside(tmp_path, "feedback", "kim") == both


@pytest.mark.kernel
def test_the_secret_is_never_where_the_submission_runs(blank, tmp_path):
    spy = "import os\nprint([name for _, _, names in os.walk('.') for name in names])"
    blank.cells.append(nbformat.v4.new_code_cell(spy))
    hand_in(tmp_path, LAB, "kim", blank)
    secret = put_secret(tmp_path, "kim")
    secret.with_name("notes.txt").write_text("mine")
    found = inspect_folder(secret.parent, LAB.name)
    assert read_companions(found, secret.parent) == (("notes.txt", b"mine"),)
    (result,) = graded(tmp_path)
    executed = nbformat.read(tmp_path / "executed" / "kim" / LAB.name / f"{LAB.name}.ipynb", as_version=4)
    assert "notes.txt" in str(executed.cells[-1].outputs) and "secret" not in str(executed.cells[-1].outputs)
    assert not re.search(SECRET, result.feedback.read_text("utf-8"))


@pytest.mark.parametrize("content", ["", "x" * 128, SECRET * 2, f"{SECRET}\n../../etc"])
def test_what_is_no_secret_of_nbgrader_is_not_passed_on(blank, tmp_path, content):
    hand_in(tmp_path, LAB, "kim", blank)
    path = put_secret(tmp_path, "kim", content)
    (tmp_path / "feedback" / "kim" / LAB.name).mkdir(parents=True)
    exchange.copy_exchange_files(path.parent, tmp_path, "kim", LAB.name, None)
    assert exchange.SECRET.name not in beside(tmp_path, "feedback", "kim")


def test_no_link_is_followed_to_a_secret(blank, tmp_path):
    hand_in(tmp_path, LAB, "kim", blank)
    path = put_secret(tmp_path, "kim")
    path.rename(tmp_path / "elsewhere.txt")
    path.symlink_to(tmp_path / "elsewhere.txt")
    assert exchange.read_secret(path) == ""
