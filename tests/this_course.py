"""The course of this repository and its labs, read once for all tests of a process."""

import copy
from functools import cache
from pathlib import Path

from nbformat import NotebookNode

from course.config import Lab, load_course
from course.labs.prepare import prepare_lab

COURSE = load_course(Path(__file__).parent)


def prepared(lab: Lab) -> NotebookNode:
    """`prepare_lab` of this course's lab, as a copy that a test may change."""
    return copy.deepcopy(_prepared(lab.name))


@cache
def _prepared(name: str) -> NotebookNode:
    return prepare_lab(COURSE, COURSE.lab(name))
