"""Equal answers with different points, such as those of a team's members: probably a slip of the person who marks."""

from itertools import groupby
from pathlib import Path

from nbgrader.api import Gradebook

from course.config import Lab
from course.grading.marking.marks_table import read_written_answers
from course.inbox.notes import printable
from course.nbgrader_api import database_errors, without_library_warnings


def unequal_marks(gradebook: Gradebook, lab: Lab, folder: Path) -> list[str]:
    """A line for each answer that several students gave and that has not the same points everywhere."""
    with database_errors(), without_library_warnings():
        marked = [answer for answer in read_written_answers(gradebook, lab, folder) if answer.points is not None]
    lines = []
    for (question, _), equal in groupby(marked, key=lambda one: (one.question, one.words)):
        points = {answer.student: answer.shown_points for answer in equal}
        if len({*points.values()}) > 1:
            given = ", ".join(f"{printable(student)} {text}" for student, text in points.items())
            lines.append(f"The same answer to {question} has different points: {given}.")
    return lines
