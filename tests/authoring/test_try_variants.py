"""Every test of every task is tested by right and wrong answers."""

import random
import shutil
from functools import cache

import pytest
from light import light_course
from rich.progress import Progress
from this_course import COURSE, prepared
from tried_labs import UNCHANGED, runs_of
from typer.testing import CliRunner

from course import cli
from course.authoring import try_variants
from course.authoring.name_use import cut_to
from course.authoring.try_all_variants import try_all, try_trial
from course.errors import CourseError
from course.labs import variants
from course.labs.sources import grade_id, is_answer, is_written, points_by_cell, read_source
from course.labs.variants import Variant

FEWEST_RIGHT, FEWEST_WRONG = 2, 3
WRONG = """
[[variant]]
task = "scale"
name = "divided by the largest pixel"
right = false
answer = "scale = lambda images: (images / images.max()).astype(np.float32)"

[[variant]]
task = "scale"
name = "not divided"
right = false
answer = "scale = lambda images: images.astype(np.float32)"
"""
AGAIN, SEED = 1, 20_261_127  # unchanged runs of a lab that are tried again here, and how they are drawn


def tasks_of(notebook):
    return [grade_id(cell) for cell in notebook.cells if is_answer(cell) and not is_written(cell)]


def every_run():
    """Each run of each lab as a test of its own, so that they can be spread over processes."""
    for lab in COURSE.labs:
        notebook = read_source(COURSE.source(lab))
        known = variants.read_variants(variants.variants_file(COURSE, lab), notebook)
        tasks = [grade_id(cell) for cell in notebook.cells if is_answer(cell)]
        for number, _ in enumerate(try_variants.compatible_runs(known, tasks)):
            yield pytest.param(lab.name, number, id=f"{lab.name}-{number + 1}")


@cache
def runs_that_count(name):
    """The numbers of the runs of a lab for which something has changed since they were tried, and of some others.

    Those are tried again because another machine may differ.
    """
    trials, unchanged = runs_of(name)
    drawn = random.Random(SEED).sample(sorted(unchanged), min(AGAIN, len(unchanged)))
    return {*range(len(trials))} - unchanged | {*drawn}


@pytest.mark.kernel
@pytest.mark.parametrize(("name", "number"), list(every_run()))
def test_answers_get_what_they_deserve(name, number):
    if number not in runs_that_count(name):
        pytest.skip(UNCHANGED)
    assert try_trial(COURSE, runs_of(name)[0][number])[0] == []


def test_every_task_has_answers_of_both_kinds(course, lab):
    notebook = prepared(lab)
    known = variants.read_variants(variants.variants_file(course, lab), notebook)
    for task in tasks_of(notebook):
        kinds = [bool(variant.fails) for variant in known if variant.task == task]
        assert kinds.count(False) >= FEWEST_RIGHT, f"{task} needs {FEWEST_RIGHT} right answers beside the model one"
        assert kinds.count(True) >= FEWEST_WRONG, f"{task} needs {FEWEST_WRONG} typical mistakes"
        names = [variant.name for variant in known if variant.task == task]
        assert len(set(names)) == len(names)


def right(task, name="r"):
    return Variant(task, name, "", frozenset())


def wrong(task, *also, name="w"):
    return Variant(task, name, "", frozenset({f"test-{task}", *(f"test-{other}" for other in also)}))


def test_rounds_try_everything_once_and_never_two_neighbours_wrongly():
    tasks = ["a", "b", "c", "d"]
    answers = [f(task, name=str(i)) for task in tasks for i in range(3) for f in (right, wrong)]
    plan = list(try_variants.compatible_runs(answers, tasks))
    assert sorted(id(v) for chosen in plan for v in chosen) == sorted(id(v) for v in answers)
    for chosen in plan:
        assert len({v.task for v in chosen}) == len(chosen)
        assert {tasks.index(v.task) % 2 for v in chosen if v.fails} in ({0}, {1}, set())
    assert len(plan) == 6


def test_an_answer_that_spoils_others_is_the_only_wrong_one():
    first, second = wrong("a", "d"), wrong("c")
    plan = list(try_variants.compatible_runs([first, second, right("b")], ["a", "b", "c", "d"]))
    assert not any(first in chosen and second in chosen for chosen in plan)


def test_a_task_that_is_spoilt_keeps_its_model_answer():
    spoiling, spoilt = wrong("a", "c"), right("c")
    plan = list(try_variants.compatible_runs([spoiling, spoilt, right("b")], ["a", "b", "c"]))
    assert not any(spoiling in chosen and spoilt in chosen for chosen in plan)


def test_a_task_without_answers_is_refused_with_those_that_have_some(course):
    with pytest.raises(CourseError, match=r"has no answers to try for `scael`\. It has for: describe-problem, .*scale"):
        try_all(course, course.labs[:1], Progress(), "scael")


