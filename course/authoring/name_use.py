"""Which cells of a lab build on which, by the names that they use: only those need be run to try an answer."""

import ast
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cache

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from course.labs.budget import syntax_tree
from course.labs.sources import grade_id, is_answer, is_test, is_written


def cut_to(notebook: NotebookNode, tasks: Collection[str], dependents: bool = False) -> NotebookNode:
    """The set-up, the answers to these tasks with their tests, and of the answers above those that these build on.

    With `dependents`, also the tests of other tasks that use what these answers define, themselves or through answers.
    """
    first = next(index for index, cell in enumerate(notebook.cells) if is_answer(cell))
    graded = [cell for cell in notebook.cells[first:] if grade_id(cell) and not is_written(cell)]
    tests = [cell for cell in graded if is_test(cell) and _task(cell) in tasks]
    if dependents:
        tests += [cell for cell in graded if is_test(cell) and cell not in tests and _builds_on(cell, graded, tasks)]
    kept = {grade_id(one) for test in tests for one in (test, *_answers_of(test, graded))}
    cells = [cell for cell in graded if grade_id(cell) in kept or not (is_test(cell) or is_answer(cell))]
    return NotebookNode(notebook | {"cells": [*notebook.cells[:first], *cells]})


def _builds_on(test: NotebookNode, graded: list[NotebookNode], tasks: Collection[str]) -> bool:
    return any(_task(answer) in tasks for answer in _answers_of(test, graded))


def _answers_of(test: NotebookNode, graded: list[NotebookNode]) -> list[NotebookNode]:
    """The answer that a test is for, and all above that it or they use."""
    above = graded[: graded.index(test)]
    found = [cell for cell in above if is_answer(cell) and _task(cell) == _task(test)]
    needed = frozenset[str]().union(*map(used_names, [test, *found]))
    for cell in reversed(above):
        if is_answer(cell) and cell not in found and needed & set(assigned_names(cell)):
            found.append(cell)
            needed |= used_names(cell)
    return found


def _task(cell: NotebookNode) -> str:
    return str(grade_id(cell)).removeprefix("test-")


def assigned_names(cell: NotebookNode) -> tuple[str, ...]:
    """The names that a cell gives a value at its top level; none if it is no Python."""
    return _names(cell).assigned


def used_names(cell: NotebookNode) -> frozenset[str]:
    """Every word of a cell that may stand for a name of the notebook: names, attributes and texts."""
    return _names(cell).used


@dataclass(frozen=True)
class _Names:
    assigned: tuple[str, ...] = ()
    used: frozenset[str] = frozenset()


def _names(cell: NotebookNode) -> _Names:
    return _names_in(cell.source) if cell.cell_type == "code" else _Names()


@cache  # the same cells are looked at in each of the runs of a lab
def _names_in(source: str) -> _Names:
    statements = syntax_tree(new_code_cell(source)).body
    return _Names(tuple(_assigned(statements)), frozenset(_used(statements)))


def _assigned(statements: list[ast.stmt]) -> Iterator[str]:
    for statement in statements:
        if isinstance(statement, ast.FunctionDef | ast.ClassDef):
            yield statement.name
        elif isinstance(statement, ast.Import | ast.ImportFrom):
            yield from (alias.asname or alias.name.partition(".")[0] for alias in statement.names)
        else:
            nodes = ast.walk(statement)
            yield from (node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store))


def _used(statements: list[ast.stmt]) -> Iterator[str]:
    for node in (node for statement in statements for node in ast.walk(statement)):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
