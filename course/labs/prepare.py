"""What building and grading start from: a lab's source, checked and stamped."""

from nbformat import NotebookNode

from course.config import Course, Lab
from course.labs import lint
from course.labs.sources import read_source, with_ids
from course.labs.stamp import stamp_lab


def prepare_lab(course: Course, lab: Lab) -> NotebookNode:
    """The lab's source, checked and stamped, without outputs.

    Raises
    ------
    LintError
        The source breaks a rule of the course.
    """
    notebook = read_source(course.source(lab))
    lint.lint(course.source(lab), notebook, lab.budget, lab.rules)
    stamp_lab(course, lab, notebook)
    return with_ids(notebook)
