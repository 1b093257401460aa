"""All written answers of a lab in one table, to be marked in a spreadsheet, and the marks taken from it.

The answers to one question stand one after the other, equal ones together. Marks and comments are those that Formgrader
would write; who uses both sees the same.
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nbgrader.api import Comment, Grade, Gradebook, MissingEntry, Student

from course.config import Lab
from course.csv_tables import read_table, refuse
from course.database_errors import database_errors
from course.errors import CourseError
from course.files import replacement
from course.grading.gradebook.hand_marks import written_answers
from course.grading.gradebook.recorded import graded_copy
from course.grading.gradebook.transaction import one_transaction
from course.nbgrader_api import without_library_warnings
from course.spreadsheets import ENCODING, spreadsheet_text

COLUMNS = ("question", "student", "name", "points", "of", "comment", "answer")
NEEDED = ("question", "student", "points", "comment", "answer")


@dataclass(frozen=True)
class WrittenAnswer:
    """A written answer as the gradebook and the graded copy have it; `points` are None if a person has to give them."""

    question: str
    student: str
    name: str
    points: float | None
    most: float
    comment: str
    answer: str

    @property
    def row(self) -> tuple[str, ...]:
        """Its line of the table."""
        points = "" if self.points is None else f"{self.points:g}"
        texts = (self.question, self.student, self.name, points, f"{self.most:g}", self.comment, self.answer)
        return tuple(spreadsheet_text(text) for text in texts)


def read_answers(gradebook: Gradebook, lab: Lab, folder: Path) -> list[WrittenAnswer]:
    """All written answers that were graded, by question, equal answers together."""
    answers = []
    for submission in gradebook.assignment_submissions(lab.name):
        student: Student = submission.student
        texts = written_answers(graded_copy(folder, student.id, lab.name))
        notebook = gradebook.find_submission_notebook(lab.name, lab.name, student.id)
        comments = {comment.name: comment.comment or "" for comment in notebook.comments}
        name = " ".join(part for part in (student.first_name, student.last_name) if part)
        for grade in notebook.grades:
            if grade.name in texts:
                waits = grade.needs_manual_grade or grade.manual_score is None
                points, comment = None if waits else float(grade.score), comments.get(grade.name, "")
                most = float(grade.max_score)
                answers.append(WrittenAnswer(grade.name, student.id, name, points, most, comment, texts[grade.name]))
    return sorted(answers, key=lambda one: (one.question, " ".join(one.answer.split()), one.student))


def write_marks_table(gradebook: Gradebook, lab: Lab, folder: Path, path: Path) -> int:
    """Write the table; return how many answers still have to be marked.

    Raises
    ------
    CourseError
        The file is there already, and may hold marks; or it cannot be written, or there is no answer.
    """
    if path.exists():
        raise CourseError(f"{path} is there already, and may hold marks. Read it first, delete it, or name another.")
    with database_errors(), without_library_warnings():
        answers = read_answers(gradebook, lab, folder)
    if not answers:
        raise CourseError(f"No written answer of {lab.name} was graded in {folder}.")
    try:
        with replacement(path) as draft, draft.open("x", newline="", encoding=ENCODING) as file:
            csv.writer(file).writerows([COLUMNS, *(answer.row for answer in answers)])
    except OSError as error:
        raise CourseError(f"{path} cannot be written: {error.strerror}.") from error
    return sum(1 for answer in answers if answer.points is None)


def take_marks(gradebook: Gradebook, lab: Lab, folder: Path, path: Path) -> int:
    """Write the marks and comments of a table into the gradebook, all or none; return how many answers they changed.

    A line without points leaves the points as they are.

    Raises
    ------
    CourseError
        The table has a line that cannot be taken; the message names all of them.
    """
    columns, rows = read_table(path)
    if missing := [column for column in NEEDED if column not in columns]:
        raise CourseError(f"{path} has no column {', '.join(missing)}. Write a new table, and keep its first line.")
    with database_errors(), without_library_warnings():
        answers = {(one.question, one.student): one for one in read_answers(gradebook, lab, folder)}
        problems, marks = list[str](), dict[tuple[str, str], tuple[float | None, str]]()
        for line, row in rows:
            key = row["question"], row["student"]
            if problem := why_not_taken(row, answers.get(key), key in marks):
                problems.append(f"line {line}: {problem}")
            else:
                marks[key] = as_points(row["points"]), row["comment"]
        refuse(path, problems)
        with one_transaction(gradebook):
            return sum(write_mark(gradebook, lab, answers[key], *mark) for key, mark in marks.items())


def why_not_taken(row: dict[str, str], answer: WrittenAnswer | None, is_double: bool) -> str | None:
    """What is wrong with a line of the table, or None."""
    if answer is None:
        return f"there is no answer of {row['student']} to {row['question']}"
    if is_double:
        return f"the answer of {answer.student} to {answer.question} is there twice"
    if same_text(row["answer"]) != same_text(spreadsheet_text(answer.answer)):
        return f"{answer.student} has handed in another answer since the table was written; write a new one"
    try:
        points = as_points(row["points"])
    except ValueError:
        return f"{row['points']!r} is no number of points"
    if points is not None and not 0 <= points <= answer.most:
        return f"{row['points']} points, where 0 to {answer.most:g} are possible"
    return None


def as_points(text: str) -> float | None:
    """The number in a cell, with a point or a comma; None if it is empty."""
    return float(text.replace(",", ".")) if text else None


def same_text(text: str) -> Sequence[str]:
    """What counts in comparing two answers: a spreadsheet may change spaces, and drop the sign that marks a text."""
    return text.removeprefix("'").split()


def write_mark(gradebook: Gradebook, lab: Lab, answer: WrittenAnswer, points: float | None, comment: str) -> bool:
    """Write points and comment of one answer as Formgrader does; whether that changed anything."""
    where = answer.question, lab.name, lab.name, answer.student
    changed = False
    if points is not None and points != answer.points:
        grade: Grade = gradebook.find_grade(*where)
        grade.manual_score, grade.needs_manual_grade, changed = points, False, True
    if same_text(comment) != same_text(spreadsheet_text(answer.comment)):
        try:
            entry: Comment = gradebook.find_comment(*where)
        except MissingEntry as error:  # no cell of this kind in a lab that was built here
            raise CourseError(f"The gradebook has no room for a comment on {answer.question}.") from error
        entry.manual_comment, changed = comment, True
    gradebook.db.commit()
    return changed
