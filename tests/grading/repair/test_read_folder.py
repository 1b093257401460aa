"""The folder a student handed in: which notebook counts, and what is not used."""

import os
import socket
from pathlib import PurePosixPath

import pytest

from course.errors import SubmissionError
from course.grading.repair.read_folder import inspect_folder, read_companions
from course.inbox import regular_files
from course.inbox.regular_files import read_plain_file

LAB = "03_mlp_baseline"


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "submitted" / "ann" / LAB
    made.mkdir(parents=True)
    return made


def put(folder, name, content="{}", age=0):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    os.utime(path, (1_000_000 - age, 1_000_000 - age))
    return path


def test_a_folder_as_it_should_be(folder):
    put(folder, f"{LAB}.ipynb", "mine")
    put(folder, "helpers.py")
    put(folder, "figures/one.png")
    put(folder, "timestamp.txt", "2026-11-21 06:00:00 UTC\n")
    put(folder, ".ipynb_checkpoints/old.ipynb")
    put(folder, "__MACOSX/._x")
    found = inspect_folder(folder, LAB)
    assert (found.notebook, found.notes) == (b"mine", ())
    assert {str(place) for _, place in found.files} == {"helpers.py", "figures/one.png"}


@pytest.mark.parametrize(
    "name",
    [
        f"{LAB} (1).ipynb",
        f"{LAB}-Copy1.ipynb",
        f"{LAB.upper()}.IPYNB",
        "ann 03 MLP Baseline final.ipynb",
        f"{LAB}.ipynb.txt",
        f"{LAB}/{LAB}.ipynb",
        f"Copy of {LAB}.ipynb",
        f"Kopie von {LAB}.ipynb",
        f"Копия {LAB}.ipynb",
        f"「{LAB}.ipynb」のコピー",
    ],
)
def test_a_single_notebook_of_a_like_name_is_taken(folder, name):
    put(folder, name, "mine")
    found = inspect_folder(folder, LAB)
    assert found.notebook == b"mine"
    assert [(note.kind, note.where, note.review) for note in found.notes] == [("notebook-renamed", name, False)]
    assert found.files == ()


def test_a_single_notebook_of_another_name_is_taken_but_to_be_checked(folder):
    put(folder, "homework.ipynb", "mine")
    assert [(note.kind, note.review) for note in inspect_folder(folder, LAB).notes] == [("notebook-renamed", True)]


def test_of_several_the_newest_of_a_like_name_counts(folder):
    put(folder, f"{LAB} (1).ipynb", "old", age=60)
    put(folder, f"{LAB} (2).ipynb", "new")
    put(folder, "other.ipynb", "other", age=-60)
    found = inspect_folder(folder, LAB)
    assert found.notebook == b"new"
    chosen, other = found.notes
    assert (chosen.kind, chosen.where, chosen.review) == ("notebook-chosen", f"{LAB} (2).ipynb", True)
    assert f"{LAB} (1).ipynb" in chosen.text
    assert (other.kind, other.where, other.review) == ("left-out", "other.ipynb", False)


def test_the_right_name_counts_even_if_a_copy_is_newer(folder):
    put(folder, f"{LAB}.ipynb", "mine")
    put(folder, f"{LAB} (1).ipynb", "newer", age=-60)
    put(folder, f"{LAB} (2).ipynb", "older", age=60)
    found = inspect_folder(folder, LAB)
    assert found.notebook == b"mine"
    assert [(note.where, note.review) for note in found.notes] == [
        (f"{LAB} (1).ipynb", True),
        (f"{LAB} (2).ipynb", False),
    ]


@pytest.mark.parametrize(
    "name",
    [
        "numpy.py",
        "json.pyc",
        "keras/__init__.py",
        "data_utils.py",
        "sitecustomize.py",
        "numpy.cpython-311-x86_64-linux-gnu.so",
        "course/grading/repair/repair.py",
        "jupyter_config.json",
        "ipython_config.py",
        "nbgrader_config.py",
        ".hidden",
        ".jupyter/jupyter_config.py",
    ],
)
def test_what_would_stand_in_for_something_else_is_left_out(folder, name):
    put(folder, f"{LAB}.ipynb")
    put(folder, name)
    found = inspect_folder(folder, LAB)
    assert found.files == ()
    assert [note.where for note in found.notes] == [name]


def test_a_package_is_named_once_and_its_data_may_stay(folder):
    put(folder, f"{LAB}.ipynb")
    for name in ("keras/__init__.py", "keras/layers.py", "test/picture.png"):
        put(folder, name)
    found = inspect_folder(folder, LAB)
    assert [place for _, place in found.files] == [PurePosixPath("test/picture.png")]
    assert len(found.notes) == 1 and "the module keras" in found.notes[0].text


