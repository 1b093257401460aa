"""A class whose gradebook is a PostgreSQL database: graded, marked by hand, graded again, moved to another edition."""

import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path

import nbformat
import pytest
from edited_lab import WRITTEN, build, edit, graded
from light import light_course
from nbgrader.api import Gradebook

from course.config import load_course
from course.grading import demo
from course.grading.gradebook import hand_marks
from course.labs.prepare import prepare_lab
from course.labs.sources import is_written

pytest.importorskip("psycopg", reason='the package psycopg is missing: pip install "psycopg[binary]"')
PLACES = [*sorted(Path("/usr/lib/postgresql").glob("*/bin")), *map(Path, os.environ["PATH"].split(os.pathsep))]
PROGRAMS = next((place for place in PLACES if (place / "initdb").is_file() and (place / "postgres").is_file()), None)
pytestmark = [
    pytest.mark.kernel,
    pytest.mark.skipif(PROGRAMS is None, reason="PostgreSQL is missing (Debian's package postgresql)"),
]
NOBODY = "nobody"  # PostgreSQL refuses to run as root


@pytest.fixture(scope="module")
def server():
    """A server of its own, reached by a socket in its folder only."""
    place = Path(tempfile.mkdtemp(prefix="postgresql-", dir="/tmp"))  # a short name, where another user can go
    user = NOBODY if os.getuid() == 0 else None
    if user:
        os.chown(place, pwd.getpwnam(user).pw_uid, -1)
    data = place / "data"

    def run(program, *words):
        command = [PROGRAMS / program, *words]
        done = subprocess.run(command, user=user, cwd=place, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    run("initdb", "--username=grader", "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C", data)
    options = f"-c listen_addresses='' -c unix_socket_directories='{place}' -c fsync=off"
    run("pg_ctl", "--pgdata", data, "--wait", "--log", place / "log", "--options", options, "start")
    yield f"postgresql+psycopg://grader@/{{}}?host={place}"
    run("pg_ctl", "--pgdata", data, "--wait", "--mode", "immediate", "stop")
    shutil.rmtree(place)


@pytest.fixture
def database(server):
    """The address of a new, empty database."""
    import psycopg

    with psycopg.connect(server.format("postgres").replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS gradebook")
        connection.execute("CREATE DATABASE gradebook")
    return server.format("gradebook")


@pytest.fixture
def course(tmp_path):
    return load_course(shutil.copytree(light_course().root, tmp_path / "course"))


def test_a_class_in_postgresql(course, database, tmp_path):
    lab, folder = course.labs[0], tmp_path / "class"
    blank = nbformat.read(course.released(lab), as_version=4)
    solved = demo.fill_in(blank, demo.model_answers(prepare_lab(course, lab)))
    next(cell for cell in solved.cells if is_written(cell)).source = "They are for the end."
    demo.hand_in(folder, lab, "ada", solved)
    demo.hand_in(folder, lab, "ben", blank)
    first = graded(course, folder, database=database)
    assert {name: (one.status, one.tests) for name, one in first.items()} == {
        "ada": ("graded", first["ada"].max_tests),
        "ben": ("graded", 0),
    }
    assert not (folder / "gradebook.db").exists()

    with Gradebook(database, course.id) as gradebook:
        mark = gradebook.find_grade(WRITTEN, lab.name, lab.name, "ada")
        mark.manual_score, mark.needs_manual_grade = 4.5, False
        gradebook.db.commit()
    again = graded(course, folder, database=database)
    assert (again["ada"].written, again["ada"].to_mark) == (4.5, 0)
    assert again["ada"].total == again["ada"].max_tests + 4.5 and again["ben"] == first["ben"]

    edit(course)
    build(course)
    told = []
    moved = graded(course, folder, told, database=database, new_edition=True)
    assert moved["ada"].written == 4.5 and moved["ada"].tests == moved["ada"].max_tests == first["ada"].max_tests - 2
    assert moved["ben"].tests == 0 and moved["ben"].status == "graded"
    assert any("of the present edition now" in text for text in told)


def test_what_nbgrader_cannot_score_leaves_nothing_in_postgresql(course, database, tmp_path, monkeypatch):
    """What belongs to one student is written in one transaction, or not at all."""
    lab, folder = course.labs[0], tmp_path / "class"
    blank = nbformat.read(course.released(lab), as_version=4)
    demo.hand_in(folder, lab, "ada", demo.fill_in(blank, demo.model_answers(prepare_lab(course, lab))))
    first = graded(course, folder, database=database)
    monkeypatch.setattr(hand_marks, "keep_hand_marks", lambda *arguments: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        graded(course, folder, database=database, again=True)
    monkeypatch.undo()
    with Gradebook(database, course.id) as gradebook:
        assert gradebook.find_submission(lab.name, "ada").score == first["ada"].tests
    assert graded(course, folder, database=database)["ada"] == first["ada"]
