"""A run is tried again when anything has changed from which its outcome follows, and only then."""

import json
import shutil
from dataclasses import replace

import pytest
from light import light_course
from rich.progress import Progress

from course.authoring import tried_runs, try_all_variants
from course.authoring.ends import End
from course.authoring.tried_runs import read_tried, record_file, run_digest, write_tried
from course.authoring.try_variants import trials_of
from course.config import load_course
from course.errors import CourseError
from course.labs.sources import cells_with_tests, tagged
from course.labs.stamp import SETUP

COURSE = light_course()
LAB = COURSE.labs[0]


@pytest.fixture
def trial():
    """The first run of the lab, which a test may change."""
    first = trials_of(COURSE, LAB)[0]
    return replace(first, chosen=list(first.chosen), budget=dict(first.budget))


def digest(trial):
    return run_digest(COURSE, trial.notebook, trial.chosen, trial.budget)


def changed_answer(trial, monkeypatch):
    trial.notebook.cells[-2].source += "\n"


def changed_test(trial, monkeypatch):
    cells_with_tests(trial.notebook)[0].source += "\nassert True"


def changed_points(trial, monkeypatch):
    cells_with_tests(trial.notebook)[0].metadata["nbgrader"]["points"] += 1


def changed_declaration(trial, monkeypatch):
    trial.chosen[:] = [replace(variant, fails=variant.fails ^ {f"test-{variant.task}"}) for variant in trial.chosen]


def changed_budget(trial, monkeypatch):
    trial.budget["EPOCHS"] = 77


def changed_code(trial, monkeypatch):
    monkeypatch.setattr(tried_runs, "digest_of_code", lambda: "another")


def changed_package(trial, monkeypatch):
    versions = tried_runs.package_versions()
    monkeypatch.setattr(tried_runs, "package_versions", lambda: versions | {"keras": "3.0"})


@pytest.mark.parametrize(
    "change",
    [
        *(changed_answer, changed_test, changed_points, changed_declaration, changed_budget),
        *(changed_code, changed_package),
    ],
)
def test_another_digest(trial, monkeypatch, change):
    before = digest(trial)
    assert digest(trial) == before
    change(trial, monkeypatch)
    assert digest(trial) != before


def test_another_address_of_the_repository_changes_nothing(trial):
    before = digest(trial)
    (setup,) = tagged(trial.notebook, SETUP)
    setup.source = setup.source.replace("https://", "https://elsewhere.")
    assert digest(trial) == before


def test_the_code_is_what_runs_and_judges_and_the_helpers_of_the_labs(monkeypatch):
    seen = []
    monkeypatch.setattr(tried_runs, "checksum", lambda path: seen.append(path.as_posix()) or "")
    tried_runs.digest_of_code.__wrapped__()
    names = [path.rpartition("/course/")[2] for path in seen]
    for name in (
        *("testing/runner.py", "testing/model_reading.py", "grading/execution/cell_runner.py", "kernels/manager.py"),
        *("grading/execution/kernel_main.py", "labs/parameters.py", "authoring/name_use.py", "nbgrader_api.py"),
    ):
        assert name in names
    assert any(path.endswith("/data_utils/datasets.py") for path in seen), seen
    assert not [name for name in names if name.startswith(("cli/", "lms/", "inbox/", "grading/report/"))]


def test_what_is_noted_of_one_lab_leaves_the_others(tmp_path):
    course = replace(COURSE, root=tmp_path)
    assert read_tried(course) == {}
    record_file(course).parent.mkdir(parents=True)
    write_tried(course, "b", {"2", "1"})
    write_tried(course, "a", ["3"])
    write_tried(course, "c", [])
    assert json.loads(record_file(course).read_text("utf-8")) == {"a": ["3"], "b": ["1", "2"]}
    assert read_tried(course) == {"a": ["3"], "b": ["1", "2"]}


def test_trying_again_forgets_what_fails_now_and_nothing_else_even_if_it_is_stopped(tmp_path, monkeypatch):
    course = load_course(shutil.copytree(COURSE.root, tmp_path / "course"))
    digests = try_all_variants.digests_of(course, trials_of(course, LAB))
    write_tried(course, LAB.name, digests)

    def stopped(work, calls):
        assert len(calls) == len(digests) > 1
        variant = calls[0][1].chosen[0]
        yield 0, (["a test judges wrongly"], [(variant, End.NOT)])
        raise KeyboardInterrupt

    monkeypatch.setattr(try_all_variants, "in_processes", stopped)
    with Progress(disable=True) as progress, pytest.raises(KeyboardInterrupt):
        try_all_variants.try_all(course, [LAB], progress, again=True)
    assert read_tried(course) == {LAB.name: sorted(digests[1:])}


@pytest.mark.parametrize("text", ["{", "[]", '{"a": 5}'])
def test_a_record_that_is_damaged(tmp_path, text):
    course = replace(COURSE, root=tmp_path)
    record_file(course).parent.mkdir(parents=True)
    record_file(course).write_text(text, encoding="utf-8")
    with pytest.raises(CourseError, match="Delete it, and run: course variants"):
        read_tried(course)
