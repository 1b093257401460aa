"""Grades for the terminal and for the instructor's spreadsheet."""

import csv
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from rich.markup import escape
from rich.table import Table

from course.config import Course, Lab
from course.config.late import NO_PENALTY, rule_in_words
from course.grading.gradebook.recorded import GRADED
from course.grading.gradebook.results import Result
from course.inbox.notes import printable
from course.text.files import replacement
from course.text.listing import shortened
from course.text.spreadsheets import ENCODING, spreadsheet_text
from course.text.times import time_text

_COLUMNS = (
    *("student", "status", "total", "points", "penalty", "late", "tests", "max_tests", "written", "to_mark"),
    *("handed_in", "due", "cut_off", "reason", "review", "feedback"),
)
POINTS_COLUMNS = ("total", "points", "penalty", "tests", "written", "to_mark")


def write_grades(path: Path, results: Sequence[Result]) -> None:
    """One row a student: the columns above, then the points of each test and written question; none if not graded."""
    tests = list(dict.fromkeys(test for result in results for test in result.by_test))
    questions = list(dict.fromkeys(question for result in results for question in result.by_question))
    with replacement(path) as draft, draft.open("x", newline="", encoding=ENCODING) as file:
        writer = csv.writer(file)
        writer.writerow([*_COLUMNS, *tests, *questions])
        for result in results:
            columns = [column if result.graded or column not in POINTS_COLUMNS else "" for column in _COLUMNS]
            points = [f"{result.by_test.get(test, 0):g}" if result.graded else "" for test in tests]
            points += [_text(result.by_question.get(question)) for question in questions]
            writer.writerow([*(_text(getattr(result, column) if column else None) for column in columns), *points])


def grades_table(title: str, results: Sequence[Result]) -> Table:
    """A Rich table, one row a student; what lost points is named."""
    table = Table(title=title, title_justify="left")
    table.add_column("student", no_wrap=True)
    table.add_column("tests", justify="right", no_wrap=True)
    table.add_column("written", justify="right", no_wrap=True)
    has_penalties = any(result.penalty for result in results)
    if has_penalties:
        table.add_column("penalty", justify="right", no_wrap=True)
    table.add_column("total", justify="right", no_wrap=True)
    table.add_column("remarks", overflow="fold")
    for result in results:
        if not result.graded:
            table.add_row(
                escape(result.student), *[""] * (4 if has_penalties else 3), escape(printable(remark(result)))
            )
            continue
        tests = f"{result.tests:g} / {result.max_tests:g}"
        written = f"{result.to_mark:g} to mark" if result.to_mark else f"{result.written:g}"
        penalty = [f"{-result.penalty:g}" if result.penalty else ""] if has_penalties else []
        remarks = escape(printable(remark(result)))
        table.add_row(escape(result.student), tests, written, *penalty, f"{result.total:g}", remarks)
    return table


def remark(result: Result) -> str:
    """Why points are missing: the reason, or where it was cut off, the tests that failed and how late it was."""
    if result.status != GRADED:
        return f"{result.status}: {result.reason}"
    cut = f"cut off at {', '.join(cut.where for cut in result.cut_off)}" if result.cut_off else ""
    failed = [test.removeprefix("test-") for test, score in result.by_test.items() if score == 0]
    outcome = f"failed: {', '.join(failed)}" if failed else "all tests passed"
    if 1 < len(failed) == len(result.by_test):
        outcome = "no test passed"
    return "; ".join(text for text in (cut, outcome, result.late, result.reason) if text)


def deadline_lines(course: Course, lab: Lab, results: Sequence[Result]) -> list[str]:
    """When a lab is due, what late work loses, and who has an extension or no known time of handing in."""
    if not lab.due:
        return []
    lines = [f"due        {time_text(lab.due, course.zone)}; late work: {rule_in_words(lab.late)}"]
    extended = {result.student: result.due for result in results if result.due and result.due > lab.due}
    if extended:
        until = ", ".join(f"{printable(name)} until {time_text(due, course.zone)}" for name, due in extended.items())
        lines.append(f"extended   {until}")
    unknown = [printable(result.student) for result in results if not result.handed_in and not result.penalty]
    if unknown and lab.late != NO_PENALTY:
        lines.append(f"Counted as in time, as nothing says when they handed in: {shortened(unknown)}")
    return lines


def review_lines(results: Sequence[Result]) -> list[str]:
    """One line for each thing that an instructor should look at."""
    lines = [f"  {result.student}: {printable(text)}" for result in results for text in result.review]
    return ["To look at:", *lines] if lines else []


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float | int):
        return f"{value:g}"
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(" ", "seconds")
    return spreadsheet_text(printable("; ".join(map(str, value)) if isinstance(value, tuple) else str(value)))
