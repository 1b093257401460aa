"""Files below a folder that a student has filled."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from course.inbox.regular_files import plain_files

NOBODY = 65534


@contextmanager
def without_rights() -> Iterator[None]:
    """As a user whom permissions bind; for root they do not count."""
    if os.geteuid():
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that everybody may enter, which pytest's own is not."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


def test_a_folder_that_may_be_listed_but_not_entered_is_left_out(folder):
    (folder / "lab.ipynb").write_text("{}")
    (folder / "closed").mkdir()
    (folder / "closed" / "data.csv").write_text("x")
    (folder / "closed").chmod(0o644)
    notes = []
    with without_rights():
        found = [str(path) for path, _ in plain_files(folder, notes)]
    (folder / "closed").chmod(0o755)
    assert found == ["lab.ipynb"]
    assert [(note.where, note.text) for note in notes] == [
        ("closed/data.csv", "It was left out: it cannot be opened (Permission denied).")
    ]
