"""Marking scheme and model answer beside each written answer, on Formgrader's pages and nowhere else."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbconvert.exporters.exporter import ResourcesDict
from nbformat import NotebookNode

from course.labs.sources import grade_id, is_written, marking_schemes, without_markers


@dataclass(frozen=True)
class Scheme:
    """What a marker needs to know about one written question, in Markdown."""

    text: str
    answer: str


class AddSchemes:
    """A step of the exporter: the schemes of a lab among the resources, where its template finds them by grade id.

    They are not put into the notebook: what stands there may come from the submission.
    """

    def __init__(self, solution: Callable[[str, str], Path]) -> None:
        """Take the schemes from the path that `solution` gives for an assignment and a notebook."""
        self.solution = solution

    def __call__(self, nb: NotebookNode, resources: ResourcesDict) -> tuple[NotebookNode, ResourcesDict]:
        """Add the schemes; none if the lab's solution is not there."""
        path = self.solution(resources["assignment_id"], resources["notebook_id"])
        resources["schemes"] = read_schemes(path) if path.is_file() else {}
        return nb, resources


def read_schemes(solution: Path) -> dict[str, Scheme]:
    """The scheme of each written question of an answer key, by grade id."""
    notebook = nbformat.read(solution, as_version=4)
    answers = {str(grade_id(cell)): without_markers(cell.source) for cell in notebook.cells if is_written(cell)}
    return {name: Scheme(text, answers[name]) for name, text in marking_schemes(notebook).items()}
