"""What tests of archives and exports share: a folder beside things that no archive may touch, and a gradebook."""

import shutil

import pytest
from lms_gradebook import NAME, Book

from course.nbgrader_api import without_library_warnings


@pytest.fixture
def outer(tmp_path):
    """A folder with things that no archive may touch, and in it the course's folder."""
    (tmp_path / "outer" / "class").mkdir(parents=True)
    for name in ("evil.ipynb", "precious.txt", "class/gradebook.db", "class/thesis.txt"):
        (tmp_path / "outer" / name).write_text("precious")
    return tmp_path / "outer"


@pytest.fixture
def folder(outer):
    return outer / "class"


@pytest.fixture
def download(outer):
    return outer.parent / "download.zip"


@pytest.fixture(scope="session")
def fresh(tmp_path_factory):
    """An empty gradebook: to make one takes seconds, to copy it none."""
    folder = tmp_path_factory.mktemp("fresh")
    with without_library_warnings():
        Book(folder).add_lab(NAME)
    return folder / "gradebook.db"


@pytest.fixture
def book(fresh, tmp_path):
    shutil.copy(fresh, tmp_path)
    with without_library_warnings():
        yield Book(tmp_path)
