"""Making the spec of a lab from its source."""

import nbformat

from course.config import Course, Lab
from course.grading.execution.spec import Spec
from course.labs.editions import as_built, check_built
from course.labs.parameters import parameters
from course.labs.prepare import prepare_lab
from course.labs.release import student_text
from course.labs.sources import grade_id, imports, is_test


def make_spec(course: Course, lab: Lab, full_size: bool = False, built: bool = False) -> Spec:
    """The spec of a lab, with its grading budget, or with the parameters as handed out if `full_size`.

    With `built` it is made from the answer key, even if the source was edited since.

    Raises
    ------
    EditionError
        Source, answer key and student copy do not belong together.
    """
    source = as_built(course, lab) if built else prepare_lab(course, lab)
    student = student_text(course, lab, source)
    check_built(course, lab, source, student, built)
    reference = nbformat.reads(student, as_version=4)
    tests = {grade_id(cell): cell.source for cell in source.cells if is_test(cell)}
    for cell in reference.cells:
        cell.source = tests.get(grade_id(cell), cell.source)
    defaults = parameters(source)
    budget = defaults if full_size else dict(lab.budget)  # also at full size, whatever a student has set
    return Spec(lab.name, reference, imports(source), budget, defaults | budget, lab.limits)
