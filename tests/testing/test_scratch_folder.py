"""The folder that answers and tests share is there for each test, whatever a submission did to it before."""

import shutil
from pathlib import Path

import pytest

from course.testing.scratch_folder import make_writable

DEEDS = {
    "nothing": lambda folder: None,
    "deleted": shutil.rmtree,
    "closed": lambda folder: folder.chmod(0),
    "closed above": lambda folder: folder.parent.chmod(0),
    "a file": lambda folder: (shutil.rmtree(folder), folder.write_text("x")),
    "a link to nowhere": lambda folder: (shutil.rmtree(folder), folder.symlink_to("nowhere")),
    "a link to itself": lambda folder: (shutil.rmtree(folder), folder.symlink_to(folder)),
    "a link to another folder": lambda folder: (shutil.rmtree(folder), folder.symlink_to(folder.parents[1])),
}


@pytest.mark.parametrize("deed", DEEDS.values(), ids=DEEDS)
def test_the_folder_can_be_used_again(deed, tmp_path):
    folder = tmp_path / "above" / "scratch"
    folder.mkdir(parents=True)
    deed(folder)
    make_writable(folder)
    (folder / "file").write_text("here")
    assert folder.is_dir() and not folder.is_symlink()
    assert not (tmp_path / "file").exists()
    assert folder.stat().st_mode & folder.parent.stat().st_mode & 0o700 == 0o700


def test_what_is_in_the_folder_stays(tmp_path):
    folder = tmp_path / "scratch"
    folder.mkdir()
    Path(folder, "old").write_text("here")
    make_writable(folder)
    assert Path(folder, "old").read_text() == "here"
