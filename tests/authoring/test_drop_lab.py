"""`course drop`: a lab is taken out everywhere, or nothing is."""

import json
import shutil
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from benchmarks import page as benchmarks_page
from course import cli
from course.authoring import build
from course.authoring.drop_lab import drop_lab, mentions
from course.authoring.tried_runs import read_tried, write_tried
from course.config import load_course
from course.errors import CourseError, UnknownLabError
from course.labs.variants import variants_file
from reproduction import page as reproduction_page

pytestmark = pytest.mark.slow


@pytest.fixture
def whole(course, copied, monkeypatch):
    """A copy with the files that speak of labs, as the working folder."""
    shutil.copy(course.root / "README.md", copied.root)
    shutil.copytree(course.root / "tests" / "variants", copied.root / "tests" / "variants")
    monkeypatch.chdir(copied.root)
    return copied


def run(*arguments, typed=""):
    return CliRunner().invoke(cli.app, ["drop", *arguments], input=typed)


def files(course):
    return {path: path.read_bytes() for path in course.root.rglob("*") if path.is_file()}


@pytest.mark.parametrize("place", [0, -1])
def test_a_dropped_lab_is_gone_everywhere_and_the_course_is_whole(whole, place):
    lab = whole.labs[place]
    write_tried(whole, lab.name, ["a digest"])
    write_tried(whole, whole.labs[1].name, ["another"])
    done = run(lab.name, "--yes")
    assert done.exit_code == 0, done.output
    course = load_course(whole.root)
    assert course.labs == tuple(one for one in whole.labs if one != lab)
    build.check_generated(course, course.labs[:1])
    assert not variants_file(course, lab).exists()
    assert lab.name not in read_tried(course) and read_tried(course)[whole.labs[1].name] == ["another"]
    assert not list(course.root.rglob(f"*{lab.name}*"))
    kept = json.loads(course.measurements.read_text("utf-8"))
    assert kept["similar"] and all(row["lab"] != lab.name for row in kept["similar"])
    assert course.measurements.with_suffix(".md").read_text("utf-8") == benchmarks_page.page(kept)
    assert course.reproduction.with_suffix(".md").read_text("utf-8") == reproduction_page.page(course)
    assert f"labs/{lab.name}/" not in (course.root / "README.md").read_text("utf-8")
    left = list(mentions(course, lab.name))
    assert all(f"  {one}\n" in done.output for one in left)
    pages = {path: path.read_text("utf-8") for path in course.root.rglob("*.md") if path.name != "benchmarks.md"}
    named = [path for path, text in pages.items() if lab.name in text]
    assert {str(path.relative_to(course.root)) for path in named} <= {one.split(":")[0] for one in left}


def test_it_asks_first(whole):
    before = files(whole)
    for typed in ("n\n", ""):
        done = run(whole.labs[0].name, typed=typed)
        assert done.exit_code == 1 and f"solutions/{whole.labs[0].name}" in done.output
        assert files(whole) == before
    assert run(whole.labs[0].name, typed="y\n").exit_code == 0


def test_an_unknown_lab_is_refused(whole):
    before = files(whole)
    assert isinstance(run("77_nowhere", "--yes").exception, UnknownLabError)
    assert files(whole) == before


def test_nothing_is_dropped_while_another_lab_is_broken(whole):
    with whole.source(whole.labs[1]).open("a") as file:
        file.write("\n# %% [markdown]\n# # A second title\n")
    before = files(whole)
    assert "headings of level 1" in str(run(whole.labs[0].name, "--yes").exception)
    assert files(whole) == before


def test_the_only_lab_stays(whole):
    only = whole.labs[0]
    with pytest.raises(CourseError, match="is the only lab of the course"):
        drop_lab(replace(whole, labs=(only,)), only)
    assert whole.source(only).is_file()


def test_numbers_in_other_pages_are_found(whole):
    page = whole.root / "docs" / "more.md"
    page.write_text("See labs 1, 3 and 77.\nSee lab 7.\nAs in lab 77, 77 digits.\nLab 771\n")
    found = [one for one in mentions(whole, "77_x") if one.startswith("docs/more.md")]
    assert [one.split(":")[1] for one in found] == ["1", "3"]
