"""What is scored without nbgrader's conversions is what nbgrader's own autograding makes of the same run."""

import sqlite3
from contextlib import closing
from pathlib import Path

import nbformat
import pytest
from light import light_course
from nbformat.v4 import new_output
from nbgrader.preprocessors import NbGraderPreprocessor

from course.errors import GradingError
from course.grading import demo
from course.grading.execution.make_spec import make_spec
from course.grading.grade import register_lab
from course.grading.gradebook import cache, scores
from course.grading.gradebook.recorded import graded_copy
from course.labs.prepare import prepare_lab
from course.labs.sources import is_test, is_written
from course.nbgrader_api import load_config, nbgrader_in, without_library_warnings
from course.text.files import write_text

COURSE = light_course()
LAB = COURSE.labs[0]
STUDENT = "ada"
ROWS = """
    select cell.name, {columns} from {table} row join base_cell cell on cell.id = row.cell_id
    join submitted_notebook notebook on notebook.id = row.notebook_id order by cell.name"""


class InsertRun(NbGraderPreprocessor):
    """In place of nbgrader's execution: the outputs of the run."""

    def preprocess(self, nb, resources):
        executed = nbformat.read(Path(cache.EXECUTED, STUDENT, LAB.name, f"{LAB.name}.ipynb"), as_version=4)
        for cell, run in zip(nb.cells, executed.cells, strict=True):
            if cell.cell_type == "code":
                cell.outputs, cell.execution_count = run.outputs, run.execution_count
        return nb, resources


def error():
    return new_output("error", ename="AssertionError", evalue="The sum is wrong.", traceback=[])


def stream(name):
    return new_output("stream", name=name, text="Some text")


def result(text):
    return new_output("execute_result", data={"text/plain": text}, execution_count=1)


# What a test's cell shows after it was run.
RUNS = {
    "nothing": [],
    "printed": [stream("stdout")],
    "warned": [stream("stderr")],
    "failed": [stream("stderr"), error()],
    "partial credit": [stream("stdout"), result("0.5")],
    "no number": [result("'half'")],
}


def run_notebook(outputs, solved):
    """The lab as a run leaves it: solved or as it was handed out, all its tests with these outputs."""
    notebook = make_spec(COURSE, LAB).reference
    if solved:
        notebook = demo.fill_in(notebook, demo.model_answers(prepare_lab(COURSE, LAB)))
    for number, cell in enumerate(cell for cell in notebook.cells if cell.cell_type == "code"):
        cell.outputs, cell.execution_count = list(outputs) if is_test(cell) else [], number
    return notebook


def graded_by(folder, notebook, write):
    """The gradebook's rows and the graded copy."""
    for step in (cache.MENDED, cache.EXECUTED):
        write_text(folder / step / STUDENT / LAB.name / f"{LAB.name}.ipynb", nbformat.writes(notebook))
    config = load_config(COURSE.root)
    config.CourseDirectory.submitted_directory = cache.MENDED
    steps = ["IgnorePattern", "SaveAutoGrades", "CheckCellMetadata"]
    config.Autograde.autograde_preprocessors = [InsertRun, *(f"nbgrader.preprocessors.{step}" for step in steps)]
    api = nbgrader_in(folder, config)
    with without_library_warnings():
        register_lab(api, LAB)
        write(api, folder)
    with closing(sqlite3.connect(folder / "gradebook.db")) as database:
        grades = database.execute(ROWS.format(columns="auto_score, needs_manual_grade, manual_score", table="grade"))
        comments = database.execute(ROWS.format(columns="auto_comment, manual_comment", table="comment"))
        return grades.fetchall(), comments.fetchall(), graded_copy(folder, STUDENT, LAB.name).read_bytes()


def by_nbgrader(api, folder):
    done = api.autograde(LAB.name, STUDENT)
    assert done["success"], done["log"]


def by_course(api, folder):
    executed = cache.step_folder(folder, cache.EXECUTED, STUDENT, LAB.name) / f"{LAB.name}.ipynb"
    graded = scores.graded_notebook(scores.read_executed(executed))
    with api.gradebook as gradebook:
        scores.write_scores(gradebook, LAB, STUDENT, scores.compute_scores(graded))
    scores.write_graded_copy(graded_copy(folder, STUDENT, LAB.name), graded)


@pytest.mark.slow
@pytest.mark.parametrize(("run", "solved"), [*((run, True) for run in RUNS), ("failed", False)])
def test_scores_are_those_of_nbgraders_own_autograding(run, solved, tmp_path):
    notebook = run_notebook(RUNS[run], solved)
    assert any(is_test(cell) and cell.outputs == RUNS[run] for cell in notebook.cells)
    theirs = graded_by(tmp_path / "theirs", notebook, by_nbgrader)
    ours = graded_by(tmp_path / "ours", notebook, by_course)
    assert ours == theirs
    assert len(ours[0]) > 1 and ours[1]


@pytest.mark.slow
def test_a_mark_given_by_hand_is_to_be_looked_at_again(tmp_path):
    def twice(api, folder):
        by_course(api, folder)
        with api.gradebook as gradebook:
            name = next(cell.metadata.nbgrader.grade_id for cell in notebook.cells if is_written(cell))
            grade = gradebook.find_grade(name, LAB.name, LAB.name, STUDENT)
            grade.manual_score, grade.needs_manual_grade = 1, False
            gradebook.db.commit()
        by_course(api, folder)

    notebook = run_notebook([], solved=True)
    grades, _, _ = graded_by(tmp_path, notebook, twice)
    assert [(waits, manual) for _, _, waits, manual in grades if manual is not None] == [(1, 1)]


@pytest.mark.slow
def test_a_run_of_another_edition_is_refused(tmp_path):
    notebook = run_notebook([], solved=True)
    notebook.cells = [cell for cell in notebook.cells if not is_written(cell)]
    with pytest.raises(GradingError, match="has other cells than 01_light has now"):
        graded_by(tmp_path, notebook, by_course)


@pytest.mark.slow
def test_more_points_than_there_are_are_refused(tmp_path):
    with pytest.raises(GradingError, match=r"test-.*partial credit cannot be greater"):
        graded_by(tmp_path, run_notebook([result("500")], solved=True), by_course)


def test_a_run_that_cannot_be_read_is_named(tmp_path):
    path = write_text(tmp_path / "run.ipynb", '{"cells": [')
    with pytest.raises(GradingError, match=r"run\.ipynb cannot be read .*Grade again"):
        scores.read_executed(path)
    with pytest.raises(GradingError, match=r"none\.ipynb cannot be read"):
        scores.read_executed(tmp_path / "none.ipynb")
