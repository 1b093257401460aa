"""A page is made of every notebook, whatever pictures its text refers to."""

import re

import pytest
from nbconvert import HTMLExporter
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from course.grading.feedback.attachments import PLACEHOLDER
from course.nbgrader_api import load_config

PNG = "aGVsbG8="
FOUND, LOST = f"data:image/png;base64,{PNG}", f"data:image/svg+xml;base64,{PLACEHOLDER['image/svg+xml']}"


@pytest.fixture
def exporter(course):
    """As Formgrader makes its exporter, from the course's settings."""
    return HTMLExporter(config=load_config(course.root))


def pictures(exporter: HTMLExporter, cell) -> list[str]:
    page, _ = exporter.from_notebook_node(new_notebook(cells=[cell]))
    return re.findall(r'<img[^>]* src="([^"]*)"', page)


@pytest.mark.parametrize(
    ("attached", "referred"), [("mine.png", "mine.png"), ("my plot.png", "my%20plot.png"), ("Größe.png", "Größe.png")]
)
def test_a_picture_is_found_by_its_name(exporter, attached, referred):
    cell = new_markdown_cell(f"![mine](attachment:{referred})", attachments={attached: {"image/png": PNG}})
    assert pictures(exporter, cell) == [FOUND]


@pytest.mark.parametrize("attachments", [{}, {"mine.png": {}}, {"other.png": {"image/png": PNG}}])
def test_a_lost_picture_is_said_to_be_lost(exporter, attachments):
    cell = new_markdown_cell("![mine](attachment:mine.png)", attachments=attachments)
    assert pictures(exporter, cell) == [LOST]


def test_markdown_that_a_cell_shows(exporter):
    shown = new_output("display_data", data={"text/markdown": "![mine](attachment:mine.png)"})
    assert pictures(exporter, new_code_cell("1", outputs=[shown])) == [LOST]
