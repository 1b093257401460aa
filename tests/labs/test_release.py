"""Nothing that students must not see is in labs/: neither in cells, outputs, metadata nor stray files."""

import json

import nbformat
from secret_lines import HIDDEN_KIND, SOLUTION_KIND, secret_lines

from course.labs.sources import cells_with_tests, is_answer, read_source

MARKERS = ("BEGIN SOLUTION", "END SOLUTION", "BEGIN HIDDEN", "END HIDDEN")


def strings(value):
    """All strings anywhere in a JSON value, keys included."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from (key, *strings(inner))
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner)
    elif isinstance(value, str):
        yield value


def test_no_secret_line_anywhere_in_the_student_copy(course, lab):
    secrets = secret_lines(read_source(course.source(lab)), SOLUTION_KIND, HIDDEN_KIND)
    everything = json.loads(course.released(lab).read_text("utf-8"))
    lines = {line.strip() for text in strings(everything) for line in text.splitlines()}
    assert not lines & secrets
    assert not [line for line in lines if any(marker in line for marker in MARKERS)]


def test_student_copies_have_no_outputs(course, lab):
    notebook = nbformat.read(course.released(lab), as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert not [cell for cell in code if cell.outputs or cell.execution_count]


def test_only_notebooks_and_the_index_are_handed_out(course):
    folder = course.root / course.release_directory
    found = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    found = {name for name in found if ".ipynb_checkpoints" not in name}
    assert found == {"README.md", *(f"{lab.name}/{lab.name}.ipynb" for lab in course.labs)}


def test_answers_are_stubs_and_tests_are_locked(course, lab):
    notebook = nbformat.read(course.released(lab), as_version=4)
    for cell in notebook.cells:
        if is_answer(cell):
            assert ("Not done yet" if cell.cell_type == "code" else "YOUR ANSWER HERE") in cell.source
    for cell in cells_with_tests(notebook):
        assert "assert" in cell.source
        assert cell.metadata["editable"] is False and cell.metadata["deletable"] is False


def test_notebooks_are_valid_and_carry_no_pairing(course, lab):
    notebook = nbformat.read(course.released(lab), as_version=4)
    nbformat.validate(notebook)
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    assert not [cell for cell in notebook.cells if "id" in cell.metadata or "colab" in cell.metadata]
