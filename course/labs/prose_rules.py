"""Rules for what a lab tells students: the points of a task, and links that open wherever the notebook is."""

import re
from collections.abc import Iterator

from nbformat import NotebookNode

from course.labs.sources import points_by_cell
from course.text.markdown import headings, targets

_POINTS = re.compile(r"\((\d+(?:\.\d+)?) points?\b[^()]*\)\s*$")  # "(2 points, written)" as well
ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*:|#", re.IGNORECASE)  # with a scheme, attachments included, or in this page


def text_problems(notebook: NotebookNode) -> list[str]:
    """Points and links that would mislead students."""
    return [*wrong_points(notebook), *dead_links(notebook)]


def wrong_points(notebook: NotebookNode) -> Iterator[str]:
    """Headings whose points are not those of the graded cells below, up to the next heading with points."""
    graded = points_by_cell(notebook)
    sections: list[tuple[str, float, float]] = []
    for cell in notebook.cells:
        metadata = cell.metadata.get("nbgrader", {})
        if sections and metadata.get("grade"):
            title, stated, total = sections[-1]
            sections[-1] = title, stated, total + graded[metadata["grade_id"]]
        if cell.cell_type == "markdown":
            stated_points = [(text, match) for _, text in headings(cell.source) if (match := _POINTS.search(text))]
            sections += [(text, float(match[1]), 0.0) for text, match in stated_points]
    for title, stated, total in sections:
        if stated != total:
            yield f"the heading {title!r} says {stated:g} points, but its graded cells give {total:g}. Change either."


def dead_links(notebook: NotebookNode) -> Iterator[str]:
    """Links and images that lead to a file beside the notebook, which is not there in Colab or in a download."""
    for cell in notebook.cells:
        for target in targets(cell.source) if cell.cell_type == "markdown" else ():
            if not ADDRESS.match(target):
                yield (
                    f"{target!r} in «{cell.source[:40]}» is dead where a student has this notebook alone, as in Colab. "
                    "Name another lab by its number, such as lab 4; link to a page by its whole address; paste a "
                    "picture into the cell, as JupyterLab does."
                )
