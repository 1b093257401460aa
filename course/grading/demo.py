"""A small class of made-up students, to show the grading and to test it."""

import copy
import shutil
from collections.abc import Mapping
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from course.config import Course, Lab
from course.errors import CourseError
from course.labs.prepare import prepare_lab
from course.labs.release import student_text
from course.labs.sources import grade_id, is_answer, without_markers
from course.labs.variants import Variant, read_variants, variants_file
from course.text.files import write_text

MARKER = ".made-by-course-demo"


def make_class(course: Course, lab: Lab, folder: Path) -> dict[str, str]:
    """Write the submissions of six students into `folder`; return what each of them did, by student.

    Raises
    ------
    CourseError
        The folder holds something that no demo made.
    """
    clear_demo(folder)
    solution = prepare_lab(course, lab)
    blank = nbformat.reads(student_text(course, lab, solution), as_version=4)
    model = model_answers(solution)
    variants = read_variants(variants_file(course, lab), solution)
    first_half = dict(list(model.items())[: len(model) // 2])
    other_answers = {variant.task: variant.answer for variant in first_by_task(variants, right=True)}
    mistakes = {variant.task: variant.answer for variant in first_by_task(variants, right=False)[:2]}
    hand_in(folder, lab, "ada-perfect", fill_in(blank, model))
    hand_in(folder, lab, "ben-blank", blank)
    hand_in(folder, lab, "cleo-half-done", fill_in(blank, first_half))
    hand_in(folder, lab, "dan-another-way", fill_in(blank, model | other_answers))
    hand_in(folder, lab, "eve-two-mistakes", fill_in(blank, model | mistakes))
    cut_off = nbformat.writes(fill_in(blank, model))
    write_text(submission_path(folder, lab, "finn-cut-off"), cut_off[: len(cut_off) // 2])
    return {
        "ada-perfect": "the model answers",
        "ben-blank": "the lab as it was handed out",
        "cleo-half-done": f"the first {len(first_half)} of {len(model)} answers",
        "dan-another-way": "right answers of another kind",
        "eve-two-mistakes": f"typical mistakes in {' and '.join(mistakes)}",
        "finn-cut-off": "a file of which half is missing",
    }


def clear_demo(folder: Path) -> None:
    """Delete what an earlier demo made in the folder, and mark it as a demo's."""
    if folder.exists():
        if not (folder / MARKER).is_file() and any(folder.iterdir()):
            raise CourseError(f"{folder} holds files that no demo made. Name another folder with --folder.")
        shutil.rmtree(folder)
    write_text(folder / MARKER, "")


def model_answers(solution: NotebookNode) -> dict[str, str]:
    """The model answer of each answer cell by grade id, without the markers around it."""
    answers = {grade_id(cell) or "": cell.source for cell in solution.cells if is_answer(cell)}
    return {name: without_markers(source) for name, source in answers.items()}


def fill_in(blank: NotebookNode, answers: Mapping[str, str]) -> NotebookNode:
    """The student copy with these answers filled in."""
    notebook = copy.deepcopy(blank)
    for cell in notebook.cells:
        if is_answer(cell):
            cell.source = answers.get(grade_id(cell) or "", cell.source)
    return notebook


def first_by_task(variants: tuple[Variant, ...], right: bool) -> list[Variant]:
    """The first right (or wrong) variant of each task that fails no other task's test."""
    first: dict[str, Variant] = {}
    for variant in variants:
        if right == (not variant.fails) and not variant.spoils:
            first.setdefault(variant.task, variant)
    return list(first.values())


def hand_in(folder: Path, lab: Lab, student: str, notebook: NotebookNode) -> None:
    """Write a notebook where nbgrader looks for a student's submission."""
    write_text(submission_path(folder, lab, student), nbformat.writes(notebook))


def submission_path(folder: Path, lab: Lab, student: str) -> Path:
    """FOLDER/submitted/STUDENT/LAB/LAB.ipynb."""
    return folder / "submitted" / student / lab.name / f"{lab.name}.ipynb"
