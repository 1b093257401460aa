"""What is needed to run the submissions of a lab, in plain values that can be sent to another machine."""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import nbformat
from nbformat import NotebookNode

from course.limits import Limits


@dataclass(frozen=True)
class Spec:
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

    @cached_property
    def digest(self) -> str:
        """What a result depends on besides the submission."""
        text = nbformat.writes(self.reference) + repr((self.imports, sorted(self.values.items()), self.limits))
        return hashlib.sha256(text.encode()).hexdigest()
