"""Marks given by hand when a submission is graded again: they stay valid as long as the written answer is the same.

nbgrader asks for every such mark again, even where only a test has changed.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

import nbformat
from nbgrader.api import Grade, Gradebook, MissingEntry

from course.config import Lab
from course.grading.gradebook.recorded import checksum_if_any, graded_copy, read_stored
from course.labs.sources import grade_id, is_written


def marked_answers(folder: Path, student: str, lab: str) -> dict[str, str]:
    """The written answers by grade id, as a person marked them; none if the file may have changed since."""
    stored, copy = read_stored(folder, student, lab), graded_copy(folder, student, lab)
    return written_answers(copy) if stored and stored.copy == checksum_if_any(copy) else {}


def written_answers(path: Path) -> dict[str, str]:
    """The written answers of a notebook by grade id; none if there is no such file."""
    if not path.is_file():
        return {}
    cells = nbformat.read(path, as_version=4).cells
    return {str(grade_id(cell)): cell.source for cell in cells if is_written(cell)}


def settled_answers(gradebook: Gradebook, lab: Lab, student: str) -> set[str]:
    """The written answers that a person has marked and that are not waiting to be marked again."""
    return {
        grade.name
        for grade in _marks(gradebook, lab, student)
        if grade.manual_score is not None and not grade.needs_manual_grade
    }


def keep_hand_marks(
    gradebook: Gradebook, lab: Lab, student: str, names: Iterable[str], old: Mapping[str, str], new: Mapping[str, str]
) -> None:
    """Keep the marks of these answers valid where `new` has the text of `old`."""
    unchanged = {name for name in names if name in old and old[name].strip() == new.get(name, "").strip()}
    for grade in _marks(gradebook, lab, student):
        if grade.name in unchanged and grade.manual_score is not None:
            grade.needs_manual_grade = False
    gradebook.db.commit()


def _marks(gradebook: Gradebook, lab: Lab, student: str) -> list[Grade]:
    """The points of written answers of a submission; none if there is no submission yet."""
    try:
        notebook = gradebook.find_submission_notebook(lab.name, lab.name, student)
    except MissingEntry:
        return []
    return [grade for grade in notebook.grades if grade.cell.cell_type == "markdown"]
