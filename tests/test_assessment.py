"""The page that says how good the tests are."""

import shutil

from light import light_course

from benchmarks.assessment import place, read, save
from benchmarks.assessment_counts import Effort, Kept, SeedCounts, mistake_counts, mutant_counts
from benchmarks.assessment_page import page
from benchmarks.margins import Comparison
from course.authoring.ends import End
from course.authoring.mutations import Mutant
from course.authoring.try_all_variants import Mistake
from course.authoring.try_mutants import Tried
from course.config import load_course
from course.labs.variants import Variant

TRIED = [
    Tried(Mutant("scale", "1:0: 1 becomes 2", ""), End.NOT),
    Tried(Mutant("scale", "1:0: 1 becomes 0", ""), End.HIDDEN, "AssertionError: no"),
    Tried(Mutant("scale", "1:0: «x = 1» is left out", ""), End.RIGHT, "it is"),
]


def test_results_are_kept_and_shown(tmp_path):
    course = load_course(shutil.copytree(light_course().root, tmp_path / "course"))
    text = save(course).read_text("utf-8")
    assert text.count("Not measured yet.") == 5
    answers = [Variant("scale", "a", "", frozenset()), Variant("scale", "b", "", frozenset({"test-scale"}))] * 4
    mutants = mutant_counts(TRIED, 40, answers[1:])
    near = Comparison("test-x", "a | b > 0.5", 0.625, 0.5, True)
    seeds = SeedCounts("2020-01-31", 30, ["01_light, seed 7: test-x gives 0 points"], [near])
    text = save(course, Kept({"01_light": mutants, "02_gone": mutants})).read_text("utf-8")
    assert text.count("Not measured yet.") == 4
    mistakes = mistake_counts([Mistake("01_light", answers[1], end) for end in (End.MESSAGE, *[End.HIDDEN] * 3)])
    text = save(course, Kept(mistakes=mistakes)).read_text("utf-8")
    assert f"| 01_light | 4 | 1 | 3 | 0 | 0 | 0 | 75% | {mutants.day} |" in text
    assert text.count("Not measured yet.") == 3
    text = save(
        course, Kept(seeds={"01_light": seeds}, effort={"01_light": Effort("2020-02-01", 4, 20, 12.345)})
    ).read_text("utf-8")
    assert (read(course).mutants, read(course).seeds) == ({"01_light": mutants}, {"01_light": seeds}), (
        "a lab that the course lacks is not kept"
    )
    assert f"| 01_light | 3 | 4 | 40 | 3 | 1 | 0 | 1 | 0 | 0 | 1 | 50.0% | {mutants.day} |" in text
    assert "- 01_light, scale, 1:0: 1 becomes 2\n" in text and "Not measured" not in text
    assert "| 01_light | 30 | 1 | 2020-01-31 |" in text and "| 01_light | 4 | 20 | 12.3 | 2020-02-01 |" in text
    assert "- 01_light, seed 7: test-x gives 0 points\n" in text
    assert r"| 01_light | test-x | `a \| b > 0.5` | 0.625 | 0.5 | 20.0% |" in text


def test_the_page_is_made_from_what_is_kept(course):
    kept = read(course)
    assert {*kept.mutants, *kept.seeds, *kept.effort, *kept.mistakes} <= {lab.name for lab in course.labs}
    assert place(course).with_suffix(".md").read_text("utf-8") == page(kept)
