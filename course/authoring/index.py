"""labs/README.md, the index that students see."""

import re

from nbformat import NotebookNode

from course.config import Course, Lab
from course.labs.stamp import badges, facts
from course.text.markdown import headings

INTRODUCTION = """\
# {title}: the labs

{description}Take the labs in this order; each names what it builds on. Open a lab by its link here, or in Colab or
Binder by its badge. [For students](../docs/students.md) tells how to set up your own machine and how to hand in.

In a lab, run the cells from the top with Shift+Enter. Where a cell says `YOUR CODE HERE`, replace those lines with
your answer; the test cell below it tells you what is not right yet and where to look. When the lab is graded, each
test cell has further tests, with other data: what counts is the text of the task. Before you hand in, choose
*Kernel → Restart Kernel and Run All Cells…*; in JupyterLab, **Validate** in the toolbar runs all visible tests at once.
"""


def index_text(course: Course, sources: dict[Lab, NotebookNode]) -> str:
    """The Markdown of the index: for each lab its title, facts, badges and objectives."""
    description = f"{course.description}\n\n" if course.description else ""
    parts = [INTRODUCTION.format(title=course.title, description=description)]
    for lab, notebook in sources.items():
        parts.append(f"## [{title(notebook)}]({lab.name}/{lab.name}.ipynb)\n")
        parts.append(f"{facts(course, lab, notebook)}\n\n{badges(course, lab)}\n")
        parts.append(f"{objectives(notebook)}\n")
    return "\n".join(parts)


def title(notebook: NotebookNode) -> str:
    """The lab's heading of level 1."""
    return next(text for cell in notebook.cells for depth, text in headings(cell.source) if depth == 1)


def objectives(notebook: NotebookNode) -> str:
    """The section "What you will learn" of the lab's first cell, without its heading."""
    match = re.search(r"^## What you will learn\n+(.*?)(?=^## |\Z)", notebook.cells[0].source, re.DOTALL | re.MULTILINE)
    return match[1].strip() if match else ""
