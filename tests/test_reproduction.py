"""Published figures: the plans in reproduction/, the runs, and the page that compares them."""

import json
import os

import nbformat
import numpy as np
import pytest
from rich.progress import Progress

from course.config import Lab
from course.errors import BuildError, CourseError
from reproduction import runs as reproduce
from reproduction.page import page, row, second_row, value_text
from reproduction.runs import Job, Run, code_checksum, jobs, read_runs, run_job
from reproduction.systems import Figure, Plan, SecondSetting, read_plans

LAB = Lab("04_lecun_lenet", 1)
PARAMETERS = Figure("A", "parameters", 219_580, "model.count_params()", "equal", time="training")
ACCURACY = Figure("A", "test accuracy", 0.9868, "reached", "at least", note="seeds differ")
SECOND = SecondSetting("A", "one quick epoch", 0.9868, "training", ("lenet",), "quick = 1", "quick")


def done(values, **times):
    return Run("0", values, times, "a machine", "2026-01-31")


def notebook_of(*sources):
    cells = [nbformat.v4.new_code_cell(source, id=f"cell-{place}") for place, source in enumerate(sources)]
    return nbformat.v4.new_notebook(cells=cells)


def test_the_page_shows_the_runs_that_are_kept(course):
    assert (course.root / "docs" / "reproduction.md").read_text("utf-8") == page(course)


@pytest.mark.slow
def test_every_plan_fits_its_lab(course):
    plans = read_plans(course)
    assert plans
    for plan in plans:
        for job in jobs(course, plan, rehearsal=False):
            reproduce.check_job(job)
            compile("\n".join(cell.source for cell in job.notebook.cells if cell.cell_type == "code"), job.key, "exec")


def test_a_lab_names_the_second_setting_that_was_run(course):
    """Students do not get docs/reproduction.md, which gives away what the labs let them find out."""
    for plan in read_plans(course):
        source = nbformat.read(course.released(plan.lab), as_version=4)
        text = " ".join(" ".join(cell.source for cell in source.cells).replace("`", "").split())
        for second in plan.seconds:
            assert f"in a fraction of the time ({second.what}). Try it" in text, plan.lab.name


def test_a_figure_that_is_not_reached_is_explained(course):
    runs = read_runs(course)
    for plan in read_plans(course):
        for figure in plan.figures:
            values = runs[plan.lab.name].values if plan.lab.name in runs else {}
            if figure.name in values and figure.reached(values[figure.name]) is False:
                assert figure.note, f"{plan.lab.name}: {figure.name} is not reached and has no note"


@pytest.mark.parametrize(
    ("rule", "published", "found", "verdict"),
    [
        ("equal", 520, 520, True),
        ("equal", [1, 28, 20], [1, 28, 20], True),
        ("equal", 520, 519, False),
        ("at least", 0.98, 0.98, True),
        ("at least", 0.98, 0.9799, False),
        ("at most", 0.05, 0.04, True),
        ("at most", 0.05, 0.051, False),
        ("about", 0.92, 0.935, True),
        ("about", 0.92, 0.95, False),
        ("only reported", 170.0, 35.0, None),
    ],
)
def test_verdicts(rule, published, found, verdict):
    assert Figure("A", "a figure", published, "x", rule).reached(found) is verdict


def test_a_row_tells_published_reproduced_time_and_remark():
    plan = Plan(LAB, (PARAMETERS, ACCURACY), ())
    runs = {LAB.name: done({"parameters": 219_580, "test accuracy": 0.98}, training=(812.3, 1540.0))}
    assert row(plan, PARAMETERS, runs) == "| parameters (lab 4) | 219,580 | 219,580 ✓ | 812.3 s (1,540 s) |  |"
    assert row(plan, ACCURACY, runs) == "| test accuracy (lab 4) | 0.9868 | 0.9800 ✗ not reached |  | seeds differ |"
    assert "not run yet" in row(plan, ACCURACY, {})


def test_a_second_setting_is_compared_with_the_published_one():
    plan, key = Plan(LAB, (), (SECOND,)), "04_lecun_lenet, second setting for A"
    runs = {
        LAB.name: done({}, training=(800.0, 1500.0)),
        key: done({SECOND.what: 0.99}, **{reproduce.SECOND_CELL: (200.0, 390.0)}),
    }
    line = second_row(plan, SECOND, runs)
    assert line == "| one quick epoch | 0.9868 | 0.9900 ✓ | 200.0 s (390 s) | 800.0 s (1,500 s) | 25% ✓ |"
    runs[key] = done({SECOND.what: 0.9}, **{reproduce.SECOND_CELL: (400.0, 700.0)})
    assert "0.9000 ✗ not reached" in second_row(plan, SECOND, runs)
    assert second_row(plan, SECOND, runs).endswith("50% ✗ too long |")
    assert "not run yet" in second_row(plan, SECOND, {LAB.name: runs[LAB.name]})


