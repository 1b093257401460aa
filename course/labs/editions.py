"""Telling whether source, built lab and gradebook are of one edition, before anybody is graded.

What is compared is what grading depends on: the cells that nbgrader knows, and the code that comes before the first
answer. Another wording of the lesson makes no other edition.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbgrader.api import Gradebook, MissingEntry, Notebook

from course.config import Course, Lab
from course.errors import BuildError, EditionError
from course.labs.answer_key import BUILT_FROM, read_key
from course.labs.sources import grade_id, is_answer, tagged
from course.labs.stamp import SETUP
from course.text.commands import course_command

GRADE_ENTRY, SOLUTION_ENTRY, SOURCE_ENTRY = "grade", "solution", "source"  # what a gradebook may hold of a cell
NOT_BUILT = """{source} was edited and not built since:
{differences}
Build it: course build {lab}. Or grade with the lab as it was built before: course grade {lab} --as-built."""
NOT_RELEASED = """{released}, which students get, is not what {source} makes:
{differences}
{advice}"""
OTHER_EDITION = """The gradebook holds {count} of another edition of {lab}:
{differences}
To move it to the present edition: {command}. Marks given by hand stay where a task stays; what \
belongs to a task that is gone is deleted, and a copy of the gradebook is kept beside it.
Or bring back the edition that was graded, from git, and build it: course build {lab}."""


@dataclass(frozen=True)
class GradedCell:
    """A cell by which a lab is graded; `kinds` are what a gradebook holds of it."""

    kinds: frozenset[str]
    cell_type: str
    points: float
    source: str


def cells_by_grade_id(notebook: NotebookNode) -> dict[str, GradedCell]:
    """The cells that nbgrader knows by grade id."""
    return {name: _graded_cell(cell) for cell in notebook.cells if (name := grade_id(cell))}


def _graded_cell(cell: NotebookNode) -> GradedCell:
    metadata = cell.metadata["nbgrader"]
    kinds = (
        {SOURCE_ENTRY}
        | ({GRADE_ENTRY} if metadata.get("grade") else set())
        | ({SOLUTION_ENTRY} if metadata.get("solution") else set())
    )
    points = float(metadata.get("points", 0)) if metadata.get("grade") else 0.0
    return GradedCell(frozenset(kinds), cell.cell_type, points, cell.source)


def as_built(course: Course, lab: Lab) -> NotebookNode:
    """The lab as it was built last, without outputs, in place of a source that was edited since.

    Raises
    ------
    EditionError
        There is no answer key.
    """
    path = course.solution(lab)
    try:
        key = read_key(path)
    except BuildError as error:
        raise EditionError(f"{path} {error}. Build the lab: course build {lab.name}") from error
    key.metadata.pop(BUILT_FROM, None)
    for cell in key.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return key


def check_built(course: Course, lab: Lab, source: NotebookNode, student: str, built: bool) -> None:
    """Check that a lab is graded as students have it.

    Parameters
    ----------
    source
        What it is to be graded by: the source, or the answer key if `built`.
    student
        The student copy that it makes.

    Raises
    ------
    EditionError
        It was not built; the message names every cell that differs, and what to do.
    """
    placeholders = {"lab": lab.name, "source": course.source(lab), "released": course.released(lab)}
    if changes := differences(as_built(course, lab), source):
        raise EditionError(NOT_BUILT.format(differences=_bullets(changes), **placeholders))
    released = course.released(lab)
    if not released.is_file():
        raise EditionError(f"{released} is missing, which students get. Build the lab: course build {lab.name}")
    handed_out = nbformat.read(released, as_version=4)
    if changes := differences(handed_out, nbformat.reads(student, as_version=4)):
        advice = "Bring back both as they were built, from git." if built else f"Build it: course build {lab.name}"
        raise EditionError(NOT_RELEASED.format(differences=_bullets(changes), advice=advice, **placeholders))


def differences(old: NotebookNode, new: NotebookNode) -> list[str]:
    """What makes two editions of a lab: cells, points and texts by which it is graded."""
    before, after = cells_by_grade_id(old), cells_by_grade_id(new)
    changes = list(
        _cell_differences(
            {name: cell.kinds for name, cell in before.items()}, {name: cell.kinds for name, cell in after.items()}
        )
    )
    changes += _point_differences({name: cell.points for name, cell in before.items()}, after)
    common = [name for name in after if name in before]
    if reworded := [name for name in common if before[name].source.strip() != after[name].source.strip()]:
        changes.append(f"another text: {', '.join(reworded)}")
    if list(_setup(old)) != list(_setup(new)):
        changes.append("other code before the first answer, or other parameters")
    return changes


def _setup(notebook: NotebookNode) -> Iterator[str]:
    """The code before the first answer, but for the cell that installs the package from some address."""
    for cell in notebook.cells:
        if is_answer(cell):
            return
        if cell.cell_type == "code" and cell not in tagged(notebook, SETUP):
            yield cell.source.strip()


def cells_by_kind(notebook: Notebook) -> dict[str, list[Any]]:
    """The three lists of cells that a gradebook has of a lab."""
    return {
        GRADE_ENTRY: notebook.grade_cells,
        SOLUTION_ENTRY: notebook.solution_cells,
        SOURCE_ENTRY: notebook.source_cells,
    }


def held_kinds(notebook: Notebook) -> dict[str, frozenset[str]]:
    """What a gradebook holds of each cell of a lab."""
    held: dict[str, frozenset[str]] = {}
    for kind, cells in cells_by_kind(notebook).items():
        for cell in cells:
            held[cell.name] = held.get(cell.name, frozenset()) | {kind}
    return held


def check_gradebook(gradebook: Gradebook, lab: Lab, current: Mapping[str, GradedCell], folder: Path) -> list[str]:
    """Check that the gradebook is of the present edition; return remarks on cells whose points have changed.

    `folder` is that of the gradebook. A gradebook without submissions of the lab fits every edition, as nbgrader writes
    the lab anew.

    Raises
    ------
    EditionError
        It holds other cells; the message names them, and says how to go on.
    """
    notebook = find_notebook(gradebook, lab)
    if not notebook or not notebook.submissions:
        return []
    if changes := list(_cell_differences(held_kinds(notebook), {name: cell.kinds for name, cell in current.items()})):
        number = len(notebook.submissions)
        count = f"{number} submission{'s' if number != 1 else ''}"
        command = course_command("grade", lab.name, folder, "--new-edition")
        raise EditionError(
            OTHER_EDITION.format(lab=lab.name, count=count, differences=_bullets(changes), command=command)
        )
    old_points = {cell.name: float(cell.max_score) for cell in notebook.grade_cells if cell.cell_type == "markdown"}
    point_changes = _point_differences(old_points, current)
    return [f"{lab.name}: {text}; marks given by hand stay as they are, so look through them" for text in point_changes]


def find_notebook(gradebook: Gradebook, lab: Lab) -> Notebook | None:
    """A lab as the gradebook has it, or None."""
    try:
        return gradebook.find_notebook(lab.name, lab.name)
    except MissingEntry:
        return None


def _cell_differences(before: Mapping[str, frozenset[str]], after: Mapping[str, frozenset[str]]) -> Iterator[str]:
    if gone := sorted(name for name in before if name not in after):
        yield f"gone: {', '.join(gone)}"
    if new := [name for name in after if name not in before]:
        yield f"new: {', '.join(new)}"
    if other := [name for name in after if name in before and before[name] != after[name]]:
        yield f"graded in another way: {', '.join(other)}"


def _point_differences(before: Mapping[str, float], after: Mapping[str, GradedCell]) -> list[str]:
    changed = [(name, points) for name, points in before.items() if name in after and after[name].points != points]
    return [f"{name} gives {after[name].points:g} points, before {points:g}" for name, points in changed]


def _bullets(lines: Iterable[str]) -> str:
    return "\n".join(f"  - {line}" for line in lines)
