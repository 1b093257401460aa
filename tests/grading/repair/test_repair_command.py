"""The command that repairs one file."""

import json

import damage
import nbformat
from solved_labs import LIGHT, answers_in, light, solution_of
from this_course import COURSE
from typer.testing import CliRunner

from course import cli
from course.errors import CourseError


def test_the_command_mends_a_file(tmp_path, monkeypatch):
    monkeypatch.chdir(COURSE.root)
    solved, released = light()
    damage.paste_older_above(solved, released)
    damage.strip_everything(solved, released)
    broken, fixed = tmp_path / "my work (1).ipynb", tmp_path / "fixed.ipynb"
    broken.write_text(json.dumps(solved), "utf-8")
    done = CliRunner().invoke(cli.app, ["mend", str(broken), "-o", str(fixed)])
    assert done.exit_code == 0, done.output
    assert answers_in(nbformat.read(fixed, as_version=4)) == answers_in(solution_of(LIGHT))
    assert "had lost the marks" in done.output
    again = CliRunner().invoke(cli.app, ["mend", str(fixed), "-o", str(tmp_path / "again.ipynb")])
    assert "nothing had to be mended" in again.output
    assert (tmp_path / "again.ipynb").read_bytes() == fixed.read_bytes()


def test_the_command_does_not_overwrite_what_was_handed_in(tmp_path, monkeypatch):
    monkeypatch.chdir(COURSE.root)
    path = tmp_path / "lab.ipynb"
    path.write_text("{}")
    for arguments, reason in {
        (str(path), "-o", str(path)): "never overwritten",
        (str(path), "-o", str(tmp_path / "x"), "--lab", "nowhere"): "There is no lab 'nowhere'",
        (str(path), "-o", str(tmp_path / "x")): "it has no cells",
        (str(tmp_path), "-o", str(tmp_path / "x")): "cannot be opened",
    }.items():
        done = CliRunner().invoke(cli.app, ["mend", *arguments])
        assert isinstance(done.exception, CourseError) and reason in str(done.exception)
    assert path.read_text() == "{}"
    assert list(tmp_path.iterdir()) == [path]