def test_spoken_values():
    values = [99_402, 0.5, 170.04, [26, 26, 16], "half an epoch"]
    assert [value_text(value) for value in values] == ["99,402", "0.5000", "170.0", "(26, 26, 16)", "half an epoch"]
    with pytest.raises(TypeError):
        value_text(None)


@pytest.mark.kernel
def test_a_run_evaluates_in_the_finished_notebook_and_times_its_cells():
    notebook = notebook_of("import time", "time.sleep(0.2)\nx = (1, 28)", "y = 0.5")
    with Progress(disable=True) as progress:
        found = run_job(Job("mine", notebook, {"shape": "x", "twice": "2 * y"}, frozenset({"cell-1"})), progress)
    assert found.values == {"shape": [1, 28], "twice": 1.0}
    assert set(found.times) == {"cell-1"} and 0.2 <= found.times["cell-1"][0] < 5
    assert found.times["cell-1"][1] < 0.2, "sleeping takes no CPU time"
    assert len(notebook.cells) == 3, "the notebook given is left as it is"


@pytest.mark.parametrize(
    ("expressions", "timed", "message"),
    [
        ({"x": "x +"}, set(), "mine: 'x' has the value 'x +', which is no expression"),
        ({"x": "nowhere"}, set(), "mine: cannot be evaluated: nowhere: NameError"),
        ({}, {"training"}, "mine: no cell has the grade id or tag training"),
    ],
)
def test_a_plan_that_does_not_fit_is_an_error(expressions, timed, message):
    with Progress(disable=True) as progress, pytest.raises(CourseError, match=message.replace("+", r"\+")):
        run_job(Job("mine", notebook_of("y = 1"), expressions, frozenset(timed)), progress)


def test_tests_and_text_do_not_make_a_run_stale():
    one, other = notebook_of("x = 1", "assert x"), notebook_of("x = 1", "assert x == 1")
    for notebook in (one, other):
        notebook.cells[1].metadata["nbgrader"] = {"grade": True, "grade_id": "test-x"}
    assert code_checksum(one) == code_checksum(other) != code_checksum(notebook_of("x = 2"))


@pytest.fixture
def whole_mnist(monkeypatch):
    """As if the whole of MNIST were at hand, without reading it."""
    everything = (np.zeros(60_000), np.zeros(60_000)), (np.zeros(10_000), np.zeros(10_000))
    monkeypatch.setattr(reproduce, "load_mnist", lambda: everything)


@pytest.mark.kernel
def test_an_interrupted_reproduction_goes_on_where_it_stopped(copied, monkeypatch, whole_mnist):
    plan, ran = next(plan for plan in read_plans(copied) if len(plan.seconds) == 1), []
    copied.reproduction.unlink(missing_ok=True)

    def breaks_down_once(job, progress):
        ran.append(job.key)
        if len(ran) == 2:
            raise BuildError("the power went")
        return Run(code_checksum(job.notebook), dict.fromkeys(job.expressions, 0), {}, "a machine", "2026-01-31")

    monkeypatch.setattr(reproduce, "run_job", breaks_down_once)
    with Progress(disable=True) as progress:
        with pytest.raises(BuildError):
            reproduce.reproduce(copied, [plan], progress)
        assert list(read_runs(copied)) == ran[:1]
        reproduce.reproduce(copied, [plan], progress)
        assert ran[1:] == [ran[1], *ran[1:2]], "the first run is not repeated, the broken one is"
        reproduce.reproduce(copied, [plan], progress)
        assert len(ran) == 3, "nothing is left to run"
        reproduce.reproduce(copied, [plan], progress, again=True)
    assert len(ran) == 5 and len(json.loads(copied.reproduction.read_text("utf-8"))) == 2


def test_the_bundled_digits_are_not_enough(course):
    assert os.environ["MNIST_SOURCE"] == "bundled"
    with Progress(disable=True) as progress, pytest.raises(CourseError, match=r"found are 4,000 and 1,000.*MNIST_NPZ"):
        reproduce.reproduce(course, read_plans(course), progress)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[figure]]\nsystem = 'A'", "is not complete or has an unknown key"),
        (
            "[[figure]]\nsystem = 'A'\nname = 'x'\npublished = 1\nvalue = 'x'\nrule = 'nearly'",
            "the rule 'nearly' of 'x' is none of",
        ),
        ("[[figure]]\nsystem = 'Z'\nname = 'x'\npublished = 1\nvalue = 'x'\nrule = 'equal'", "there is no system 'Z'"),
        ("[[figure", "cannot be read"),
    ],
)
def test_a_damaged_plan_is_named(copied, text, message):
    path = copied.root / "reproduction" / f"{copied.labs[0].name}.toml"
    path.write_text(text)
    with pytest.raises(CourseError, match=message) as error:
        read_plans(copied)
    assert str(path) in str(error.value)
