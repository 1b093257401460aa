"""What cases are made of, and what they declare."""

import copy
from collections.abc import Callable
from dataclasses import dataclass

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from course.labs.sources import grade_id, is_answer, is_test, is_written


@dataclass(frozen=True)
class Material:
    """A lab's blank student copy and the same with the model answers; right answers of another kind by task."""

    lab: str
    blank: NotebookNode
    solved: NotebookNode
    others: dict[str, str]

    def tests(self) -> list[str]:
        return [grade_id(cell) for cell in self.blank.cells if is_test(cell)]

    def answers(self) -> list[str]:
        return [grade_id(c) for c in self.blank.cells if is_answer(c) and not is_written(c)]


@dataclass(frozen=True)
class Case:
    """One submission: its files, and what must come of it.

    `earns` is "all", "none", or the names of the tests that it must pass, no others. `unreadable` is a part of the
    reason given to a submission that is refused. `review` tells whether an instructor must be told. `needs` says what a
    runner must lack for a cheat to work.
    """

    name: str
    family: str
    make: Callable[[Material], dict[str, bytes]]
    earns: str | Callable[[Material], list[str]] = "all"
    unreadable: str = ""
    review: bool | None = None
    needs: str = ""


CASES: list[Case] = []


def case(family: str, name: str = "", **declared):
    """Add a function that returns a notebook, its bytes, or files by name, as a case."""

    def add(function):
        title = name or function.__name__.replace("_", "-")

        def make(material: Material) -> dict[str, bytes]:
            made = function(material)
            if isinstance(made, NotebookNode):
                made = nbformat.writes(made)
            if isinstance(made, str):
                made = made.encode()
            return made if isinstance(made, dict) else {f"{material.lab}.ipynb": made}

        CASES.append(Case(f"{family}-{title}", family, make, **declared))
        return function

    return add


def cell(notebook: NotebookNode, name: str) -> NotebookNode:
    return next(one for one in notebook.cells if grade_id(one) == name)


def with_code(notebook: NotebookNode, code: str, before: str) -> NotebookNode:
    """A copy with a code cell of the student's own before the cell with that grade id."""
    made = copy.deepcopy(notebook)
    place = next(i for i, one in enumerate(made.cells) if grade_id(one) == before)
    made.cells.insert(place, new_code_cell(code))
    return made


def in_answer(notebook: NotebookNode, name: str, code: str) -> NotebookNode:
    """A copy with code put in front of an answer, in its cell."""
    made = copy.deepcopy(notebook)
    cell(made, name).source = code + "\n" + cell(made, name).source
    return made


def in_place(notebook: NotebookNode, name: str, code: str) -> NotebookNode:
    """A copy with this code as an answer."""
    made = copy.deepcopy(notebook)
    cell(made, name).source = code
    return made
