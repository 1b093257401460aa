"""A course with one light lab, for tests that grade many submissions: lab 1 without figures, tables and pandas.

The lab is cut from the real one, so that it is graded, damaged and cheated on like it, in half the time.
"""

import atexit
import functools
import re
import shutil
import tempfile
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from this_course import COURSE

from course.config import Course, load_course
from course.files import write_text
from course.labs.prepare import prepare_lab
from course.labs.release import student_text
from course.labs.sources import grade_id, is_answer, is_written, points_by_cell, source_text
from course.labs.variants import Variant, read_variants, variants_file
from course.rules import Rules

SLOW = re.compile(r"\b(plt|pd|sns|plot_images|BLUE)\b")
COURSE_TOML = """id = "light"
title = "Light"
[instructors]
repository = "light/light"
[students]
repository = "light/light-students"
ref = "main"
[[labs]]
name = "01_light"
work_minutes = 10
budget = { N_TRAIN = 4_000, N_TEST = 1_000 }
"""


@functools.cache
def light_course() -> Course:
    """The course in a folder of its own, as if it had been built; deleted when the process ends."""
    root = Path(tempfile.mkdtemp(prefix="light-"))
    atexit.register(shutil.rmtree, root, ignore_errors=True)
    write_text(root / "course.toml", COURSE_TOML)
    shutil.copy(COURSE.root / "nbgrader_config.py", root)
    write_text(root / "solutions" / "01_light" / "01_light.py", source_text(cut(prepare_lab(COURSE, COURSE.labs[0]))))
    course = load_course(root)
    lab = course.labs[0]
    source = prepare_lab(course, lab)
    write_text(course.solution(lab), nbformat.writes(source))
    write_text(course.released(lab), student_text(course, lab, source))
    return course


def cut(notebook: NotebookNode) -> NotebookNode:
    """The tasks that need only NumPy, with the text and the set-up."""
    kept = {f"{prefix}{task}" for task in fast_tasks(notebook) for prefix in ("", "test-")}
    first = next(number for number, cell in enumerate(notebook.cells) if grade_id(cell))
    notebook.cells = [
        cell
        for number, cell in enumerate(notebook.cells)
        if cell.cell_type == "markdown" or grade_id(cell) in kept or (number < first and not shows(cell))
    ]
    for cell in notebook.cells:
        if cell.cell_type == "markdown":  # the points change below
            cell.source = re.sub(r"^(#+ .*) \(\d+ points?[^()]*\)$", r"\1", cell.source, flags=re.MULTILINE)
        if loads(cell):
            lines = [line for line in cell.source.splitlines() if not SLOW.search(line)]
            cell.source = "\n".join(["from data_utils import load_mnist", *lines])
    written = next(cell for cell in notebook.cells if is_written(cell))
    written.metadata["nbgrader"]["points"] += Rules().points - sum(points_by_cell(notebook).values())
    return notebook


def fast_tasks(notebook: NotebookNode) -> list[str]:
    """Tasks whose answer and test need nothing slow."""
    slow = {str(grade_id(cell)).removeprefix("test-") for cell in notebook.cells if SLOW.search(cell.source)}
    answers = [str(grade_id(cell)) for cell in notebook.cells if is_answer(cell) and not is_written(cell)]
    return [name for name in answers if name not in slow]


def loads(cell: NotebookNode) -> bool:
    """Whether it is the cell that loads the digits."""
    return cell.cell_type == "code" and "load_mnist(" in cell.source and not grade_id(cell)


def shows(cell: NotebookNode) -> bool:
    """Whether it only shows something."""
    return bool(SLOW.search(cell.source)) and not loads(cell)


def right_answers() -> list[Variant]:
    """Right answers of other kinds to its tasks."""
    real, lab = COURSE.labs[0], light_course().labs[0]
    names = set(fast_tasks(prepare_lab(light_course(), lab)))
    known = read_variants(variants_file(COURSE, real), prepare_lab(COURSE, real))
    return [variant for variant in known if variant.task in names and not variant.fails]
