"""What became of each task of one submission, from its kept verdicts and its marks; no code of it is run."""

import ast
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from nbformat import NotebookNode, from_dict

from course.errors import GradingError
from course.grading.execution.verdicts import failed_line
from course.grading.feedback.task_state import Grade, State, first_error, is_untouched, judge_task
from course.grading.feedback.titles import find_answer
from course.grading.gradebook import cache
from course.grading.gradebook.entries import Mark
from course.grading.gradebook.recorded import graded_copy
from course.labs.sources import grade_id

LONGEST_CODE = 300  # characters of a statement


@dataclass(frozen=True)
class Attempt:
    """One task of one submission.

    `points` are None while they wait for a person, `state` is None if no verdict is kept. `line` is the line of the
    test that failed, counted from 1, or 0; `code` is the statement there, and `hidden` tells whether it is in the
    hidden part.
    """

    points: float | None
    state: State | None = None
    message: str = ""
    line: int = 0
    code: str = ""
    hidden: bool = False
    answer: str = ""


def read_verdicts(folder: Path, student: str, lab: str) -> list[NotebookNode] | None:
    """The cells that nbgrader knows of a submission that was run, with their errors alone; None if none is kept.

    Raises
    ------
    GradingError
        The notebook is damaged.
    """
    executed = cache.step_folder(folder, cache.EXECUTED, student, lab) / f"{lab}.ipynb"
    path = next((path for path in (executed, graded_copy(folder, student, lab)) if path.is_file()), None)
    if path is None:
        return None
    try:
        cells = json.loads(path.read_bytes())["cells"]
        return [_cell_with_errors(cell) for cell in cells if cell["metadata"].get("nbgrader", {}).get("grade_id")]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        advice = f"Delete its folder and grade again: {path.parent}"
        raise GradingError(f"{path} is no notebook that was graded ({error!r}). {advice}") from error


def attempts(
    cells: Sequence[NotebookNode] | None, marks: Sequence[Mark], released: Mapping[str, NotebookNode]
) -> dict[str, Attempt]:
    """What became of each graded cell, by grade id.

    Parameters
    ----------
    cells
        Those of `read_verdicts`.
    marks
        The points in the gradebook.
    released
        The lab's cells by grade id, as they were handed out.
    """
    points = {mark.name: None if mark.waits else mark.score for mark in marks}
    if cells is None:
        return {name: Attempt(value) for name, value in points.items()}
    places = {grade_id(cell): place for place, cell in enumerate(cells)}
    return {
        mark.name: _attempt(cells, places[mark.name], mark, released)
        if mark.name in places
        else Attempt(points[mark.name])
        for mark in marks
    }


def _attempt(cells: Sequence[NotebookNode], place: int, mark: Mark, released: Mapping[str, NotebookNode]) -> Attempt:
    answer_place = find_answer(cells, mark.name) if mark.is_test else place
    answer = cells[answer_place] if answer_place is not None else None
    handed_out = released.get(grade_id(answer) or "") if answer else None
    untouched = bool(answer and handed_out and is_untouched(answer, Grade(released=handed_out.source)))
    marked = not mark.waits and mark.auto != mark.score  # a mark that changes nothing leaves the test's own verdict
    grade = Grade(mark.score, mark.max_points, mark.waits, marked)
    state, message, failed = judge_task(cells, place, answer_place, grade, untouched)
    error = first_error(cells[place])
    line, hidden = failed_line(error) if error and message and failed == place else (0, False)
    source = cells[place].source
    return Attempt(
        points=None if mark.waits else mark.score,
        state=state,
        message=message,
        line=line,
        code=statement_at(source, line),
        hidden=hidden,
        answer=answer.source if answer else "",
    )


@lru_cache(maxsize=10_000)
def statement_at(source: str, line: int) -> str:
    """The innermost statement at a line of a test, in one line; empty if there is none."""
    try:
        nodes = list(ast.walk(ast.parse(source)))
    except (SyntaxError, ValueError):
        return "".join(source.splitlines()[line - 1 : line]).strip() if line else ""
    found = [node for node in nodes if isinstance(node, ast.stmt) and node.lineno <= line <= (node.end_lineno or 0)]
    if not found:
        return ""
    text = " ".join(ast.unparse(max(found, key=lambda node: node.lineno)).split())
    return text if len(text) <= LONGEST_CODE else f"{text[:LONGEST_CODE]} …"


def _cell_with_errors(cell: dict[str, Any]) -> NotebookNode:
    errors = [output for output in cell.get("outputs", []) if output["output_type"] == "error"]
    kept = {"cell_type": cell["cell_type"], "metadata": cell["metadata"], "outputs": errors}
    node: NotebookNode = from_dict(kept | {"source": "".join(cell["source"])})
    return node
