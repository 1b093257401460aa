"""Which names are possible for students, files and folders."""

from pathlib import PurePosixPath

import pytest

from course.inbox.filenames import flattened, id_problem, refusal

BAD_IDS = ["", ".", "..", "-x", "a/b", "a\\b", "a b", "a+b", "a*", "a[b]", "con", "nul.txt", "a.", "x" * 101]


@pytest.mark.parametrize("student", [*BAD_IDS, "a\u202eb", "e\u0301"])
def test_ids_that_are_no_folder_or_no_id_of_nbgrader(student):
    assert id_problem(student)


@pytest.mark.parametrize("student", ["11", "ada.lovelace@example.org", "zoë-müller", "李-小龍", "अनिता", "anon_x7Yz"])
def test_ids_that_are_possible(student):
    assert id_problem(student) is None


def test_names_in_archives():
    assert refusal("eve_5_6_a.ipynb") is None and refusal("a/b/c d.ipynb") is None
    assert refusal("a/") is None and refusal("") and refusal("a//b")
    assert flattened(PurePosixPath("con")) == "_con" and flattened(PurePosixPath("a/b?.txt")) == "a__b_.txt"
    assert flattened(PurePosixPath(".git/config")) == "git__config" and flattened(PurePosixPath("...")) == "file"
    long = flattened(PurePosixPath("é" * 300 + ".ipynb"))
    assert len(long.encode()) <= 200 and long.endswith(".ipynb")
