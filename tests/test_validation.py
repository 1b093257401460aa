"""JupyterLab's Validate: the task and the message, not sixty lines of a test."""

import re
import shutil

import nbformat
import pytest
from nbgrader.server_extensions.validate_assignment.handlers import ValidateAssignmentHandler
from nbgrader.validator import Validator
from this_course import COURSE

from course.grading import demo
from course.labs.prepare import prepare_lab

LAB = COURSE.labs[0]
HEADING = re.compile(r"^### (Task .*\([\d.]+ points?\))$", re.MULTILINE)
pytestmark = pytest.mark.kernel


@pytest.fixture(params=["students", "instructors"])
def validate(request, tmp_path, monkeypatch):
    """The result of Validate for a notebook, by the settings of the students' edition or of this repository."""
    folder = tmp_path / "edition"
    shutil.copytree(COURSE.root / "students", folder)
    monkeypatch.chdir(folder if request.param == "students" else COURSE.root)
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path))

    def result(notebook):
        path = tmp_path / f"{LAB.name}.ipynb"
        nbformat.write(notebook, path)
        config = ValidateAssignmentHandler.load_config(None)
        assert "on_cell_error" in config.Execute
        assert "<" not in repr(config.Execute), "Formgrader shows settings, and would take this for a tag"
        return Validator(config=config).validate(str(path))

    return result


def test_what_failed_is_named_by_its_task_and_says_what_is_wrong(validate):
    blank = nbformat.read(COURSE.released(LAB), as_version=4)
    source = prepare_lab(COURSE, LAB)
    model = demo.model_answers(source)
    task, other = list(model)[:2]
    found = validate(demo.fill_in(blank, model | {task: model[task].split("\n")[0] + "\n    return None"}))
    assert list(found) == ["failed"]
    (failed,) = found["failed"]
    titles = [title for cell in source.cells if cell.cell_type == "markdown" for title in HEADING.findall(cell.source)]
    assert failed["source"] == titles[0]
    assert "must return" in failed["raw_error"] and "assert" not in failed["raw_error"]
    assert len(failed["raw_error"].splitlines()) == 1
    found = validate(demo.fill_in(blank, {name: text for name, text in model.items() if name != other}))
    (failed,) = found["failed"]
    assert failed["source"] == titles[1]
    assert failed["raw_error"].startswith("Not done yet") and "\n" not in failed["raw_error"]


def test_a_test_that_a_student_has_changed_is_still_told(validate):
    notebook = demo.fill_in(nbformat.read(COURSE.released(LAB), as_version=4), {})
    cell = next(cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("grade"))
    cell.source = "1 / 0"
    assert [one["source"] for one in validate(notebook)["changed"]] == [HEADING.findall(title_of(notebook, cell))[-1]]


def title_of(notebook, cell):
    before = notebook.cells[: notebook.cells.index(cell)]
    return "\n".join(one.source for one in before if one.cell_type == "markdown")


def test_nothing_is_changed_while_grading(validate, monkeypatch):
    hooks = ValidateAssignmentHandler.load_config(None).Execute
    cell = nbformat.v4.new_code_cell(
        "assert False", metadata={"nbgrader": {"grade": True, "grade_id": "test-count", "points": 2}}
    )
    reply = {"content": {"ename": "AssertionError", "evalue": "No."}}
    text = nbformat.v4.new_markdown_cell("### Task 1 · Counting (2 points)")
    hooks.on_cell_start(cell=text, cell_index=0)
    hooks.on_cell_error(cell=cell, cell_index=1, execute_reply=reply)
    assert cell.source == "assert False"
    monkeypatch.setenv("NBGRADER_VALIDATING", "1")
    hooks.on_cell_error(cell=cell, cell_index=1, execute_reply=reply)
    assert cell.source == "Task 1 · Counting (2 points)"


def test_an_error_in_an_answer_keeps_the_place_where_it_was_raised(validate):
    notebook = demo.fill_in(nbformat.read(COURSE.released(LAB), as_version=4), {})
    test = next(cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("grade"))
    answer = notebook.cells[notebook.cells.index(test) - 1]
    answer.source = answer.source.split("\n")[0] + "\n    return 1 / 0"
    first = validate(notebook)["failed"][0]["raw_error"].splitlines()
    assert first[0].endswith("ZeroDivisionError: division by zero") and first[1] == ""
    assert any("return" in line for line in first)
