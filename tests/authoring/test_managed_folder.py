"""A folder is brought up to date without a trace, and nothing that others wrote is touched."""

import json
import os

import pytest

from course.authoring.managed_folder import MANIFEST, File, update_folder
from course.errors import PublishError

FILES = {"README.md": File(b"read\n"), "bin/run": File(b"#!/bin/sh\n", executable=True), "labs/one.txt": File(b"1\n")}


def snapshot(folder):
    """Content, rights and time of every file, those of `.git` too."""
    stats = {path: path.stat() for path in sorted(folder.rglob("*")) if path.is_file()}
    return {path: (path.read_bytes(), stat.st_mode, stat.st_mtime_ns) for path, stat in stats.items()}


@pytest.fixture
def written(tmp_path):
    """A folder that was written once, with a repository in it and a file of somebody else."""
    folder = tmp_path / "edition"
    (folder / ".git" / "refs").mkdir(parents=True)
    (folder / ".git" / "config").write_text("[core]\n")
    assert update_folder(folder, FILES) == (list(FILES), [], 0)
    (folder / "labs" / "NOTES.md").write_text("my own\n")
    return folder


def test_a_new_folder_gets_all_files_and_a_list_of_them(tmp_path):
    folder = tmp_path / "new" / "edition"
    update_folder(folder, FILES)
    assert {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()} == {*FILES, MANIFEST}
    assert all((folder / path).read_bytes() == file.content for path, file in FILES.items())
    assert os.access(folder / "bin" / "run", os.X_OK) and not os.access(folder / "README.md", os.X_OK)


def test_what_is_up_to_date_is_not_written_again(written):
    before = snapshot(written)
    assert update_folder(written, FILES) == ([], [], len(FILES))
    assert snapshot(written) == before


def test_only_what_changed_is_written_and_only_what_is_no_longer_part_deleted(written):
    before = snapshot(written)
    files = {"README.md": File(b"read on\n"), "labs/one.txt": FILES["labs/one.txt"], "labs/two.txt": File(b"2\n")}
    assert update_folder(written, files) == (["README.md", "labs/two.txt"], ["bin/run"], 1)
    after = snapshot(written)
    changed = {path for path in {*before, *after} if before.get(path) != after.get(path)}
    assert changed == {written / name for name in ("README.md", "labs/two.txt", "bin/run", MANIFEST)}
    assert not (written / "bin").exists(), "an empty folder stays behind"


def test_a_folder_with_somebody_elses_file_is_not_deleted(written):
    update_folder(written, {"README.md": FILES["README.md"]})
    assert (written / "labs" / "NOTES.md").read_text() == "my own\n"


def test_the_same_files_give_the_same_bytes_anywhere(tmp_path):
    for name in ("a", "b"):
        update_folder(tmp_path / name, FILES)
    first, second = (snapshot(tmp_path / name) for name in ("a", "b"))
    assert [value[:2] for value in first.values()] == [value[:2] for value in second.values()]


def test_what_was_deleted_or_lost_its_rights_is_put_back(written):
    (written / "README.md").unlink()
    (written / "bin" / "run").chmod(0o644)
    assert update_folder(written, FILES) == (["README.md", "bin/run"], [], 1)
    assert os.access(written / "bin" / "run", os.X_OK)


def in_the_way(folder):
    (folder / "labs" / "two.txt").write_text("somebody's\n")


def linked(folder):
    (folder / "labs" / "one.txt").unlink()
    (folder / "labs" / "NOTES.md").unlink()
    (folder / "labs").rmdir()
    (folder.parent / "elsewhere").mkdir()
    (folder / "labs").symlink_to(folder.parent / "elsewhere")


def linked_file(folder):
    (folder / "README.md").unlink()
    (folder / "README.md").symlink_to(folder.parent / "elsewhere.md")


def a_folder(folder):
    (folder / "labs" / "two.txt").mkdir()


def a_file(folder):
    (folder / "bin" / "run").unlink()
    (folder / "bin").rmdir()
    (folder / "bin").write_text("somebody's\n")


NEXT = {**FILES, "README.md": File(b"read on\n"), "labs/two.txt": File(b"2\n")}
CONFLICTS = {
    "edited": (lambda folder: (folder / "README.md").write_text("better\n"), NEXT, "README.md was changed since"),
    "edited, no longer part": (
        lambda folder: (folder / "bin" / "run").write_text("better\n"),
        {"README.md": FILES["README.md"]},
        "bin/run was changed since",
    ),
    "in the way": (in_the_way, NEXT, "labs/two.txt was not written by"),
    "a linked folder": (linked, NEXT, "labs/one.txt is or lies in a symbolic link"),
    "a linked file": (linked_file, NEXT, "README.md is or lies in a symbolic link"),
    "a folder for a file": (a_folder, NEXT, "labs/two.txt is a folder"),
    "a file for a folder": (a_file, NEXT, "bin/run has a file where its folder is to be"),
}


@pytest.mark.parametrize("name", CONFLICTS)
def test_what_others_wrote_is_named_and_nothing_is_written(written, name):
    damage, files, message = CONFLICTS[name]
    damage(written)
    before = snapshot(written.parent)
    with pytest.raises(PublishError, match=message) as error:
        update_folder(written, files)
    assert str(written) in str(error.value) and "publish again" in str(error.value)
    assert snapshot(written.parent) == before


def test_all_conflicts_are_named_at_once(written):
    (written / "README.md").write_text("better\n")
    in_the_way(written)
    with pytest.raises(PublishError, match=r"(?s)README\.md was changed.*labs/two\.txt was not written"):
        update_folder(written, NEXT)


def test_a_file_that_is_already_what_it_is_to_be_is_nobodys_conflict(written):
    (written / "labs" / "two.txt").write_bytes(NEXT["labs/two.txt"].content)
    assert update_folder(written, NEXT) == (["README.md"], [], 3)


def test_a_folder_of_other_files_is_refused(tmp_path):
    (tmp_path / "thesis.txt").write_text("all my work")
    with pytest.raises(PublishError, match=r"(?s)did not write.*empty one or a clone.*thesis\.txt"):
        update_folder(tmp_path, FILES)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_file_in_place_of_the_folder_is_refused(tmp_path):
    (tmp_path / "edition").write_text("")
    with pytest.raises(PublishError, match="edition is a file"):
        update_folder(tmp_path / "edition", FILES)


@pytest.mark.parametrize("name", ["../thesis.txt", "/etc/passwd", ".git/config", "labs/../../thesis.txt", "", "a\\b"])
def test_a_list_that_names_files_outside_is_refused(written, name):
    manifest = written / MANIFEST
    manifest.write_text(json.dumps({"files": {name: "0" * 64}}))
    with pytest.raises(PublishError, match=r"which is no file of the students' edition\. Restore it"):
        update_folder(written, FILES)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"files": 5}', '{"files": {"a": 5}}', '{"files": {"a": '])
def test_a_list_that_cannot_be_read_is_refused(written, text):
    (written / MANIFEST).write_text(text)
    with pytest.raises(PublishError, match=r"\.published\.json.*Restore it"):
        update_folder(written, FILES)
