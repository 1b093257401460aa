"""The parameters of a lab: the names and values of the cell tagged "parameters", and giving them other values."""

import ast
import copy
from collections.abc import Mapping
from typing import Any

from nbformat import NotebookNode
from papermill.parameterize import parameterize_notebook

from course.labs.sources import plain_python, tagged

INJECTED = "injected-parameters"  # Papermill's tag


def parameters(notebook: NotebookNode) -> dict[str, Any]:
    """Names and values of the cell tagged "parameters"."""
    values = {}
    for cell in tagged(notebook, "parameters"):
        for statement in ast.parse(plain_python(cell.source)).body:
            if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
                values[statement.targets[0].id] = ast.literal_eval(statement.value)
    return copy.deepcopy(values)


def with_parameters(notebook: NotebookNode, parameters: Mapping[str, Any]) -> NotebookNode:
    """Papermill's injection: a cell with these values after the one tagged "parameters", always of the same id."""
    notebook.metadata.setdefault("papermill", NotebookNode())  # Papermill expects what its own reader would add
    for cell in notebook.cells:
        cell.metadata.setdefault("tags", [])
    injected: NotebookNode = parameterize_notebook(notebook, dict(parameters))
    for cell in tagged(injected, INJECTED):
        cell.id = INJECTED
    return injected
