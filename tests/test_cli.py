"""The command line: what it prints, and errors without tracebacks."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from course.config import load_course

COURSE = load_course(Path(__file__).parent)
COMMAND = shutil.which("course", path=str(Path(sys.executable).parent))


def run(*arguments, cwd=COURSE.root):
    environment = os.environ | {"COLUMNS": "100", "NO_COLOR": "1"}
    return subprocess.run([COMMAND, *arguments], cwd=cwd, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("verb", ["build", "variants", "seeds", "bench", "reproduce", "grade"])
def test_an_unknown_lab_is_an_error_that_lists_the_known_ones(verb):
    done = run(verb, "04_nowhere")
    assert done.returncode == 2
    assert "There is no lab '04_nowhere' in course.toml. The labs are: 01_data_inspection," in done.stderr
    assert "Traceback" not in done.stderr


def test_grading_an_empty_folder(tmp_path):
    done = run("grade", "01_data_inspection", "--folder", str(tmp_path))
    assert done.returncode == 2
    assert "There is no submission of 01_data_inspection" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_demo_does_not_overwrite_a_folder_it_did_not_make(tmp_path):
    (tmp_path / "thesis.txt").write_text("all my work")
    done = run("demo", "01_data_inspection", "--folder", str(tmp_path))
    assert done.returncode == 2
    assert "holds files that no demo made" in done.stderr
    assert (tmp_path / "thesis.txt").read_text() == "all my work"


def test_outside_a_course(tmp_path):
    done = run("build", cwd=tmp_path)
    assert done.returncode == 2 and "No course.toml" in done.stderr


def test_demo_grades_a_class_from_source_to_feedback(tmp_path):
    done = run("demo", "01_data_inspection", "--folder", str(tmp_path / "class"))
    assert done.returncode == 0, done.stderr
    rows = {line.split()[1]: line for line in done.stdout.splitlines() if line.startswith("│")}
    scores = {name: line.split("│")[2].strip() for name, line in rows.items() if "-" in name}
    assert scores == {
        "ada-perfect": "18 / 18",
        "ben-blank": "0 / 18",
        "cleo-half-done": "10 / 18",
        "dan-another-way": "18 / 18",
        "eve-two-mistakes": "14 / 18",
        "finn-cut-off": "0 / 18",
    }
    assert "is not JSON" in done.stdout
    for made in ("gradebook.db", "grades_01_data_inspection.csv", "feedback/ada-perfect/01_data_inspection"):
        assert (tmp_path / "class" / made).exists()
    again = run("demo", "01_data_inspection", "--folder", str(tmp_path / "class"))
    assert again.returncode == 0, "a demo can be run again"
