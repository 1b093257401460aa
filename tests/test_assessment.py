"""The page that says how good the tests are."""

import shutil

import pytest
from light import light_course

from benchmarks.assessment import place, read, save
from benchmarks.assessment_counts import (
    GradingTime,
    Kept,
    Minutes,
    SeedCounts,
    lab_minutes,
    mistake_counts,
    mutant_counts,
)
from benchmarks.assessment_page import page
from benchmarks.margins import Comparison
from benchmarks.work_minutes import estimated_minutes
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
    mutants = mutant_counts(TRIED, 40, answers[1:], "a1")
    near = Comparison("test-x", "a | b > 0.5", 0.625, 0.5, True)
    seeds = SeedCounts("2020-01-31", 30, ["01_light, seed 7: test-x gives 0 points"], "a1", [near])
    text = save(course, Kept({"01_light": mutants, "02_gone": mutants})).read_text("utf-8")
    assert text.count("Not measured yet.") == 4
    ends = (End.MESSAGE, *[End.HIDDEN] * 3)
    mistakes = mistake_counts([Mistake("01_light", answers[1], end) for end in ends], {"01_light": "a0"})
    text = save(course, Kept(mistakes=mistakes)).read_text("utf-8")
    assert f"| 01_light | 4 | 1 | 3 | 0 | 0 | 0 | 75% | {mutants.day} |" in text
    assert text.count("Not measured yet.") == 3
    timed, minutes = GradingTime("2020-02-01", 12.345, "a1"), Minutes(4, 17, 20, "a1")
    kept = Kept(seeds={"01_light": seeds}, minutes={"01_light": minutes}, grading={"01_light": timed})
    text = save(course, kept).read_text("utf-8")
    assert (read(course).mutants, read(course).seeds) == ({"01_light": mutants}, {"01_light": seeds}), (
        "a lab that the course lacks is not kept"
    )
    assert f"| 01_light | 3 | 4 | 40 | 3 | 1 | 0 | 1 | 0 | 0 | 1 | 50.0% | {mutants.day} |" in text
    assert "- 01_light, scale, 1:0: 1 becomes 2\n" in text and "Not measured" not in text
    assert "| 01_light | 30 | 1 | 2020-01-31 |" in text and "| 01_light | 4 | 17 | 20 | 12.3 | 2020-02-01 |" in text
    assert f"| 75% | {mutants.day}* |" in text, "the lab's code was another one"
    assert "- 01_light, seed 7: test-x gives 0 points\n" in text
    assert r"| 01_light | test-x | `a \| b > 0.5` | 0.625 | 0.5 | 20.0% |" in text


def test_the_page_is_made_from_what_is_kept(course):
    kept = read(course)
    assert {*kept.mutants, *kept.seeds, *kept.minutes, *kept.grading, *kept.mistakes} <= {
        lab.name for lab in course.labs
    }
    assert place(course).with_suffix(".md").read_text("utf-8") == page(kept)
    now = {lab.name: lab_minutes(course, lab) for lab in course.labs}
    assert kept.minutes == now, "a lab has changed: run `python -m benchmarks minutes`, which marks older counts, too"


def test_minutes_are_estimated_from_words_code_and_tasks_before_what_is_optional(tmp_path):
    cells = [
        "# %% [markdown]\n# Four words are here.\n#\n# <details><summary>Hint</summary>\n# two\n# </details>\n",
        '# %% tags=["stamp-setup"]\nimport os\n',
        "# %%\n# a comment\nx = 1\n\ny = 2\n",
        '# %% nbgrader={"grade": false, "grade_id": "a", "solution": true}\ndef a():\n    ### BEGIN SOLUTION\n'
        "    x = 1\n    return x\n    ### END SOLUTION\n",
        '# %% nbgrader={"grade": true, "grade_id": "test-a", "points": 1, "solution": false}\nassert a() == 1\n',
        '# %% [markdown] nbgrader={"grade": true, "grade_id": "w", "points": 1, "solution": true}\n# My long answer.\n',
        "# %% [markdown]\n# ## Going further\n#\n# Many words, which nobody has to read.\n",
        "# %%\nprint(1)\n",
    ]
    course = load_course(shutil.copytree(light_course().root, tmp_path / "course"))
    course.source(course.labs[0]).write_text("\n".join(cells), "utf-8")
    due = (4 + 0.5 * 2) / 160 + 2 / 11 + 2 * 1.1 + 6 + 8
    assert estimated_minutes(course, course.labs[0]) == pytest.approx(due)
