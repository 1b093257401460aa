"""The page that says how good the tests are."""

import shutil

from light import light_course

from benchmarks.assessment import Measured, measured, page, place, read, save
from course.authoring.mutations import Mutant
from course.authoring.try_mutants import End, Tried
from course.config import load_course

TRIED = [
    Tried(Mutant("scale", "1:0: 1 becomes 2", ""), End.NOT),
    Tried(Mutant("scale", "1:0: 1 becomes 0", ""), End.HIDDEN, "AssertionError: no"),
    Tried(Mutant("scale", "1:0: «x = 1» is left out", ""), End.RIGHT, "it is"),
]


def test_results_are_kept_and_shown(tmp_path):
    course = load_course(shutil.copytree(light_course().root, tmp_path / "course"))
    assert "Not measured yet: 01_light." in page(course, read(course))
    result = measured(TRIED)
    text = save(course, {"01_light": result, "02_gone": result}).read_text("utf-8")
    assert read(course) == {"01_light": result}, "a lab that the course does not have is not kept"
    assert f"| 01_light | 3 | 1 | 0 | 1 | 0 | 0 | 1 | 50.0% | {result.day} |" in text
    assert "- 01_light, scale, 1:0: 1 becomes 2\n" in text and "Not measured" not in text


def test_the_page_is_made_from_what_is_kept(course):
    kept = read(course)
    assert set(kept) <= {lab.name for lab in course.labs}
    assert all(isinstance(result, Measured) for result in kept.values())
    assert place(course).with_suffix(".md").read_text("utf-8") == page(course, kept)
