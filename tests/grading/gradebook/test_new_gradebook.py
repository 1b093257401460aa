"""A gradebook made without nbgrader's own process is what nbgrader makes."""

import sqlite3
from contextlib import closing

import nbgrader.api
from this_course import COURSE

from course.grading.gradebook.new_gradebook import make_gradebook
from course.nbgrader_api import load_config, nbgrader_in, without_library_warnings


def made_in(folder, monkeypatch):
    """The file of a gradebook that is made with no program at hand."""
    monkeypatch.setattr(nbgrader.api.sp, "check_output", refuse)
    with without_library_warnings():
        make_gradebook(nbgrader_in(folder, load_config(COURSE.root)))
    return folder / "gradebook.db"


def refuse(command):
    raise AssertionError(f"it starts {command[0]}")


def dump(file):
    with closing(sqlite3.connect(file)) as database:
        return list(database.iterdump())


def test_it_has_the_tables_and_the_revision_of_nbgraders(empty_gradebook, tmp_path, monkeypatch):
    assert dump(made_in(tmp_path, monkeypatch)) == dump(empty_gradebook)
    assert any("alembic_version" in line for line in dump(empty_gradebook))


def test_one_that_exists_is_left_as_it_is(tmp_path, monkeypatch):
    file = made_in(tmp_path, monkeypatch)
    with closing(sqlite3.connect(file)) as database, database:
        database.execute("UPDATE alembic_version SET version_num = 'older'")
    before = dump(file)
    made_in(tmp_path, monkeypatch)
    assert dump(file) == before
