"""Preparing a lab once for all that needs it: publishing asks for each lab three times, half a second each."""

import copy
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path

from nbformat import NotebookNode

from course.config import Course, Lab
from course.labs.prepare import prepare_lab

_KEPT = 64  # labs, which no course has


@dataclass(frozen=True)
class _Question:
    """What `prepare_lab` is asked: alike if all is alike that its answer depends on, wherever the course lies."""

    settings: str
    files: tuple[bytes | None, ...]
    course: Course = field(compare=False)
    lab: Lab = field(compare=False)


def prepare_once(course: Course, lab: Lab) -> NotebookNode:
    """What `prepare_lab` makes of a lab now, as a copy that may be changed.

    Raises
    ------
    LintError
        The source breaks a rule of the course.
    """
    settings = repr(replace(course, root=Path(), labs=(lab,)))
    files = tuple(path.read_bytes() if path.is_file() else None for path in (course.source(lab), course.measurements))
    return copy.deepcopy(_prepared(_Question(settings, files, course, lab)))


@lru_cache(_KEPT)
def _prepared(question: _Question) -> NotebookNode:
    return prepare_lab(question.course, question.lab)
