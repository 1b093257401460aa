"""A further task or written question in a lab, from the templates in new_task/, for its author to rewrite."""

import builtins
import keyword
import re
from pathlib import Path
from string import Template

import jupytext
from nbformat import NotebookNode

from course.authoring.lab_entries import with_points
from course.authoring.task_order import task_numbers
from course.authoring.titles import one_line_title
from course.config import COURSE_FILE, Course, Lab
from course.errors import CourseError
from course.labs.sources import PERCENT, grade_id, imports, points_by_cell, read_source, source_text, with_ids
from course.labs.variants import variants_file
from course.text.files import write_text

_TEMPLATES = Path(__file__).parent / "new_task"
_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_LONGEST_NAME = 59  # characters; with "test-" before it, it may have 64
HELPER = "explain_errors"  # what the test uses, if the lab does not import it already
END = re.compile(r"^## (Going further|References)\b", re.MULTILINE)


def add_task(course: Course, lab: Lab, name: str, title: str, points: int, written: bool) -> list[Path]:
    """Put a task after the last one of the lab, with right and wrong answers if it has a test; the files written.

    The lab's points in course.toml become those that its tasks have now.

    Parameters
    ----------
    name
        The grade id of the answer, such as "ink-rows"; its function is then called ink_rows.
    written
        Whether it is a question that a person marks.

    Raises
    ------
    CourseError
        The name or title is not valid, or the name is taken. Nothing is written.
    """
    source = course.source(lab)
    notebook = read_source(source)
    refuse_name(name, notebook, lab)
    title = one_line_title(title, "task")
    words = {
        "name": name,
        "function": function_of(name),
        "title": title,
        "number": str(1 + max((number for number, _ in task_numbers(notebook)), default=0)),
        "points": f"{points} point{'' if points == 1 else 's'}",
        "number_of_points": str(points),
    }
    cells = jupytext.reads(filled("question" if written else "task", words), fmt=dict(PERCENT)).cells
    end = next((place for place, cell in enumerate(notebook.cells) if END.search(cell.source)), len(notebook.cells))
    notebook.cells[end:end] = cells
    if not written and HELPER not in imports(notebook):
        cells[-1].source = f"from data_utils import {HELPER}\n\n{cells[-1].source}"
    settings, answers = course.root / COURSE_FILE, variants_file(course, lab)
    total = sum(points_by_cell(notebook).values())
    new_settings = with_points(settings.read_text("utf-8"), lab.name, f"{total:g}")
    files = [write_text(source, source_text(with_ids(notebook))), write_text(settings, new_settings)]
    if not written:
        before = answers.read_text("utf-8") if answers.is_file() else ""
        files.append(write_text(answers, before + filled("variants", words)))
    return files


def refuse_name(name: str, notebook: NotebookNode, lab: Lab) -> None:
    """Raise a `CourseError` for what is no grade id, or the name of something else."""
    function = function_of(name)
    code = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
    if not _NAME.fullmatch(name) or len(name) > _LONGEST_NAME or keyword.iskeyword(name) or name.startswith("test-"):
        raise CourseError(
            f"{name!r} is no name of a task. Write small letters, digits and -, at most {_LONGEST_NAME}, such as "
            "ink-rows; the function of the answer is then called ink_rows."
        )
    if {name, f"test-{name}"} & {grade_id(cell) for cell in notebook.cells}:
        raise CourseError(f"{lab.name} has a task called {name} already. Choose another name.")
    if function in dir(builtins) or re.search(rf"\b{function}\b", code):
        raise CourseError(f"The function of the answer would be called {function}, which means something else already.")


def function_of(name: str) -> str:
    """What the function of a task's answer is called."""
    return name.replace("-", "_")


def filled(template: str, words: dict[str, str]) -> str:
    """A template with the words of this task."""
    return Template((_TEMPLATES / f"{template}.txt").read_text("utf-8")).substitute(words)
