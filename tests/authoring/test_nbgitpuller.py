"""The link of nbgitpuller, with nbgitpuller itself: it brings a changed edition and loses no answer."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import nbformat
import pytest
from this_course import COURSE

from course.grading.demo import fill_in, model_answers
from course.labs.links import lab_path, nbgitpuller
from course.labs.sources import grade_id, is_answer

LAB, OTHER = COURSE.labs[:2]
PACKAGES = Path(sys.prefix) / "hub" / "python"
QUERY = {
    name: values[0]
    for name, values in parse_qs(urlsplit(nbgitpuller("https://hub.example.edu", COURSE, lab_path(LAB))).query).items()
}
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (PACKAGES / "nbgitpuller").is_dir(), reason="nbgitpuller is not installed: `make hub` does that"
    ),
]


class Edition:
    """The published edition in a repository of its own, in place of the one on GitHub, and a student's clone."""

    def __init__(self, published, folder):
        self.work, self.bare, self.home = folder / "work", folder / "bare.git", folder / "home"
        self.home.mkdir()
        subprocess.run(["git", "init", "--quiet", "--bare", "-b", QUERY["branch"], self.bare], check=True)
        shutil.copytree(published, self.work)
        self.git("init", "--quiet", "-b", QUERY["branch"])
        self.git("remote", "add", "origin", str(self.bare))
        self.push()

    def git(self, *arguments):
        subprocess.run(["git", "-c", "user.name=x", "-c", "user.email=x@y", *arguments], cwd=self.work, check=True)

    def push(self, ref="HEAD"):
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "-m", "The labs as they are now")
        self.git("push", "--quiet", "origin", f"HEAD:refs/heads/{QUERY['branch']}")

    def follow(self, branch=QUERY["branch"]):
        """What clicking the link does, with the repository's address led to the local one."""
        folder = QUERY["repo"].rpartition("/")[2]
        instead = {"KEY_0": f"url.file://{self.bare}.insteadOf", "VALUE_0": QUERY["repo"]}
        environment = {**os.environ, "PYTHONPATH": str(PACKAGES), "GIT_CONFIG_COUNT": "1"}
        environment |= {f"GIT_CONFIG_{key}": value for key, value in instead.items()}
        command = [sys.executable, "-m", "nbgitpuller.pull", QUERY["repo"], branch, folder]
        done = subprocess.run(command, cwd=self.home, env=environment, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr

    @property
    def opened(self):
        """The file that the link opens."""
        return self.home / QUERY["urlpath"].removeprefix("lab/tree/")

    def change(self, lab, edit):
        path = self.work / lab_path(lab)
        notebook = nbformat.read(path, as_version=4)
        edit(notebook)
        path.write_text(nbformat.writes(notebook) + "\n")
        self.push()


@pytest.fixture
def edition(published, tmp_path):
    return Edition(published, tmp_path)


def another_sentence(notebook):
    notebook.cells[0].source += "\n\nAnother sentence."


def moved_answer(notebook):
    """Merged line by line, this loses the answer."""
    place = next(number for number, cell in enumerate(notebook.cells) if is_answer(cell))
    notebook.cells.insert(place + 2, notebook.cells.pop(place))


def solved(path):
    """All answers filled in, saved as JupyterLab saves it; they are returned."""
    model = model_answers(nbformat.read(COURSE.solution(LAB), as_version=4))
    notebook = fill_in(nbformat.read(path, as_version=4), model)
    for number, cell in enumerate(cell for cell in notebook.cells if cell.cell_type == "code"):
        cell.execution_count = number + 1
    nbformat.write(notebook, path)
    return model


def answers(path):
    return {grade_id(cell): cell.source for cell in nbformat.read(path, as_version=4).cells if is_answer(cell)}


def test_the_first_click_clones_and_opens_the_lab(edition):
    code, log = edition.follow()
    assert code == 0, log
    assert edition.opened.read_bytes() == COURSE.released(LAB).read_bytes()


def test_what_the_student_has_not_touched_is_brought_up_to_date(edition):
    edition.follow()
    model = solved(edition.opened)
    edition.change(OTHER, another_sentence)
    code, log = edition.follow()
    assert code == 0, log
    other = edition.opened.parents[2] / lab_path(OTHER)
    assert nbformat.read(other, as_version=4).cells[0].source.endswith("Another sentence.")
    assert answers(edition.opened) == model


@pytest.mark.parametrize("edit", [another_sentence, moved_answer])
def test_a_notebook_that_both_have_changed_stays_the_students(edition, edit):
    edition.follow()
    model = solved(edition.opened)
    before = edition.opened.read_bytes()
    edition.change(LAB, edit)
    code, log = edition.follow()
    assert code == 0, log
    assert edition.opened.read_bytes() == before and answers(edition.opened) == model


def test_who_renames_their_copy_gets_the_new_one_beside_it(edition):
    edition.follow()
    model = solved(edition.opened)
    mine = edition.opened.rename(edition.opened.with_name("mine.ipynb"))
    edition.change(LAB, another_sentence)
    code, log = edition.follow()
    assert code == 0, log
    assert answers(mine) == model
    assert nbformat.read(edition.opened, as_version=4).cells[0].source.endswith("Another sentence.")


def test_a_tag_can_be_cloned_but_not_followed(edition):
    """As the page on hubs says: give links of nbgitpuller a branch."""
    edition.git("tag", "v1")
    edition.git("push", "--quiet", "origin", "v1")
    assert edition.follow("v1")[0] == 0
    assert edition.follow("v1")[0] != 0
