"""`course new`: a lab that builds, whose tests are tested, and that can be graded."""

import csv
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from rich.progress import Progress
from this_course import COURSE

from course.authoring import build
from course.authoring.lab_entries import with_entry, without_entry
from course.authoring.make_lab import make_lab
from course.authoring.publish import labs_with_author_notes
from course.authoring.try_all_variants import TriedVariants, try_all
from course.config import load_course
from course.errors import CourseError
from course.labs.variants import variants_file
from course.text.files import write_text

pytestmark = pytest.mark.kernel


def command(root, *arguments):
    verb = shutil.which("course", path=str(Path(sys.executable).parent))
    return subprocess.run(
        [verb, *arguments], cwd=root, env=os.environ | {"NO_COLOR": "1"}, capture_output=True, text=True, check=False
    )


def test_a_new_lab_builds_tests_its_tests_and_is_graded(copied):
    before = (copied.root / "course.toml").read_text("utf-8")
    shutil.copy(COURSE.root / "README.md", copied.root)
    made = command(copied.root, "new", "my_lab", "--title", 'Ink & "paper"')
    assert made.returncode == 0, made.stderr
    course = load_course(copied.root)
    lab = course.labs[-1]
    assert lab.name.endswith("_my_lab") and f"course build {lab.name}" in made.stdout
    assert (copied.root / "course.toml").read_text("utf-8").startswith(before), "comments and all stand as they stood"
    assert [one.name for one in course.labs[:-1]] == [one.name for one in copied.labs]
    noted = [*labs_with_author_notes(copied), lab.name]
    assert labs_with_author_notes(course) == noted, "so that nobody hands out what the template says to its author"
    rows = [line for line in (copied.root / "README.md").read_text("utf-8").splitlines() if line.startswith("| [")]
    label = f'{int(lab.name[:2])} · Ink & "paper"'
    assert rows[-1] == f"| [{label}](labs/{lab.name}/{lab.name}.ipynb) | … |", "after those that were there"
    assert f'\n# # {int(lab.name[:2])} · Ink & "paper"\n' in course.source(lab).read_text("utf-8")
    with Progress(disable=True) as progress:
        assert build.build(course, [lab], progress).executed == [lab]
        build.check_generated(course, course.labs)
        tried = try_all(course, [lab], progress)
        assert (tried.problems, try_all(course, [lab], progress)) == ([], TriedVariants([], 0, tried.runs))
    source, misspelt = course.source(lab), "T" + "eh"
    write_text(source, source.read_text("utf-8").replace("A pixel's value", f"{misspelt} value of a pixel"))
    shown = command(copied.root, "build", lab.name, "--show")
    assert "one image (28, 28) uint8\n" in shown.stdout and "digit 9: " in shown.stdout, shown.stderr
    assert "All tests shown here pass" not in shown.stdout, "that belongs to a task"
    assert f"- {lab.name} still has notes of the template to its author" in shown.stdout
    assert f"- misspelt? {source.relative_to(course.root)}:" in shown.stdout and f"{misspelt} ==> The" in shown.stdout
    folder = copied.root / "term"
    for student, notebook in {"ada": course.solution(lab), "ben": course.released(lab)}.items():
        place = folder / "submitted" / student / lab.name / notebook.name
        write_text(place, notebook.read_text("utf-8"))
    graded = command(copied.root, "grade", lab.name, "--folder", str(folder))
    assert graded.returncode == 0, graded.stdout + graded.stderr
    with (folder / f"grades_{lab.name}.csv").open(encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    assert {row["student"]: float(row["tests"]) for row in rows} == {"ada": 3, "ben": 0}


def test_a_new_lab_with_a_task_and_a_row_of_its_own(copied):
    shutil.copy(COURSE.root / "README.md", copied.root)
    arguments = ("new", "my_lab", "--title", "Rows", "--task", "dark-rows", "--about", "Rows | columns")
    made = command(copied.root, *arguments)
    assert made.returncode == 0 and "Say in its row" not in made.stdout, made.stderr
    course = load_course(copied.root)
    lab = course.labs[-1]
    source, answers = (path.read_text("utf-8") for path in (course.source(lab), variants_file(course, lab)))
    assert "ink-share" not in source + answers and "ink_share" not in source + answers
    assert '"grade_id": "explain-dark-rows"' in source and "explain-ink" not in source
    assert source.count("def dark_rows(") == 1 and answers.count('task = "dark-rows"') == 5
    assert r" | Rows \| columns |" in (copied.root / "README.md").read_text("utf-8")
    refused = command(copied.root, "new", "other", "--title", "Rows", "--task", "pixels")
    assert refused.returncode == 2 and "would be called pixels, which means something else" in refused.stderr
    assert load_course(copied.root).labs == course.labs, "nothing is written"


@pytest.mark.parametrize(
    ("name", "title", "message"),
    [
        ("My-Lab", "Ink", "'My-Lab' is no name of a lab. Write small letters, digits and _"),
        ("../lab", "Ink", "is no name of a lab"),
        ("x" * 51, "Ink", "is no name of a lab"),
        ("100_lab", "Ink", "is no name of a lab"),
        ("00_lab", "Ink", "numbers go from 01 to 99"),
        ("{first}_again", "Ink", "{name} has the number {first} already. Choose another"),
        ("my_lab", " ", "' ' is no title"),
        ("my_lab", "two\nlines", "is no title"),
    ],
)
def test_a_lab_that_cannot_be_made(copied, name, title, message):
    first = copied.labs[0].name
    before = sorted(copied.root.rglob("*"))
    with pytest.raises(CourseError) as error:
        make_lab(copied, name.format(first=first[:2]), title)
    assert message.format(first=first[:2], name=first) in str(error.value)
    assert sorted(copied.root.rglob("*")) == before


def test_a_file_in_the_way_is_not_written_over(copied):
    mine = write_text(copied.root / "tests" / "variants" / "77_mine.toml", "# mine\n")
    with pytest.raises(CourseError, match=r"There is .*77_mine\.toml already"):
        make_lab(copied, "77_mine", "Mine")
    assert mine.read_text() == "# mine\n"
    assert not (copied.root / "solutions" / "77_mine").exists()


TOML = """\
id = "x" # a remark
# About the labs.
[[labs]]
name = "01_a"
budget = { A = 1 }
# due = 2026-03-02

# About the second.
[[ labs ]]
name = "03_c" # late
[labs.limits]
files = 3
"""
ENTRY = '[[labs]]\nname = "{}"\n'


@pytest.mark.parametrize("name", ["00_z", "02_b", "04_d"])
def test_an_entry_comes_and_goes_and_leaves_no_trace(name):
    more = with_entry(TOML, name, ENTRY.format(name))
    assert [lab["name"] for lab in tomllib.loads(more)["labs"]] == sorted(["01_a", "03_c", name])
    assert without_entry(more, name).replace("\n\n", "\n") == TOML.replace("\n\n", "\n")


def test_what_stands_below_an_entry_goes_with_it_and_what_stands_above_the_next_stays():
    assert without_entry(TOML, "01_a") == TOML.replace(TOML[TOML.index("[[labs]]") : TOML.index("# About the s")], "")
    assert without_entry(TOML, "03_c") == TOML[: TOML.index("[[ labs ]]")]


@pytest.mark.parametrize("text", ["labs = []\n", 'labs = [{ name = "01_a" }]\n'])
def test_labs_that_are_not_written_as_tables_are_refused_with_what_to_do(text):
    with pytest.raises(CourseError, match="cannot be added to"):
        with_entry(text, "02_b", ENTRY.format("02_b"))


def test_an_entry_that_cannot_be_told_apart_is_not_taken_out():
    with pytest.raises(CourseError, match=r"cannot be told from the rest of course\.toml"):
        without_entry('labs = [{ name = "01_a" }]\n', "01_a")
