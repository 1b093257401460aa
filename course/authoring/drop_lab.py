"""Taking a lab out of the course, everywhere; what is committed stays in the repository's history."""

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from benchmarks import assessment
from benchmarks import page as benchmarks_page
from course.authoring.index import index_text
from course.authoring.lab_entries import without_entry
from course.authoring.prepare_once import prepare_once
from course.authoring.readme_rows import drop_readme_row
from course.authoring.tried_runs import read_tried, write_tried
from course.authoring.try_mutants import mutants_file
from course.config import COURSE_FILE, Course, Lab
from course.errors import CourseError, LintError
from course.labs.variants import variants_file
from course.text.files import write_text
from reproduction import page as reproduction_page
from reproduction.systems import plan_file

# Pages that may mention a lab: first those that students read.
STUDENT_PAGES, _PAGES = ("solutions/*/*.py", "students/*.md"), ("*.md", "docs/**/*.md")
KEPT = "CHANGELOG.md"  # tells of the past


def files_of_lab(course: Course, lab: Lab) -> list[Path]:
    """The files and folders that are the lab's alone."""
    answers = (variants_file(course, lab), mutants_file(course, lab))
    paths = (course.source(lab).parent, course.released(lab).parent, *answers, plan_file(course, lab))
    return [path for path in paths if path.exists()]


def drop_lab(course: Course, lab: Lab) -> list[Path]:
    """Delete the lab's files, and take it out of course.toml and the generated pages; return what was written anew.

    Raises
    ------
    CourseError
        It is the only lab, another lab breaks a rule, or course.toml is written so that its entry cannot be told apart.
        Nothing is changed.
    """
    remaining = replace(course, labs=tuple(other for other in course.labs if other != lab))
    if not remaining.labs:
        raise CourseError(f"{lab.name} is the only lab of the course. Make another one first: course new")
    settings = without_entry((course.root / COURSE_FILE).read_text("utf-8"), lab.name)
    try:
        index = index_text(remaining, {other: prepare_once(remaining, other) for other in remaining.labs})
    except LintError as error:
        raise CourseError(f"{lab.name} was not dropped, as the list of labs cannot be made. {error}") from error
    for path in files_of_lab(course, lab):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    written = [
        write_text(course.root / COURSE_FILE, settings),
        write_text(course.root / course.release_directory / "README.md", index),
    ]
    return [
        *written,
        *_drop_measurements(remaining, lab),
        *_drop_runs(remaining, lab),
        *_drop_mutants(remaining, lab),
        *_drop_tried_runs(remaining, lab),
        *drop_readme_row(remaining, lab),
    ]


def mentions(course: Course, name: str) -> Iterator[str]:
    """Where pages still mention a lab, by its name or its number, as FILE:LINE: text."""
    number = int(name[:2]) if name[:2].isdigit() else 0
    pattern = re.compile(rf"\b{re.escape(name)}\b|\b[Ll]abs? (?:\d+(?:,| and| to)? )*{number}\b")
    kept = (course.measurements, course.reproduction, assessment.place(course))
    generated = {path.with_suffix(".md") for path in kept}  # not for editing
    for_students, others = (
        {path for pattern in patterns for path in course.root.glob(pattern)} for patterns in (STUDENT_PAGES, _PAGES)
    )
    for path in [*sorted(for_students), *sorted(others - generated - {course.root / KEPT})]:
        for line, text in enumerate(path.read_text("utf-8").splitlines(), 1):
            if pattern.search(text):
                yield f"{path.relative_to(course.root)}:{line}: {text.strip()}"


def _drop_measurements(course: Course, lab: Lab) -> Iterator[Path]:
    """docs/benchmarks without the lab's "Run All" and its copied answers; measurements of grading with it stay."""
    path = course.measurements
    measurements = json.loads(path.read_text("utf-8")) if path.is_file() else {}
    copied_answers = measurements.get("similar", [])
    others = [row for row in copied_answers if row["lab"] != lab.name]
    if measurements.get("run_all", {}).pop(lab.name, None) or others != copied_answers:
        measurements |= {"similar": others} if copied_answers else {}
        yield write_text(path, json.dumps(measurements, indent=2, sort_keys=True) + "\n")
        yield write_text(path.with_suffix(".md"), benchmarks_page.page(measurements))


def _drop_runs(course: Course, lab: Lab) -> Iterator[Path]:
    """docs/reproduction without the lab's runs and figures."""
    path = course.reproduction
    runs = json.loads(path.read_text("utf-8")) if path.is_file() else {}
    remaining = {key: run for key, run in runs.items() if key.split(",")[0] != lab.name}
    if remaining != runs:
        yield write_text(path, json.dumps(remaining, indent=1, sort_keys=True, ensure_ascii=False) + "\n")
        yield write_text(path.with_suffix(".md"), reproduction_page.page(course))


def _drop_mutants(course: Course, lab: Lab) -> Iterator[Path]:
    """docs/assessment-quality without the lab."""
    if assessment.place(course).is_file():
        yield from (assessment.place(course), assessment.save(course))


def _drop_tried_runs(course: Course, lab: Lab) -> Iterator[Path]:
    """tests/variants/tried.json without the lab's runs."""
    if lab.name in read_tried(course):
        yield write_tried(course, lab.name, [])
