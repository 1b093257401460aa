"""The command line: what it prints, and errors without tracebacks."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from this_course import COURSE
from typer.testing import CliRunner

from course import cli
from course.grading import demo
from course.labs.prepare import prepare_lab
from course.labs.sources import cells_with_tests, grade_id
from course.labs.variants import read_variants, variants_file

LAB = COURSE.labs[0]

pytestmark = pytest.mark.slow

COMMAND = shutil.which("course", path=str(Path(sys.executable).parent))


def run(*arguments, cwd=COURSE.root):
    environment = os.environ | {"COLUMNS": "100", "NO_COLOR": "1"}
    return subprocess.run([COMMAND, *arguments], cwd=cwd, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("verb", ["build", "variants", "seeds", "grade", "report", "similar"])
def test_an_unknown_lab_is_an_error_that_lists_the_known_ones(verb):
    done = run(verb, "04_nowhere")
    assert done.returncode == 2
    assert f"There is no lab '04_nowhere' in course.toml. The labs are: {COURSE.labs[0].name}," in done.stderr
    assert "Traceback" not in done.stderr


def test_grading_an_empty_folder(tmp_path):
    done = run("grade", LAB.name, "--folder", str(tmp_path))
    assert done.returncode == 2
    assert f"There is no submission of {LAB.name}" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_demo_does_not_overwrite_a_folder_it_did_not_make(tmp_path):
    (tmp_path / "thesis.txt").write_text("all my work")
    done = run("demo", LAB.name, "--folder", str(tmp_path))
    assert done.returncode == 2
    assert "holds files that no demo made" in done.stderr
    assert (tmp_path / "thesis.txt").read_text() == "all my work"


def test_publish_says_what_it_wrote_how_to_push_it_and_which_links_to_give_out(tmp_path):
    folder = tmp_path / "for students"
    done = run("publish", str(folder))
    assert done.returncode == 0, done.stderr
    students, ref = COURSE.repositories.students, COURSE.repositories.ref
    assert re.search(rf"^wrote \d+ files into {re.escape(str(folder))}$", done.stdout, re.MULTILINE)
    assert "0 files were up to date already." in done.stdout
    assert f"git -C '{folder}' remote add origin https://github.com/{students}.git\n" in done.stdout
    assert f"git -C '{folder}' push origin HEAD:{COURSE.repositories.ref}\n" in done.stdout
    given = run("links")
    assert given.returncode == 0 and given.stdout in done.stdout
    for lab in COURSE.labs:
        assert f"/{students}/blob/{ref}/labs/{lab.name}/{lab.name}.ipynb\n" in given.stdout, (
            "a link is broken by a line"
        )
    (folder / ".git").mkdir()
    again = run("publish", str(folder))
    assert again.returncode == 0 and "wrote" not in again.stdout and "remote add" not in again.stdout
    assert "Nothing has changed." in again.stdout


def test_publish_refuses_a_folder_of_other_files(tmp_path):
    (tmp_path / "thesis.txt").write_text("all my work")
    done = run("publish", str(tmp_path))
    assert done.returncode == 2 and "thesis.txt" in done.stderr and "Traceback" not in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        (
            ["--until", "3/9/2026 23:59"],
            "--until: '3/9/2026 23:59' is no time that can be told for certain. Write it as",
        ),
        (["--until", "2026-02-30 12:00"], "--until: '2026-02-30 12:00' is no time"),
        ([], "Say one of: --until TIME, --days NUMBER, --revoke."),
        (["--days", "1", "--revoke"], "Say one of"),
        (["--days", "2"], f"{LAB.name} has no due date in course.toml"),
    ],
)
def test_an_extension_that_cannot_be_granted(tmp_path, chosen, message):
    arguments = ["extend", "ada", "--lab", COURSE.labs[0].name, "--folder", str(tmp_path), *chosen]
    result = CliRunner().invoke(cli.app, arguments)
    assert message in str(result.exception), result.output
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([LAB.name], "There is no gradebook"),
        ([], "There is no gradebook"),
        ([LAB.name, "--earlier", "old.db"], "--earlier compares terms. Leave out the lab"),
    ],
)
def test_a_report_that_cannot_be_made(tmp_path, arguments, message):
    result = CliRunner().invoke(cli.app, ["report", *arguments, "--folder", str(tmp_path)])
    assert message in str(result.exception), result.output
    assert not list(tmp_path.iterdir())


def test_outside_a_course(tmp_path):
    done = run("build", cwd=tmp_path)
    assert done.returncode == 2 and "No course.toml" in done.stderr


def expected_in_demo():
    """What the six students of the demo earn by tests, from the points of the lab."""
    solution = prepare_lab(COURSE, LAB)
    of_tests = {str(grade_id(cell)): cell.metadata["nbgrader"]["points"] for cell in cells_with_tests(solution)}
    full, answers = sum(of_tests.values()), list(demo.model_answers(solution))
    half = sum(of_tests.get(f"test-{task}", 0) for task in answers[: len(answers) // 2])
    wrong = demo.first_by_task(read_variants(variants_file(COURSE, LAB), solution), right=False)[:2]
    lost = sum(of_tests[f"test-{variant.task}"] for variant in wrong)
    earned = {"ada-perfect": full, "ben-blank": 0, "cleo-half-done": half, "dan-another-way": full}
    earned |= {"eve-two-mistakes": full - lost, "finn-cut-off": 0}
    return {student: f"{points:g} / {full:g}" for student, points in earned.items()}


@pytest.mark.kernel
def test_demo_grades_a_class_from_source_to_feedback(tmp_path):
    done = run("demo", LAB.name, "--folder", str(tmp_path / "class"))
    assert done.returncode == 0, done.stderr
    rows = {line.split()[1]: line for line in done.stdout.splitlines() if line.startswith("│")}
    scores = {name: line.split("│")[2].strip() for name, line in rows.items() if "-" in name}
    assert scores == expected_in_demo()
    remarks = " ".join(line.split("│")[-2].strip() for line in done.stdout.splitlines() if line.startswith("│"))
    assert "is not JSON" in remarks
    for made in ("gradebook.db", f"grades_{LAB.name}.csv", f"feedback/ada-perfect/{LAB.name}"):
        assert (tmp_path / "class" / made).exists()
    page = tmp_path / "class" / "reports" / LAB.name / "report.html"
    assert f"report     {page}" in done.stdout.replace("\n", "") and "ada-perfect" in page.read_text("utf-8")
    again = run("demo", LAB.name, "--folder", str(tmp_path / "class"))
    assert again.returncode == 0, "a demo can be run again"
