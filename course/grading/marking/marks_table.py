"""All written answers of a lab in one table, to be marked in a spreadsheet, and the marks taken from it.

The answers to one question stand one after the other, equal ones together. Marks and comments are those that Formgrader
would write. A line is found again by its `key`, which no program takes for a number, a date or a formula. By two
digests it tells which answer the line was written from, and with which mark and comment. So it is known whether a
person has changed the line, and nothing that was handed in, or marked elsewhere, since is written over.
"""

import csv
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from nbgrader.api import Gradebook, Student

from course.config import Lab
from course.errors import CourseError
from course.grading.gradebook.hand_marks import written_answers
from course.grading.gradebook.recorded import graded_copy
from course.grading.gradebook.transaction import one_transaction
from course.grading.marking.taken_marks import TakenMarks, keep_taken, read_taken
from course.nbgrader_api import database_errors, without_library_warnings
from course.text.csv_tables import read_table, refuse
from course.text.files import replacement
from course.text.spreadsheets import ENCODING, spreadsheet_text

MARKS_COLUMNS = ("key", "question", "student", "name", "points", "of", "comment", "answer")
_NEEDED = ("key", "points", "comment")
MAX_ANSWER = 30_000  # characters that are shown; a cell of Excel holds 32,767
DIGEST = 12  # hexadecimal digits


@dataclass(frozen=True)
class WrittenAnswer:
    """A written answer as the gradebook and the graded copy have it; `points` are None if a person has to give them."""

    question: str
    student: str
    name: str
    points: float | None
    max_points: float
    comment: str
    answer: str

    @property
    def shown_points(self) -> str:
        """The points as the table shows them."""
        return "" if self.points is None else f"{self.points:.10g}"

    @property
    def place(self) -> str:
        """Which answer of whom this is."""
        return f"{self.question}/{self.student}"

    @property
    def words(self) -> str:
        """The answer with single blanks, by which equal ones are known."""
        return " ".join(self.answer.split())

    @property
    def state(self) -> str:
        """Digests of the answer, and of its points and comment."""
        return f"{digest(self.answer)}-{marks_digest(self.shown_points, spreadsheet_text(self.comment))}"

    @property
    def row(self) -> tuple[str, ...]:
        """Its line of the table."""
        key = f"{self.place}/{self.state}"
        texts = (key, self.question, self.student, self.name, self.shown_points, f"{self.max_points:g}", self.comment)
        answer = self.answer if len(self.answer) <= MAX_ANSWER else f"{self.answer[:MAX_ANSWER]} …"
        return (*map(spreadsheet_text, texts), guarded(answer))


def guarded(text: str) -> str:
    """A text without a formula, also where a program takes a comma or semicolon in it for the end of a cell."""
    parts = re.split(r"([,;])", text)
    return "".join(part if number % 2 else spreadsheet_text(part) for number, part in enumerate(parts))


def read_written_answers(gradebook: Gradebook, lab: Lab, folder: Path) -> list[WrittenAnswer]:
    """All written answers that were graded, by question in the order of the lab, equal answers together."""
    answers, order = [], dict[str, int]()
    for submission in gradebook.assignment_submissions(lab.name):
        student: Student = submission.student
        texts = written_answers(graded_copy(folder, student.id, lab.name))
        order |= {question: place for place, question in enumerate(texts)}
        notebook = gradebook.find_submission_notebook(lab.name, lab.name, student.id)
        comments = {comment.name: comment.comment or "" for comment in notebook.comments}
        name = " ".join(part for part in (student.first_name, student.last_name) if part)
        for grade in notebook.grades:
            if grade.name in texts:
                given = grade.auto_score if grade.manual_score is None else grade.manual_score
                points = None if grade.needs_manual_grade or given is None else float(given)
                answers.append(
                    WrittenAnswer(
                        question=grade.name,
                        student=student.id,
                        name=name,
                        points=points,
                        max_points=float(grade.max_score),
                        comment=comments.get(grade.name, ""),
                        answer=texts[grade.name],
                    )
                )
    return sorted(answers, key=lambda one: (order[one.question], one.question, one.words, one.student))


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
        answers = read_written_answers(gradebook, lab, folder)
    if not answers:
        raise CourseError(f"No written answer of {lab.name} was graded in {folder}.")
    try:
        with replacement(path) as draft, draft.open("x", newline="", encoding=ENCODING) as file:
            csv.writer(file, quoting=csv.QUOTE_ALL).writerows([MARKS_COLUMNS, *(answer.row for answer in answers)])
    except OSError as error:
        raise CourseError(f"{path} cannot be written: {error.strerror}.") from error
    return sum(1 for answer in answers if answer.points is None)