def test_an_answer_is_tried_with_the_tests_that_build_on_it_and_the_answers_that_they_use():
    notebook = prepared(COURSE.lab("05_lenet5_train_on_batch"))
    cells = cut_to(notebook, {"random-batch"}, dependents=True).cells
    first = next(number for number, cell in enumerate(notebook.cells) if is_answer(cell))
    assert cells[:first] == notebook.cells[:first]
    assert [grade_id(cell) for cell in cells[first:]] == [
        *("prepare", "lenet5", "random-batch", "test-random-batch", "train", "test-train"),
        *("train-lenet5", "test-train-lenet5"),
    ]


def test_what_an_answer_calls_comes_along_and_what_is_no_python_needs_nothing():
    notebook = prepared(COURSE.lab("05_lenet5_train_on_batch"))
    calls, broken = (try_variants.with_answers(notebook, {"lenet5": text}) for text in ("prepare(x_train)", "def"))
    assert "prepare" in [grade_id(cell) for cell in cut_to(calls, {"lenet5"}).cells]
    names = [grade_id(cell) for cell in cut_to(broken, {"lenet5"}).cells if grade_id(cell)]
    assert names == ["lenet5", "test-lenet5"]


@pytest.mark.kernel
def test_surprises_are_found(course):
    """A right answer declared wrong, and a wrong one declared right, are both reported."""
    lab = course.labs[0]
    notebook = prepared(lab)
    first, second = tasks_of(notebook)[:2]
    worth = points_by_cell(notebook)[f"test-{second}"]
    model = next(cell.source for cell in notebook.cells if grade_id(cell) == first)
    chosen = [Variant(first, "fine", model, frozenset({f"test-{first}"})), Variant(second, "void", "", frozenset())]
    found, _ = try_trial(course, try_variants.make_trial(notebook, chosen))
    assert len(found) == 2
    assert "2 points to the wrong answer «fine»" in found[0]
    assert f"test-{second} gives 0 of {worth:g} points: AssertionError" in found[1]
    assert "stopped with NameError: name " in found[1]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "does not exist; every lab needs"),
        ("[[variant]\n", "not a valid file of variants"),
        ('[[variant]]\ntask = "x"\nname = "n"\nright = true\n', "`answer` must be given as a str; it is None"),
        ('[[variant]]\ntask = "x"\nname = "n"\nright = true\nanswer = "1"\n', "tasks that the lab does not have: x"),
    ],
)
def test_a_file_of_variants_that_is_wrong(course, tmp_path, text, message):
    path = tmp_path / "some.toml"
    if text is not None:
        path.write_text(text)
    with pytest.raises(CourseError, match=message):
        variants.read_variants(path, prepared(course.labs[0]))


VARIANT = """[[variant]]
task = "scale"
name = "a name"
right = false
answer = "x"
"""


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("right =", "rihgt =", "variant 1: there is no key `rihgt` here. Did you mean `right`?"),
        ("name =", "also_fail = []\nname =", "there is no key `also_fail` here. Did you mean `also_fails`?"),
        ("[[variant]]", "[[variants]]", "there is no key `variants` here. Did you mean `variant`?"),
        ('"a name"', "5", "`name` must be given as a str; it is 5"),
        ("false", '"false"', "`right` must be given as a bool; it is 'false'"),
        ("name =", 'also_fails = ["one-hot"]\nname =', "`also_fails` must list tests of the lab"),
        ("right = false", 'right = true\nalso_fails = ["test-one-hot"]', "that a wrong answer fails"),
        ('answer = "x"', "", "`answer` must be given as a str; it is None"),
    ],
)
def test_a_file_of_variants_is_read_strictly(course, tmp_path, old, new, message):
    path = tmp_path / "variants.toml"
    assert old in VARIANT
    path.write_text(VARIANT.replace(old, new), encoding="utf-8")
    with pytest.raises(CourseError) as error:
        variants.read_variants(path, prepared(course.labs[0]))
    assert message in str(error.value) and str(path) in str(error.value)


@pytest.mark.kernel
def test_mistakes_that_only_hidden_tests_tell_of_are_listed(tmp_path, monkeypatch):
    root = shutil.copytree(light_course().root, tmp_path / "course")
    (root / "tests" / "variants" / "01_light.toml").write_text(WRONG, encoding="utf-8")
    monkeypatch.chdir(root)
    monkeypatch.setenv("MNIST_SOURCE", "bundled")  # which the command sets, too
    done = CliRunner().invoke(cli.app, ["variants", "--task", "scale", "--hidden"])
    assert done.exit_code == 0, done.output
    assert "- 01_light, scale, «divided by the largest pixel»: told by hidden tests only" in done.output
    assert "not divided" not in done.output
    assert "told by" not in CliRunner().invoke(cli.app, ["variants", "--task", "scale"]).output
