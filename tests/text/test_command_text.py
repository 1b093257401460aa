"""Commands in messages can be typed as they stand."""

import ast
import re
import shlex
from pathlib import Path

import pytest
import typer
from this_course import COURSE

from course import cli
from course.text.commands import course_command

ROOT = COURSE.root
KNOWN = set(typer.main.get_command(cli.app).commands)
COMMAND = re.compile(r"(?:`|: |or |by |with |>)course ([a-z]+(?:-[a-z]+)*)")


def test_the_folder_is_named_if_it_is_another_one(tmp_path, monkeypatch):
    folder = tmp_path / "term of '27"
    folder.mkdir()
    words = shlex.split(course_command("grade", "01_a", folder))
    assert words == ["course", "grade", "01_a", "--folder", str(folder)]
    monkeypatch.chdir(folder)
    assert course_command("grade", "01_a", folder) == course_command("grade", "01_a", Path()) == "course grade 01_a"
    assert course_command("grade", "01_a", None, "--again") == "course grade 01_a --again"


def texts(path):
    """What a module or a template may say."""
    if path.suffix != ".py":
        return [path.read_text("utf-8")]
    tree = ast.parse(path.read_text("utf-8"))
    return [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]


FILES = [path for path in ROOT.glob("course/**/*") if path.suffix in (".py", ".tpl", ".j2", ".txt")]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_command_that_is_named_exists(path):
    named = {verb for text in texts(path) for verb in COMMAND.findall(text)}
    assert named <= KNOWN
