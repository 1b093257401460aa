"""Stripping a lab for students; nbgrader does it, in a temporary folder and without a gradebook."""

import tempfile
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbgrader.converters import GenerateAssignment
from nbgrader.utils import capture_log

from course.config import Course, Lab
from course.errors import BuildError
from course.nbgrader_api import failure, load_config, nbgrader_in


def student_text(course: Course, lab: Lab, notebook: NotebookNode) -> str:
    """The JSON text of the student copy of a lab's source.

    Raises
    ------
    BuildError
        nbgrader refuses the notebook; the message is nbgrader's.
    """
    config = load_config(course.root)
    config.SaveCells.enabled = False
    config.GenerateAssignment.no_database = True
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "source", lab.name, f"{lab.name}.ipynb")
        source.parent.mkdir(parents=True)
        nbformat.write(notebook, source)
        api = nbgrader_in(Path(folder), config)
        api.coursedir.source_directory = "source"
        api.coursedir.assignment_id = lab.name
        converter = GenerateAssignment(coursedir=api.coursedir, parent=api)
        result = capture_log(converter)
        if reason := failure(result):
            raise BuildError(f"{course.source(lab)}: nbgrader cannot make the student copy: {reason}")
        return Path(folder, course.release_directory, lab.name, f"{lab.name}.ipynb").read_text("utf-8")
