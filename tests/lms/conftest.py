"""What tests of archives share: a course's folder beside things that no archive may touch."""

import pytest


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
