"""What the tests share: the course, its labs, and the digits that are bundled."""

import os
import shutil
import sys
from pathlib import Path

import pytest
from nbgrader.api import Gradebook
from this_course import COURSE

from course.config import Course, Lab, load_course
from course.nbgrader_api import without_library_warnings

os.environ.pop("COURSE_FOLDER", None)  # no command of a test works on somebody's class


@pytest.fixture(autouse=True)
def _bundled_digits(monkeypatch):
    """No test depends on a network, on what this machine has cached, or on the shell's environment."""
    monkeypatch.setenv("MNIST_SOURCE", "bundled")
    monkeypatch.delenv("MNIST_NPZ", raising=False)
    tools = str(Path(sys.executable).parent)
    monkeypatch.setenv("PATH", os.pathsep.join([tools, os.environ["PATH"]]))


@pytest.hookimpl(tryfirst=True)  # before the marks are looked at
def pytest_collection_modifyitems(items):
    """What needs a gradebook is slow, as its first test in each process waits for seconds."""
    for item in items:
        if "empty_gradebook" in item.fixturenames:
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def empty_gradebook(tmp_path_factory) -> Path:
    """The file of a new gradebook, to be copied: nbgrader takes seconds to make one."""
    file = tmp_path_factory.mktemp("gradebook") / "gradebook.db"
    with without_library_warnings(), Gradebook(f"sqlite:///{file}", COURSE.id):
        pass
    return file


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
