"""The tables beside a page, as CSV; docs/reports.md lists their columns."""

import csv
import math
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from course.grading.feedback.task_state import State
from course.grading.report.classroom import Classroom, Student
from course.grading.report.failures import Ambiguous, Failure
from course.grading.report.item_analysis import Item
from course.grading.report.outcomes_section import LOOKS, count_outcomes, outcome
from course.inbox.notes import printable
from course.text.spreadsheets import ENCODING, spreadsheet_text

STUDENTS = (
    *("student", "status", "points", "penalty", "total", "due", "handed_in", "late_minutes"),
    *("repairs", "cut_off", "review"),
)
TASKS = ("task", "title", "points", "students", "difficulty", "discrimination", "low", "high")
MESSAGES = ("task", "state", "line", "part", "students", "wordings", "message", "ambiguous")


def write_csv(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a table that a spreadsheet program reads: text is never a formula, times are in UTC; makes its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding=ENCODING) as file:
        writer = csv.writer(file)
        writer.writerow([csv_text(column) for column in columns])
        writer.writerows([csv_text(value) for value in row] for row in rows)


def csv_text(value: object) -> str:
    """A value as a cell; empty for what is not known."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, float | int):
        return f"{value:.6g}"
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(" ", "seconds")
    return spreadsheet_text(printable(str(value)))


def write_students(path: Path, classroom: Classroom) -> None:
    """One row a student: the columns above, then points and outcome of each task."""
    names = [task.name for task in classroom.tasks]
    columns = (*STUDENTS, *names, *(f"{name} outcome" for name in names))
    write_csv(path, columns, (_student_row(student, names) for student in classroom.students))


def _student_row(student: Student, names: Sequence[str]) -> list[object]:
    attempts = [student.attempts.get(name) for name in names]
    known = student.known
    return [
        student.id,
        str(student.status),
        *((student.points, student.penalty, student.total) if known else (None, None, None)),
        student.due,
        student.handed_in,
        round(student.late.total_seconds() / 60) if known else None,
        len(student.repairs),
        "; ".join(where for where, _ in student.cuts),
        "; ".join(student.review),
        *(attempt.points if attempt else None for attempt in attempts),
        *(outcome(attempt) if attempt else "" for attempt in attempts),
    ]


def write_tasks(path: Path, classroom: Classroom, items: Sequence[Item]) -> None:
    """One row a task: the columns above, then the number of students by outcome."""
    counts, by_name = count_outcomes(classroom), {item.name: item for item in items}
    rows = []
    for task in classroom.tasks:
        item = by_name[task.name]
        numbers = (item.students, item.difficulty, item.discrimination, item.low, item.high)
        outcomes = [counts[task.name][name] for name in LOOKS]
        rows.append((task.name, task.title, task.max_points, *numbers, *outcomes))
    write_csv(path, (*TASKS, *LOOKS), rows)


def write_messages(path: Path, failures: Sequence[Failure], ambiguous: Sequence[Ambiguous]) -> None:
    """One row for each way in which a task failed."""
    reasons = {(one.task.name, one.message): one.reason for one in ambiguous}
    rows = []
    for one in failures:
        part = ("hidden" if one.hidden else "visible") if one.state == State.WRONG and one.line else ""
        reason = reasons.get((one.task.name, one.message), "")
        rows.append(
            (one.task.name, one.state, one.line or None, part, len(one.students), one.wordings, one.message, reason)
        )
    write_csv(path, MESSAGES, rows)
