"""Which names are possible for students, files and folders."""

from pathlib import PurePosixPath

import pytest

from course.inbox.filenames import flat_name, id_problem, refusal

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
    assert flat_name(PurePosixPath("con")) == "_con" and flat_name(PurePosixPath("a/b?.txt")) == "a__b_.txt"
    assert flat_name(PurePosixPath(".git/config")) == "git__config" and flat_name(PurePosixPath("...")) == "file"
    long = flat_name(PurePosixPath("é" * 300 + ".ipynb"))
    assert len(long.encode()) <= 200 and long.endswith(".ipynb")
