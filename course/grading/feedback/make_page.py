"""A student's page, made of values alone, so that any process can make it: the same page as nbgrader makes.

`nbgrader generate_feedback` and Formgrader's button ask the gradebook for each cell. Here what the gradebook holds of a
student was read at once, and the steps that read it are left out.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbgrader import utils

from course.grading.feedback.page_exporter import FeedbackPage
from course.grading.feedback.summary import summarise
from course.grading.feedback.task_state import Grade
from course.grading.gradebook.entries import GradebookEntry
from course.grading.workers.job import Outcome
from course.labs.sources import grade_id
from course.nbgrader_api import load_config
from course.text.files import write_whole

READ_THE_GRADEBOOK = ("nbgrader.preprocessors.GetGrades", "course.grading.feedback.add_summary.AddSummary")


@dataclass(frozen=True)
class PageJob:
    """What a page is made of, and the file that gets it: the graded notebook, and what is known of its grades."""

    course: Path
    student: str
    lab: str
    graded: Path
    page: Path
    grades: dict[str, Grade]
    outcome: Outcome
    penalty: float
    late: timedelta


def grades_of(entry: GradebookEntry, released: Mapping[str, str]) -> dict[str, Grade]:
    """The grades of a submission by grade id, and what is known of answers without points.

    `released` are the texts of the cells as they were handed out.
    """
    marks, comments = {mark.name: mark for mark in entry.marks}, dict(entry.comments)
    grades = {}
    for name in released.keys() | comments.keys() | marks.keys():
        comment, source, mark = comments.get(name) or "", released.get(name), marks.get(name)
        grades[name] = (
            Grade(mark.score, mark.max_points, mark.waits, mark.by_hand, comment, source)
            if mark
            else Grade(comment=comment, released=source)
        )
    return grades


def make_page(job: PageJob) -> str:
    """Make a page and write it; return why it cannot be made, or nothing."""
    try:
        graded = nbformat.v4.reads(job.graded.read_text("utf-8"))
        job.page.parent.mkdir(parents=True, exist_ok=True)
        write_whole(job.page, page_of(job, graded))
    except Exception as error:  # noqa: BLE001 - a page that cannot be made must cost nobody else a page; it is reported
        return f"{type(error).__name__}: {error}"
    return ""


def page_of(job: PageJob, graded: NotebookNode) -> str:
    """The page of a graded notebook, which is changed."""
    names = {"student": job.student, "assignment": job.lab, "notebook": job.lab}
    summary = summarise(graded, job.grades, job.outcome, job.student, job.penalty, job.late)
    for cell in graded.cells:
        add_grade(cell, job.grades)
    page, _ = exporter(job.course).from_notebook_node(graded, {"nbgrader": names, "feedback": summary})
    return page


def add_grade(cell: NotebookNode, grades: Mapping[str, Grade]) -> None:
    """Write points and comment into a cell's metadata, where the template looks for them; as nbgrader's GetGrades."""
    if not (utils.is_grade(cell) or utils.is_solution(cell) or utils.is_task(cell)):
        return
    grade = grades[str(grade_id(cell))]
    if utils.is_solution(cell) or utils.is_task(cell):
        cell.metadata.nbgrader.comment = grade.comment
    if utils.is_grade(cell) or utils.is_task(cell):
        cell.metadata.nbgrader.update(score=grade.points, points=grade.max_points)


@lru_cache(1)
def exporter(root: Path) -> FeedbackPage:
    """The exporter with nbgrader's settings of the course in this folder, but for the steps that read the gradebook."""
    settings = load_config(root)
    settings.Exporter.default_preprocessors = []
    page = FeedbackPage(config=settings)
    for step in settings.GenerateFeedback.preprocessors:
        if step not in READ_THE_GRADEBOOK:
            page.register_preprocessor(step)
    return page
