"""What is needed to run the submissions of a lab, in plain values that can be sent to another machine."""

import ast
import copy
import hashlib
from dataclasses import dataclass
from typing import Any

import nbformat
from nbformat import NotebookNode

from course.authoring.build import prepare
from course.authoring.release import student_text
from course.authoring.sources import grade_id, imports, is_test, tagged
from course.config import Course, Lab
from course.grading.limits import Limits


@dataclass(frozen=True)
class Kit:
    """A lab as graders need it.

    `reference` is the student copy with the whole of the test cells. `imports` are the import statements of its
    set-up, `budget` the parameters injected while grading, and `values` all parameters with the values that they have
    then: tests rely on these, not on what a submission made of them.
    """

    lab: str
    reference: NotebookNode
    imports: str
    budget: dict[str, Any]
    values: dict[str, Any]
    limits: Limits

    @property
    def digest(self) -> str:
        """What a result depends on besides the submission."""
        text = nbformat.writes(self.reference) + repr((self.imports, sorted(self.values.items()), self.limits))
        return hashlib.sha256(text.encode()).hexdigest()


def make_kit(course: Course, lab: Lab, full_size: bool = False) -> Kit:
    """The kit of a lab, with its grading budget, or with the parameters as handed out if `full_size`."""
    source = prepare(course, lab)
    reference = nbformat.reads(student_text(course, lab, source), as_version=4)
    tests = {grade_id(cell): cell.source for cell in source.cells if is_test(cell)}
    for cell in reference.cells:
        cell.source = tests.get(grade_id(cell), cell.source)
    budget = {} if full_size else dict(lab.budget)
    return Kit(lab.name, reference, imports(source), budget, parameters(source) | budget, lab.limits)


def parameters(notebook: NotebookNode) -> dict[str, Any]:
    """Names and values of the cell tagged "parameters"."""
    found = {}
    for cell in tagged(notebook, "parameters"):
        for statement in ast.parse(cell.source).body:
            if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
                found[statement.targets[0].id] = ast.literal_eval(statement.value)
    return copy.deepcopy(found)
