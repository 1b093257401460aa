"""Making the kit of a lab from its source."""

import nbformat

from course.authoring.build import prepare
from course.authoring.parameters import parameters
from course.authoring.release import student_text
from course.authoring.sources import grade_id, imports, is_test
from course.config import Course, Lab
from course.grading.kit import Kit


def make_kit(course: Course, lab: Lab, full_size: bool = False) -> Kit:
    """The kit of a lab, with its grading budget, or with the parameters as handed out if `full_size`."""
    source = prepare(course, lab)
    reference = nbformat.reads(student_text(course, lab, source), as_version=4)
    tests = {grade_id(cell): cell.source for cell in source.cells if is_test(cell)}
    for cell in reference.cells:
        cell.source = tests.get(grade_id(cell), cell.source)
    budget = {} if full_size else dict(lab.budget)
    return Kit(lab.name, reference, imports(source), budget, parameters(source) | budget, lab.limits)
