"""What a lab and its tasks are called, and which answer a test is about, read from a notebook's cells."""

import re
from collections.abc import Sequence

from nbformat import NotebookNode

from course.grading.feedback.task_state import one_line
from course.labs.sources import grade_id, is_answer
from course.text.markdown import headings

_POINTS = re.compile(r"\s*\([\d.]+ points?[^()]*\)\s*$")


def find_answer(cells: Sequence[NotebookNode], test: str) -> int | None:
    """The place of the answer that a test is about."""
    name = test.removeprefix("test-")
    places = (place for place, cell in enumerate(cells) if is_answer(cell) and grade_id(cell) == name)
    return next(places, None)


def find_title(cells: Sequence[NotebookNode], place: int, name: str) -> tuple[int | None, str]:
    """The nearest heading before a cell and its place; without one, the grade id in words."""
    for earlier in range(place - 1, -1, -1):
        if cells[earlier].cell_type == "markdown" and not is_answer(cells[earlier]):
            titles = [text for _, text in headings(cells[earlier].source)]
            if titles:
                return earlier, plain_title(titles[-1])
    return None, plain_title(name.removeprefix("test-").replace("-", " ").capitalize())


def lab_title(cells: Sequence[NotebookNode]) -> str:
    """The first heading of level 1, or none."""
    texts = (cell.source for cell in cells if cell.cell_type == "markdown" and not is_answer(cell))
    return next((plain_title(text) for source in texts for depth, text in headings(source) if depth == 1), "")


def plain_title(heading: str) -> str:
    """A heading without its points, and without the marks of code and of bold text."""
    return one_line(re.sub(r"`|\*\*", "", _POINTS.sub("", heading)))
