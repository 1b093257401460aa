"""The corpus as files, made from a lab of the course."""

from pathlib import Path

import nbformat

from corpus.material import CASES, Case, Material
from course.config import Course, Lab
from course.grading import demo
from course.labs.prepare import prepare_lab
from course.labs.variants import read_variants, variants_file


def material(course: Course, lab: Lab) -> Material:
    """What the cases of a lab are made of."""
    source = prepare_lab(course, lab)
    blank = nbformat.read(course.released(lab), as_version=4)
    solved = demo.fill_in(blank, demo.model_answers(source))
    right = demo.first_by_task(read_variants(variants_file(course, lab), source), right=True)
    return Material(lab.name, blank, solved, {variant.task: variant.answer for variant in right})


def hand_in_all(folder: Path, made_of: Material) -> None:
    """Write the submission of every case into FOLDER/submitted."""
    for case in CASES:
        for name, content in case.make(made_of).items():
            path = folder / "submitted" / case.name / made_of.lab / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)


def earned(case: Case, made_of: Material) -> list[str]:
    """The names of the tests that a case must pass."""
    if isinstance(case.earns, str):
        return {"all": made_of.tests(), "none": []}[case.earns]
    return case.earns(made_of)
