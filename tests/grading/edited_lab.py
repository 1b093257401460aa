"""A class graded by a lab that is changed afterwards, without executing anything: what tests of editions share."""

import nbformat

from course.grading import grade
from course.grading.options import Options
from course.inbox import submissions
from course.labs.prepare import prepare_lab
from course.labs.release import student_text
from course.labs.sources import grade_id, source_text
from course.text.files import write_text

WRITTEN = "explain-test-set"


def graded(course, folder, told=None, **options):
    lab = course.labs[0]
    found, tell = submissions.require_submissions(folder, lab), (told if told is not None else []).append
    chosen = Options(workers=1, trust=True, **options)
    return {one.student: one for one in grade.grade(course, lab, folder, found, lambda student: None, chosen, tell)}


def edit(course, drop="one-hot", points_to=WRITTEN):
    """Take a task out of the source, and give its points to another."""
    lab = course.labs[0]
    notebook = prepare_lab(course, lab)
    notebook.cells = [cell for cell in notebook.cells if grade_id(cell) not in (drop, f"test-{drop}")]
    next(cell for cell in notebook.cells if grade_id(cell) == points_to).metadata.nbgrader.points += 2
    write_text(course.source(lab), source_text(notebook))


def build(course):
    """As `course build`, but without executing anything."""
    lab = course.labs[0]
    source = prepare_lab(course, lab)
    write_text(course.solution(lab), nbformat.writes(source))
    write_text(course.released(lab), student_text(course, lab, source))
