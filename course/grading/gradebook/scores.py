"""What a run gives: the graded notebook, and the points that its tests have earned, by nbgrader's own rules.

`nbgrader autograde` comes to the same by two conversions of the notebook and a query of the gradebook for each cell; so
it takes a third of a second for each submission, of the one process that may write to the gradebook. What its steps
look for cannot happen here: the notebook was rebuilt on the released lab, and the lab is of the gradebook's edition.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbgrader import utils
from nbgrader.api import BaseCell, Comment, Grade, Gradebook, GradeCell, SubmittedNotebook

from course.config import Lab
from course.errors import GradingError
from course.labs.sources import grade_id
from course.text.files import write_whole

NO_RESPONSE = "No response."  # nbgrader's own comment on an answer as it was handed out
READ_ONLY = 0o444  # as nbgrader leaves what it has graded


@dataclass(frozen=True)
class Scores:
    """The points of each graded cell by grade id, None where a person has to give them, and a remark on each answer."""

    points: dict[str, float | None]
    comments: dict[str, str | None]


def read_executed(path: Path) -> NotebookNode:
    """A notebook that a run has left.

    Raises
    ------
    GradingError
        It is not there, or not whole.
    """
    try:
        return nbformat.v4.reads(path.read_text("utf-8"))  # without the validation, which takes longer than all else
    except (OSError, ValueError) as error:
        raise GradingError(f"{path} cannot be read ({error}). Grade again, with --again.") from error


def graded_notebook(executed: NotebookNode) -> NotebookNode:
    """The notebook as nbgrader grades it, changed in place: without what is no error, and with checksums of its tests.

    A warning on stderr is not a wrong answer; nbgrader would take any text there for a failure.
    """
    for cell in executed.cells:
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if output.get("name") != "stderr"]
        if utils.is_locked(cell):
            cell.metadata.nbgrader.checksum = utils.compute_checksum(cell)
    return executed


def compute_scores(graded: NotebookNode) -> Scores:
    """The scores of a graded notebook.

    Raises
    ------
    GradingError
        A test has given more points than it has.
    """
    answers = [cell for cell in graded.cells if utils.is_solution(cell) or utils.is_task(cell)]
    return Scores(
        {str(grade_id(cell)): _points(cell) for cell in graded.cells if utils.is_grade(cell)},
        {str(grade_id(cell)): NO_RESPONSE if _is_untouched(cell) else None for cell in answers},
    )


def _points(cell: NotebookNode) -> float | None:
    try:
        points: float | None = utils.determine_grade(cell)[0]
    except ValueError as error:
        raise GradingError(f"{grade_id(cell)}: {error}") from error
    return points


def _is_untouched(cell: NotebookNode) -> bool:
    return not utils.is_task(cell) and cell.metadata.nbgrader.get("checksum") == utils.compute_checksum(cell)


def write_graded_copy(path: Path, graded: NotebookNode) -> None:
    """Write the graded notebook, in place of all that lies in its folder."""
    shutil.rmtree(path.parent, ignore_errors=True)
    path.parent.mkdir(parents=True)
    write_whole(path, nbformat.v4.writes(graded) + "\n")
    path.chmod(READ_ONLY)


def write_scores(gradebook: Gradebook, lab: Lab, student: str, scores: Scores) -> None:
    """Write the scores into the gradebook, as nbgrader's SaveAutoGrades does; marks given by hand wait to be looked at.

    Raises
    ------
    GradingError
        The gradebook has other cells of the lab.
    """
    gradebook.update_or_create_student(student)
    submission = gradebook.update_or_create_submission(lab.name, student)
    notebook = next(notebook for notebook in submission.notebooks if notebook.name == lab.name)
    grades = cells_by_name(gradebook, Grade, GradeCell, notebook)
    comments = cells_by_name(gradebook, Comment, BaseCell, notebook)
    if grades.keys() != scores.points.keys() or comments.keys() != scores.comments.keys():
        raise GradingError(f"What was run has other cells than {lab.name} has now. Grade again, with --again.")
    for name, points in scores.points.items():
        grades[name].auto_score = points
        grades[name].needs_manual_grade = points is None or grades[name].manual_score is not None
    for name, text in scores.comments.items():
        comments[name].auto_comment = text
    gradebook.db.commit()


def cells_by_name(gradebook: Gradebook, table: Any, cells: Any, notebook: SubmittedNotebook) -> dict[str, Any]:
    """The rows of a submission's notebook in `table`, Grade or Comment, by the name of their cell; by one query."""
    query = gradebook.db.query(cells.name, table).select_from(table).join(cells, table.cell_id == cells.id)
    return dict(query.filter(table.notebook_id == notebook.id).all())