def test_links_pipes_and_sockets_are_neither_followed_nor_opened(folder, tmp_path, monkeypatch):
    put(folder, f"{LAB}.ipynb", "mine")
    secret = put(tmp_path, "secret/gradebook.db", "secret")
    (folder / "link.db").symlink_to(secret)
    (folder / "folder").symlink_to(secret.parent)
    (folder / "loop").symlink_to(folder)
    (folder / "nowhere").symlink_to(tmp_path / "nowhere")
    os.mkfifo(folder / "pipe")
    monkeypatch.chdir(folder)  # the path of a socket must be short
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket")
        found = inspect_folder(folder, LAB)
    assert (found.notebook, found.files) == (b"mine", ())
    assert {note.where for note in found.notes} == {"link.db", "folder", "loop", "nowhere", "pipe", "socket"}


def as_link(folder, tmp_path):
    (folder / f"{LAB}.ipynb").symlink_to(put(tmp_path, "other.ipynb", "another student's work"))


def as_pipe(folder, tmp_path):
    os.mkfifo(folder / f"{LAB}.ipynb")


def as_folder(folder, tmp_path):
    (folder / f"{LAB}.ipynb").mkdir()


@pytest.mark.parametrize("make", [as_link, as_pipe, as_folder])
def test_a_notebook_that_is_no_file(folder, tmp_path, make):
    make(folder, tmp_path)
    with pytest.raises(SubmissionError, match=f"{LAB}.ipynb is missing; the folder holds"):
        inspect_folder(folder, LAB)
    with pytest.raises(SubmissionError, match=r"cannot be opened|is not a plain file"):
        read_plain_file(folder / f"{LAB}.ipynb", 100)


def test_a_folder_without_a_notebook(folder, tmp_path):
    with pytest.raises(SubmissionError, match="the folder holds no notebook"):
        inspect_folder(folder, LAB)
    put(folder, f"{LAB}.html")
    with pytest.raises(SubmissionError, match=rf"the folder holds {LAB}\.html\. Hand in"):
        inspect_folder(folder, LAB)
    link = tmp_path / "link"
    link.symlink_to(folder)
    for path in (link, folder / "nowhere", folder / f"{LAB}.html"):
        with pytest.raises(SubmissionError, match="is not a folder"):
            inspect_folder(path, LAB)


def test_too_much_is_left_out(folder, monkeypatch):
    monkeypatch.setattr(regular_files, "MAX_FILE", 100)
    monkeypatch.setattr(regular_files, "MAX_ENTRIES", 30)
    monkeypatch.setattr("course.grading.repair.read_folder.MAX_TOTAL", 150)
    put(folder, f"{LAB}.ipynb")
    put(folder, "big.txt", "x" * 101)
    for name in ("a.txt", "b.txt"):
        put(folder, name, "x" * 90)
    put(folder, "/".join("d" * 12) + "/deep.txt")
    found = inspect_folder(folder, LAB)
    assert [str(place) for _, place in found.files] == ["a.txt"]
    assert {note.where for note in found.notes} == {"big.txt", "b.txt", "/".join("d" * 9)}
    for number in range(40):
        put(folder, f"z{number}.txt", "")
    assert ("folder", True) in {(note.where, note.review) for note in inspect_folder(folder, LAB).notes}


def test_names_that_cannot_be_printed(folder):
    put(folder, f"{LAB}.ipynb")
    (folder / os.fsdecode(b".a\xff\x1b[31m\nb")).write_text("")
    (note,) = inspect_folder(folder, LAB).notes
    assert note.where == ".a\\udcff\\x1b[31m\\nb"


def test_what_lies_beside_a_notebook_in_a_folder_moves_up_with_it(folder):
    put(folder, f"lab1/{LAB}.ipynb", "mine")
    for name in ("lab1/helper.py", "lab1/data/one.csv", "lab1/numpy.py", "lab1/both.py", "both.py", "notes.txt"):
        put(folder, name, name)
    found = inspect_folder(folder, LAB)
    assert dict(read_companions(found, folder)) == {
        "helper.py": b"lab1/helper.py",
        "data/one.csv": b"lab1/data/one.csv",
        "lab1/both.py": b"lab1/both.py",
        "both.py": b"both.py",
        "notes.txt": b"notes.txt",
    }
    assert any("in place of the module numpy" in note.text for note in found.notes)


def test_passing_on(folder):
    put(folder, f"{LAB}.ipynb", "mine")
    put(folder, "helpers.py", "x = 1")
    put(folder, "data/one.csv", "1,2")
    put(folder, "numpy.py", "raise SystemExit")
    put(folder, "timestamp.txt", "2026-03-01 12:00:00 UTC")
    found = inspect_folder(folder, LAB)
    assert dict(read_companions(found, folder)) == {"helpers.py": b"x = 1", "data/one.csv": b"1,2"}
    (folder / "helpers.py").unlink()
    (folder / "helpers.py").symlink_to("/etc/hostname")
    with pytest.raises(SubmissionError, match="cannot be opened"):
        read_companions(found, folder)
