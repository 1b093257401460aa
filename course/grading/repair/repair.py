"""Rebuilding a submission on the released lab, so that it can be graded whatever happened to the file.

The lab's own cells come from the lab, in its order and with its metadata; the answers come from the student, letter for
letter; what else the student wrote stays where it was, but for empty cells. `Mended.notes` says what had to be done.
"""

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import nbformat
from nbformat import NotebookNode

from course.errors import CourseError
from course.grading.repair.explain import repair_notes
from course.grading.repair.match_rules import match_cells
from course.grading.repair.matching import Matching, is_locked
from course.grading.repair.plan import TOP, Plan, find_elsewhere, is_needed, is_setup, make_plan
from course.grading.repair.read_cell import unique_id
from course.grading.repair.similarity import Text
from course.inbox.notes import Note
from course.labs.markers import SOLUTION_MARKERS
from course.labs.sources import grade_id, is_answer


@dataclass(frozen=True)
class Mended:
    """A notebook that nbgrader can grade, and what was done to make it one."""

    notebook: NotebookNode
    notes: tuple[Note, ...]


def repair(submitted: NotebookNode, released: NotebookNode) -> Mended:
    """Rebuild what was handed in on the lab as it was released; neither of the two is changed.

    `released` may have hidden tests: a test cell is compared with what students saw of it.

    Raises
    ------
    CourseError
        `released` holds model answers, which would be filled in where an answer is missing.
    """
    if any(SOLUTION_MARKERS[0] in cell.source for cell in released.cells):
        raise CourseError("A submission cannot be mended with a lab that holds its solutions. Use the student copy.")
    matching = match_cells(submitted.cells, released.cells)
    plan = make_plan(matching)
    taken: set[str] = set()
    ids = [unique_id(cell.get("id"), taken, f"lab-{number}") for number, cell in enumerate(released.cells, start=1)]

    def own_cells(numbers: list[int]) -> list[NotebookNode]:
        cells = {number: submitted.cells[number] for number in numbers if submitted.cells[number].source.strip()}
        return [own_cell(cell, unique_id(cell.get("id"), taken, f"own-{n + 1}")) for n, cell in cells.items()]

    cells = own_cells(plan.after[TOP])
    for lab, name in enumerate(ids):
        cells += own_cells(plan.before[lab])
        if cell := lab_cell(matching, plan, lab):
            cell.id = name
            cells.append(cell)
        cells += own_cells(plan.after[lab])
    frame = {"nbformat": 4, "nbformat_minor": 5, "metadata": copy.deepcopy(released.metadata), "cells": cells}
    return Mended(nbformat.from_dict(frame), tuple(repair_notes(matching, plan)))


def own_cell(cell: NotebookNode, name: str) -> NotebookNode:
    """A student's cell as an ordinary one, without metadata for nbgrader and papermill."""
    return replace_text(NotebookNode(id=name, metadata=NotebookNode()), cell.cell_type, cell)


def lab_cell(matching: Matching, plan: Plan, lab: int) -> NotebookNode | None:
    """A cell of the lab, filled in by the student; None if it was deleted and nothing depends on it."""
    original = copy.deepcopy(matching.released[lab])
    source_cell = matching.submitted[plan.chosen[lab]] if lab in plan.chosen else None
    if is_locked(original) or is_needed(matching, plan, lab):
        source_cell = original
    elif source_cell is None and is_answer(original):
        source_cell = original
        if other := find_elsewhere(matching, plan, lab):
            source_cell.source = pointer_to(matching, lab, *other)
    if source_cell is None:
        return None
    fixed_type = is_answer(original) or is_locked(original) or is_setup(matching, lab)
    return replace_text(original, original.cell_type if fixed_type else source_cell.cell_type, source_cell)


def pointer_to(matching: Matching, lab: int, number: int, other_lab: int) -> str:
    """The source in place of an answer that another cell already holds: the lab's empty one would undo it."""
    if other_lab > lab:
        source: str = matching.submitted[number].source
        return source
    name = grade_id(matching.released[other_lab]) if other_lab != TOP else None
    return f"# This answer stands further up{f', in the cell {name!r}' if name else ''}."


def replace_text(cell: NotebookNode, cell_type: str, source_cell: NotebookNode) -> NotebookNode:
    """The cell with that type and with the text and pictures of another one; without outputs."""
    pictures = source_cell.get("attachments") or cell.get("attachments")
    for key in ("attachments", "outputs", "execution_count"):
        cell.pop(key, None)
    cell.cell_type, cell.source = cell_type, source_cell.source
    if cell_type == "code":
        cell.outputs, cell.execution_count = [], None
    elif pictures:
        cell.attachments = copy.deepcopy(pictures)
    return cell


def guess_lab(submitted: NotebookNode, name: str, labs: Mapping[str, NotebookNode]) -> str | None:
    """The lab that a file belongs to: by nbgrader's ids, else by its name, else by texts they share, else None."""
    ids = {lab: count_shared(submitted, released, grade_id) for lab, released in labs.items()}
    by_text = partial(count_shared, submitted, key=lambda cell: Text(cell.source).plain)
    texts = {lab: by_text(released) for lab, released in labs.items()}
    names = {lab: int(lab.casefold() in name.casefold()) for lab in labs}
    for scores in (ids, names, texts):
        best = max(scores, key=lambda lab: scores[lab], default=None)
        if best is not None and scores[best]:
            return best
    return None


def count_shared(first: NotebookNode, second: NotebookNode, key: Callable[[NotebookNode], str | None]) -> int:
    """How many ids, or texts, the cells of two notebooks have in common."""
    return len({key(cell) for cell in first.cells} & {key(cell) for cell in second.cells} - {None, ""})