def take_marks(gradebook: Gradebook, lab: Lab, folder: Path, path: Path) -> int:
    """Write the marks and comments of a table into the gradebook, all or none; return how many answers they changed.

    A line in which points and comment are as they were written changes nothing.

    Raises
    ------
    CourseError
        The table has a line that cannot be taken; the message names all of them.
    """
    columns, rows, _ = read_table(path)
    if missing := [column for column in _NEEDED if column not in columns]:
        raise CourseError(f"{path} has no column {', '.join(missing)}. Write a new table, and keep its first line.")
    with database_errors(), without_library_warnings(), one_transaction(gradebook):
        answers = {answer.place: answer for answer in read_written_answers(gradebook, lab, folder)}
        if rows and not any(row["key"].rpartition("/")[0] in answers for _, row in rows):
            raise CourseError(
                f"{path} has no answer to {lab.name} in {folder}: is it the table of another class or lab?"
            )
        changes, problems = dict[str, dict[str, str]](), list[str]()
        taken = read_taken(folder, path)
        for line, row in rows:
            place = row["key"].rpartition("/")[0]
            try:
                if is_changed(row, answers.get(place), taken):
                    check_change(row, answers[place], place in changes, taken)
                    changes[place] = row
            except ValueError as error:
                problems.append(f"line {line}: {error}")
        refuse(path, problems)
        for place, row in changes.items():
            write_mark(gradebook, lab, answers[place], row)
    now = {row["key"]: marks_of(row, answers[place]) for place, row in changes.items()}
    keep_taken(folder, path, now)
    return len(changes)


def is_changed(row: Mapping[str, str], answer: WrittenAnswer | None, taken: TakenMarks) -> bool:
    """Whether a person has changed points or comment of a line, and they are not those of the gradebook already.

    They count as changed from what was last taken from the line, if anything was: so a mark can be taken back to what
    the table showed at first. A line without points that is as it was written says nothing.

    Raises
    ------
    ValueError
        There is no such answer, or its points are no number.
    """
    if answer is None:
        raise ValueError(f"there is no answer {row['key']!r}; leave the column `key` as it was written")
    now, before = marks_digest(row["points"], row["comment"]), row["key"].rpartition("-")[2]
    if row["points"]:
        before = taken.here.get(row["key"], before)
    return now not in (before, answer.state.rpartition("-")[2])


def marks_of(row: Mapping[str, str], answer: WrittenAnswer) -> str:
    """A digest of the marks that an answer has once those of a line are taken: without points, it keeps its own."""
    return marks_digest(row["points"] or answer.shown_points, row["comment"])


def check_change(row: Mapping[str, str], answer: WrittenAnswer, is_double: bool, taken: TakenMarks) -> None:
    """Raise a ValueError that says why the change of a line cannot be taken; `taken` is what was taken before."""
    if is_double:
        raise ValueError(f"the answer of {answer.student} to {answer.question} is there twice")
    text, _, marks = row["key"].rpartition("/")[2].partition("-")
    text_now, _, marks_now = answer.state.partition("-")
    known = text == text_now and marks_now in (marks, taken.here.get(row["key"]))
    if text == text_now and not known and (other := taken.elsewhere.get((row["key"], marks_now))):
        raise ValueError(
            f"the mark of {answer.student} was taken from {other}, and this is another file: correct it there"
        )
    if not known:
        raise ValueError(
            f"{answer.student} has handed in anew or was marked elsewhere since the table was written, and nothing of "
            "that is written over: write a new table"
        )
    points = as_points(row["points"])
    if points is not None and not 0 <= points <= answer.max_points:
        raise ValueError(f"{row['points']} points, where 0 to {answer.max_points:g} are possible")


def as_points(text: str) -> float | None:
    """The number in a cell, with a point or a comma; None if it is empty."""
    try:
        return float(text.replace(",", ".")) if text else None
    except ValueError as error:
        raise ValueError(f"{text!r} is no number of points") from error


def as_comment(text: str) -> str:
    """A comment without the sign by which the table keeps it from being a formula."""
    return text[1:] if text.startswith("'") and spreadsheet_text(text[1:]) == text else text


def marks_digest(points: str, comment: str) -> str:
    """A digest of points and comment as the table shows them, however a program writes numbers and spaces."""
    number = as_points(points)
    return digest(f"{'' if number is None else f'{number:.10g}'} {' '.join(as_comment(comment.strip()).split())}")


def digest(text: str) -> str:
    """The beginning of a text's SHA-256, in hexadecimal."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:DIGEST]


def write_mark(gradebook: Gradebook, lab: Lab, answer: WrittenAnswer, row: Mapping[str, str]) -> None:
    """Write points, if there are any, and comment of one answer as Formgrader does."""
    where = answer.question, lab.name, lab.name, answer.student
    points = as_points(row["points"])
    if points is not None and f"{points:.10g}" != answer.shown_points:
        grade = gradebook.find_grade(*where)
        grade.manual_score, grade.needs_manual_grade = points, False
    if row["comment"].split() != spreadsheet_text(answer.comment).split():
        gradebook.find_comment(*where).manual_comment = as_comment(row["comment"])
    gradebook.db.commit()
