"""A course with one light lab, for tests that grade many submissions: lab 1 as it was, without figures and tables.

It is a course of its own, so that its tests of grading stay the same when a lesson or its tests change.
"""

import atexit
import functools
import shutil
import tempfile
from pathlib import Path

import nbformat
from this_course import COURSE

from course.config import Course, load_course
from course.labs.prepare import prepare_lab
from course.labs.release import student_text
from course.text.files import write_text

SOURCES = Path(__file__).parent / "light_course"


@functools.cache
def light_course() -> Course:
    """The course in a folder of its own, as if it had been built; deleted when the process ends."""
    root = Path(tempfile.mkdtemp(prefix="light-"))
    atexit.register(shutil.rmtree, root, ignore_errors=True)
    shutil.copytree(SOURCES, root, dirs_exist_ok=True)
    shutil.copy(COURSE.root / "nbgrader_config.py", root)
    course = load_course(root)
    lab = course.labs[0]
    source = prepare_lab(course, lab)
    write_text(course.solution(lab), nbformat.writes(source))
    write_text(course.released(lab), student_text(course, lab, source))
    return course
