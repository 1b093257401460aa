"""What the tests share: the course, its labs, and the digits that are bundled."""

import os
import shutil
import sys
from pathlib import Path

import pytest
from this_course import COURSE

from course.config import Course, Lab, load_course

os.environ.pop("COURSE_FOLDER", None)  # no command of a test works on somebody's class


@pytest.fixture(autouse=True)
def _bundled_digits(monkeypatch):
    """No test depends on a network, on what this machine has cached, or on the shell's environment."""
    monkeypatch.setenv("MNIST_SOURCE", "bundled")
    monkeypatch.delenv("MNIST_NPZ", raising=False)
    tools = str(Path(sys.executable).parent)
    monkeypatch.setenv("PATH", os.pathsep.join([tools, os.environ["PATH"]]))


@pytest.fixture
def course() -> Course:
    return COURSE


@pytest.fixture(params=COURSE.labs, ids=lambda lab: lab.name)
def lab(request) -> Lab:
    return request.param


@pytest.fixture
def copied(tmp_path) -> Course:
    """A copy of the course that a test may damage."""
    root = tmp_path / "course copy"
    root.mkdir()
    for name in ("course.toml", "nbgrader_config.py", "pyproject.toml", "LICENSE"):
        shutil.copy(COURSE.root / name, root)
    unwanted = shutil.ignore_patterns(".ipynb_checkpoints", "__pycache__")
    for name in ("solutions", "labs", "docs", "reproduction", "data_utils", "students", "binder"):
        shutil.copytree(COURSE.root / name, root / name, ignore=unwanted)
    return load_course(root)
