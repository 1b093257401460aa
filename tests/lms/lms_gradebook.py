"""A gradebook for tests of exports, filled without any execution."""

import csv
import json
from datetime import datetime
from pathlib import Path

from nbgrader.api import Gradebook
from this_course import COURSE

from course.inbox.systems import System

NAME = COURSE.labs[0].name


def read(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


class Book:
    """A gradebook with one lab of a test of 4 points and a written question of 2, without any execution."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.url = f"sqlite:///{folder}/gradebook.db"

    def add_lab(self, name: str) -> None:
        with Gradebook(self.url, COURSE.id) as book:
            book.add_assignment(name, duedate=datetime(2026, 3, 1))
            book.add_notebook(name, name)
            book.add_grade_cell("test", name, name, max_score=4, cell_type="code")
            book.add_grade_cell("written", name, name, max_score=2, cell_type="markdown")

    def hand_in(self, student: str, test: float, written: float | None, penalty: float = 0.0, **about) -> None:
        with Gradebook(self.url, COURSE.id) as book:
            book.update_or_create_student(student, **about)
            book.update_or_create_submission(NAME, student)
            notebook = book.find_submission_notebook(NAME, NAME, student)
            notebook.late_submission_penalty = penalty
            for mark in notebook.grades:
                mark.needs_manual_grade = mark.name == "written" and written is None
                mark.auto_score = test if mark.name == "test" else None
                mark.manual_score = written if mark.name == "written" else None
            book.db.commit()

    def know(self, student: str, **about) -> None:
        """A student who has handed in nothing."""
        with Gradebook(self.url, COURSE.id) as book:
            book.update_or_create_student(student, **about)

    def export(self, plugin, **traits) -> tuple[list[list[str]], str]:
        """The lines of the file, and all remarks."""
        path = self.folder / "out.csv"
        export = plugin(to=str(path), folder=str(self.folder), **traits)
        with Gradebook(self.url, COURSE.id) as book:
            export.export(book)
        return read(path), "\n".join(export.remarks)

    def collected(self, student: str, system: System, number: str, name: str = "") -> None:
        """The record that collecting leaves."""
        record = self.folder / "downloaded" / NAME / "collected" / student / "collected.json"
        record.parent.mkdir(parents=True)
        about = {"system": system, "lms_id": number, "name": name, "file": "", "attempt": 1, "late": False, "time": ""}
        record.write_text(json.dumps(about))

    def roster(self, text: str) -> str:
        path = self.folder / "roster.csv"
        path.write_text(text, "utf-8")
        return str(path)
