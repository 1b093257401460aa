"""A solved lab in each of the forms in which Colab saves it is mended to the lab with the same answers."""

import copy

import damage
import pytest
from nbformat import NotebookNode
from solved_labs import answers_in, kinds, mended

from course.labs.sources import is_answer, tagged

PICTURE = "\n\n![A curve](data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk)\n"
WIDGETS = {"application/vnd.jupyter.widget-state+json": {"a1": {"model_name": "FloatProgressModel", "state": {}}}}
TABLE = {
    "application/vnd.google.colaboratory.intrinsic+json": {"type": "dataframe"},
    "text/html": ["<div><script>const buttonEl = 1</script></div>"],
    "text/plain": ["   a\n", "0  1"],
}


def format_4_0(notebook):
    """As most of Colab's files are: cell ids stand in the metadata."""
    damage.like_colab(notebook, None)


def format_4_5(notebook):
    """Cells have Colab's ids in both places."""
    for number, cell in enumerate(notebook.cells):
        cell.id = cell.metadata["id"] = f"aB{number}-cD_"
    notebook.metadata = NotebookNode(colab={"provenance": [], "toc_visible": True}, kernelspec={"name": "python3"})


def without_nbgrader(notebook):
    """What nbgrader has written into the cells is gone, as after a copy of cells into a new notebook."""
    format_4_5(notebook)
    for cell in notebook.cells:
        cell.metadata = NotebookNode(id=cell.id)


def forms(notebook):
    """Cells whose code is hidden behind a form."""
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.metadata["cellView"] = "form"
            if is_answer(cell):
                cell.source = f"# @title My answer\n{cell.source}"
    parameters = tagged(notebook, "parameters")[0]
    parameters.source = parameters.source.replace("  # full run", " # @param {type:'integer'} full run")


def pictures(notebook):
    """A picture that was pasted into the text."""
    damage.written_answer(notebook).source += PICTURE


def outputs(notebook):
    """Tables and widgets among the outputs, with their state in the notebook."""
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    view = {"application/vnd.jupyter.widget-view+json": {"model_id": "a1"}}
    code[0].outputs = [{"output_type": "display_data", "data": view, "metadata": {}}]
    code[1].outputs = [{"output_type": "execute_result", "data": TABLE, "metadata": {}, "execution_count": 7}]
    code[1].execution_count = 7
    notebook.metadata["widgets"] = WIDGETS


def all_together(notebook):
    """A notebook that was worked on in Colab for long."""
    for change in (forms, pictures, outputs, format_4_0):
        change(notebook)


SHAPES = (format_4_0, format_4_5, without_nbgrader, forms, pictures, outputs, all_together)


@pytest.mark.parametrize("change", SHAPES, ids=lambda change: change.__name__)
def test_what_colab_saves_is_graded_like_the_original(solved, released, change):
    submitted = copy.deepcopy(solved)
    change(submitted)
    expected = {name: source.rstrip() for name, source in answers_in(solved).items()}
    notebook, notes = mended(submitted, released)
    found = {
        name: source.removeprefix("# @title My answer\n").replace(PICTURE, "").rstrip()
        for name, source in answers_in(notebook).items()
    }
    assert found == expected
    assert kinds(notes) == ({"marks-lost"} if change is without_nbgrader else set()), notes
