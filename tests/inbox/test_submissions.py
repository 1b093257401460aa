"""Finding submissions: whatever lies there in an odd way costs nobody but its owner anything."""

import csv
import io
import os
from dataclasses import replace
from pathlib import Path

import nbformat
import pytest
from light import light_course
from rich.console import Console

from course.grading import grade
from course.grading.demo import hand_in
from course.grading.feedback import tables
from course.grading.gradebook.recorded import GRADED, UNREADABLE
from course.grading.gradebook.results import Result
from course.grading.options import Options
from course.inbox import submissions
from course.limits import Limits

COURSE = light_course()
LAB = replace(COURSE.labs[0], limits=Limits(cell_seconds=30))
NAMES = ("anna", "Anna", "anna ", "a,b", ".dot", "-dash", "näme", "{x}", "a'b")
NO_NAMES = ("new\nline", "esc\x1b[31m", "x" * 150, os.fsdecode(b"\xff"), "*", "[ab]")


@pytest.fixture
def blank():
    return nbformat.read(COURSE.released(LAB), as_version=4)


def results(folder: Path) -> dict[str, Result]:
    found = submissions.require_submissions(folder, LAB)
    graded = grade.grade(COURSE, LAB, folder, found, lambda student: None, Options(workers=2))
    return {submission.student: result for submission, result in zip(found, graded, strict=True)}


@pytest.mark.kernel
def test_odd_names_are_graded_or_refused(blank, tmp_path):
    for name in ("anna", "anna ", ".dot", "a,b", *NO_NAMES):
        hand_in(tmp_path, LAB, name, blank)
    found = results(tmp_path)
    assert {name for name, result in found.items() if result.status == UNREADABLE} == set(NO_NAMES)
    assert {name for name, result in found.items() if result.status == GRADED} == {"anna", "anna ", ".dot", "a,b"}
    assert all(found[name].reason and found[name].review and found[name].max_tests == 14 for name in NO_NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_gradebook_can_hold_most_names(name):
    assert not submissions.student_name_problem(name)


@pytest.mark.kernel
def test_odd_folders_get_zero_and_stop_nobody(blank, tmp_path):
    hand_in(tmp_path, LAB, "anna", blank)
    submitted = tmp_path / "submitted"
    for name in ("file", "link", "lost", "empty", "pipe"):
        (submitted / name).mkdir()
    (submitted / "file" / LAB.name).write_text("x")
    (submitted / "link" / LAB.name).symlink_to(submitted / "anna" / LAB.name)
    (submitted / "lost" / LAB.name).symlink_to("/nowhere")
    (submitted / "empty" / LAB.name).mkdir()
    (submitted / "pipe" / LAB.name).mkdir()
    os.mkfifo(submitted / "pipe" / LAB.name / f"{LAB.name}.ipynb")
    (submitted / "student-link").symlink_to(submitted / "anna")
    found = results(tmp_path)
    assert found.pop("anna").status == GRADED
    assert set(found) == {"file", "link", "lost", "empty", "pipe", "student-link"}
    assert all(result.status == UNREADABLE and result.reason for result in found.values())


def test_a_folder_in_capitals_or_none_at_all_will_do(blank, tmp_path):
    capitals = tmp_path / "submitted" / "anna" / LAB.name.upper() / f"{LAB.name}.ipynb"
    beside = tmp_path / "submitted" / "ben" / f"{LAB.name}.ipynb"
    for path in (capitals, beside):
        path.parent.mkdir(parents=True)
        path.write_text(nbformat.writes(blank))
    assert [one.path.parent.resolve() for one in submissions.require_submissions(tmp_path, LAB)] == [
        capitals.parent,
        beside.parent,
    ]


def test_what_is_no_submission_is_named(blank, tmp_path):
    hand_in(tmp_path, LAB, "anna", blank)
    (tmp_path / "submitted" / "nothing").mkdir()
    (tmp_path / "submitted" / "late.ipynb").write_text("{}")
    (tmp_path / "submitted" / "ben" / "02_heatmaps").mkdir(parents=True)
    assert [line.split(" is ")[0] for line in submissions.stray_entries(tmp_path, LAB)] == ["late.ipynb", "nothing"]


def test_the_csv_has_a_column_for_each_test_and_each_written_question(tmp_path):
    ada = Result("ada", GRADED, 4.0, {"test-a": 4.0}, {"why": 1.5, "how": None}, written=1.5, to_mark=2)
    tables.write_grades(tmp_path / "grades.csv", [ada, Result("ben", UNREADABLE, 4.0)])
    with (tmp_path / "grades.csv").open(encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0])[-3:] == ["test-a", "why", "how"]
    assert [[row[name] for name in ("test-a", "why", "how")] for row in rows] == [["4", "1.5", ""], ["0", "", ""]]


def test_names_and_reasons_are_neither_formulas_nor_markup(tmp_path):
    bad = Result("=cmd|calc!A1", UNREADABLE, 18.0, reason="[/bold] \x1b[31m", review=("@SUM(A1)", "\x1b[2J"))
    tables.write_grades(tmp_path / "grades.csv", [bad])
    with (tmp_path / "grades.csv").open(encoding="utf-8-sig") as file:
        (row,) = csv.DictReader(file)
    assert row["student"] == "'=cmd|calc!A1" and row["review"].startswith("'@") and "\x1b" not in str(row.values())
    console = Console(record=True, width=200, file=io.StringIO())
    console.print(tables.grades_table("grades", [bad]))
    assert "[/bold]" in console.export_text()
