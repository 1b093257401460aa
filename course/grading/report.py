"""Grades for the terminal and for the instructor's spreadsheet."""

import csv
from collections.abc import Sequence
from pathlib import Path

from rich.markup import escape
from rich.table import Table

from course.grading.gradebook import GRADED, Result
from course.grading.mending.notes import printable

COLUMNS = ("student", "status", "score", "tests", "max_tests", "written", "to_mark", "penalty", "reason", "review")
LAST = ("feedback",)
FORMULA = ("=", "+", "-", "@")  # a spreadsheet computes what begins so, and a name or a reason may


def write_csv(path: Path, results: Sequence[Result]) -> None:
    """One row a student: the columns above, then the points of each test."""
    tests = list(dict.fromkeys(test for result in results for test in result.by_test))
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([*COLUMNS, *LAST, *tests])
        for result in results:
            points = [f"{result.by_test.get(test, 0):g}" for test in tests]
            writer.writerow([*(_text(getattr(result, column)) for column in (*COLUMNS, *LAST)), *points])


def grades_table(title: str, results: Sequence[Result]) -> Table:
    """A Rich table, one row a student; what lost points is named."""
    table = Table(title=title, title_justify="left")
    table.add_column("student", no_wrap=True)
    table.add_column("tests", justify="right", no_wrap=True)
    table.add_column("written", justify="right", no_wrap=True)
    table.add_column("remarks", overflow="fold")
    for result in results:
        tests = f"{result.tests:g} / {result.max_tests:g}"
        written = f"{result.to_mark:g} to mark" if result.to_mark else f"{result.written:g}"
        table.add_row(escape(result.student), tests, written, escape(printable(remark(result))))
    return table


def remark(result: Result) -> str:
    """Why points are missing: the reason, or the tests that failed."""
    if result.status != GRADED:
        return f"{result.status}: {result.reason}"
    failed = [test.removeprefix("test-") for test, score in result.by_test.items() if score == 0]
    outcome = f"failed: {', '.join(failed)}" if failed else "all tests passed"
    return f"{outcome}; {result.reason}" if result.reason else outcome


def for_review(results: Sequence[Result]) -> list[str]:
    """One line for each thing that an instructor should look at."""
    lines = [f"  {result.student}: {printable(text)}" for result in results for text in result.review]
    return ["To look at:", *lines] if lines else []


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:g}"
    text = printable("; ".join(value) if isinstance(value, tuple) else str(value))
    return f"'{text}" if text.startswith(FORMULA) else text
