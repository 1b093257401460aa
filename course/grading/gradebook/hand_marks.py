"""Marks given by hand when a submission is graded again: they hold as long as the written answer is the same.

nbgrader lets every such mark wait for a person anew, also where only a test has changed.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

import nbformat
from nbgrader.api import Grade, Gradebook, MissingEntry

from course.config import Lab
from course.grading.gradebook.recorded import checksum_if_any, graded_copy, read_stored
from course.labs.sources import grade_id, is_written


def marked_answers(folder: Path, student: str, lab: str) -> dict[str, str]:
    """The written answers by grade id, as a person marked them; nothing if it is not certain that these are they."""
    stored, copy = read_stored(folder, student, lab), graded_copy(folder, student, lab)
    return written_answers(copy) if stored and stored.copy == checksum_if_any(copy) else {}


def written_answers(path: Path) -> dict[str, str]:
    """The written answers of a notebook by grade id; none if there is no such file."""
    if not path.is_file():
        return {}
    cells = nbformat.read(path, as_version=4).cells
    return {str(grade_id(cell)): cell.source for cell in cells if is_written(cell)}


def settled(gradebook: Gradebook, lab: Lab, student: str) -> set[str]:
    """The written answers to which a person gave a mark that does not wait."""
    return {
        one.name
        for one in _marks(gradebook, lab, student)
        if one.manual_score is not None and not one.needs_manual_grade
    }


def keep_hand_marks(
    gradebook: Gradebook, lab: Lab, student: str, names: Iterable[str], old: Mapping[str, str], new: Mapping[str, str]
) -> None:
    """Let the marks of these answers not wait, where `new` has the text of `old`."""
    same = {name for name in names if name in old and old[name].strip() == new.get(name, "").strip()}
    for one in _marks(gradebook, lab, student):
        if one.name in same and one.manual_score is not None:
            one.needs_manual_grade = False
    gradebook.db.commit()


def _marks(gradebook: Gradebook, lab: Lab, student: str) -> list[Grade]:
    """The points of written answers of a submission; none if there is no submission yet."""
    try:
        notebook = gradebook.find_submission_notebook(lab.name, lab.name, student)
    except MissingEntry:
        return []
    return [grade for grade in notebook.grades if grade.cell.cell_type == "markdown"]
