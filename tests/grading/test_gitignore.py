"""Nothing that grading writes is offered to git, in the repository or in the folder of a class within it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from light import light_course
from lms_archives import pack
from this_course import COURSE

from course.config import load_course

pytestmark = pytest.mark.kernel

ROOT = COURSE.root


def git(folder, *arguments):
    command = ["git", "-c", "user.name=T", "-c", "user.email=t@uni.edu", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout


@pytest.fixture
def repository(tmp_path) -> Path:
    """The light course, committed."""
    root = tmp_path / "repository"
    shutil.copytree(light_course().root, root, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / ".gitignore", root)
    git(root, "init", "--quiet")
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", "The course")
    return root


def course(root, *arguments):
    command = [shutil.which("course", path=str(Path(sys.executable).parent)), *arguments]
    done = subprocess.run(command, cwd=root, env=os.environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("folder", [".", "term1"])
def test_a_term_leaves_nothing_to_commit(repository, tmp_path, folder):
    lab = load_course(repository).labs[0]
    (repository / folder).mkdir(exist_ok=True)
    blank = load_course(repository).released(lab).read_bytes()
    download = pack(repository / folder / "submissions.zip", (f"lovelaceada_11_901_{lab.name}.ipynb", blank))
    course(repository, "collect", str(download), lab.name, "--folder", folder)
    course(repository, "extend", "11", "--lab", lab.name, "--until", "2030-01-02 12:00", "--folder", folder)
    course(repository, "grade", lab.name, "--folder", folder)
    course(repository, "feedback", lab.name, "--folder", folder, "--zip", "canvas", "--to", f"{folder}/back.zip")
    course(repository, "report", lab.name, "--folder", folder)
    to = f"{folder}/grades for canvas.csv"
    course(repository, "export", lab.name, "--to", to, "--system", "canvas", "--folder", folder, "--allow-unmarked")
    assert (repository / folder / "gradebook.db").is_file() and (repository / to).is_file()
    assert git(repository, "status", "--porcelain") == ""


def test_no_file_of_the_project_is_ignored():
    if not (ROOT / ".git").exists():
        pytest.skip("this copy of the project is no clone")
    assert git(ROOT, "ls-files", "--cached", "--ignored", "--exclude-standard") == ""
