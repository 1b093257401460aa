"""Marks given by hand when a submission is graded again: they stay valid as long as the written answer is the same.

nbgrader asks for every such mark again, even where only a test has changed; and it leaves a comment beside an answer
for which it was not written.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

import nbformat
from nbgrader.api import Grade, Gradebook, MissingEntry, SubmittedNotebook

from course.config import Lab
from course.grading.gradebook.recorded import checksum_if_any, graded_copy, read_stored
from course.labs.sources import grade_id, is_written

EARLIER = "[To an earlier answer] "


def marked_answers(folder: Path, student: str, lab: str) -> dict[str, str]:
    """The written answers by grade id, as a person marked them; none if the file may have changed since."""
    stored, copy = read_stored(folder, student, lab), graded_copy(folder, student, lab)
    return written_answers(copy) if stored and stored.copy == checksum_if_any(copy) else {}


def written_answers(path: Path) -> dict[str, str]:
    """The written answers of a notebook by grade id; none if there is no such file."""
    if not path.is_file():
        return {}
    cells = nbformat.v4.reads(path.read_text("utf-8")).cells
    return {str(grade_id(cell)): cell.source for cell in cells if is_written(cell)}


def settled_answers(gradebook: Gradebook, lab: Lab, student: str) -> set[str]:
    """The written answers that a person has marked and that are not waiting to be marked again."""
    notebook = _notebook(gradebook, lab, student)
    return {
        grade.name
        for grade in (_marks(notebook) if notebook else ())
        if grade.manual_score is not None and not grade.needs_manual_grade
    }


def keep_hand_marks(
    gradebook: Gradebook, lab: Lab, student: str, names: Iterable[str], old: Mapping[str, str], new: Mapping[str, str]
) -> None:
    """Keep the marks of these answers valid where `new` has the text of `old`; elsewhere, mark comments as earlier."""
    if not old or not (notebook := _notebook(gradebook, lab, student)):
        return
    unchanged = {name for name in old if old[name].strip() == new.get(name, "").strip()}
    for grade in _marks(notebook):
        if grade.name in unchanged.intersection(names) and grade.manual_score is not None:
            grade.needs_manual_grade = False
    for comment in notebook.comments:
        text = comment.manual_comment
        if comment.name in old.keys() - unchanged and text and not text.startswith(EARLIER):
            comment.manual_comment = EARLIER + text
    gradebook.db.commit()


def _marks(notebook: SubmittedNotebook) -> list[Grade]:
    """The points of the written answers."""
    return [grade for grade in notebook.grades if grade.cell.cell_type == "markdown"]


def _notebook(gradebook: Gradebook, lab: Lab, student: str) -> SubmittedNotebook | None:
    """A submission's notebook; None if there is no submission yet."""
    try:
        return gradebook.find_submission_notebook(lab.name, lab.name, student)
    except MissingEntry:
        return None
