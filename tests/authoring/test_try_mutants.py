"""Mutants of the model answers, run against their tests."""

import shutil
from collections import Counter
from dataclasses import replace

import pytest
from light import light_course
from rich.progress import Progress
from this_course import COURSE, prepared

from course.authoring.ends import End
from course.authoring.mutant_table import score
from course.authoring.mutations import Mutant
from course.authoring.name_use import cut_to
from course.authoring.try_mutants import (
    MUTANT_LIMITS,
    choose_mutants,
    mutants_of_lab,
    read_equivalent,
    try_mutant,
    try_mutants,
)
from course.config import load_course
from course.errors import CourseError
from course.labs.prepare import prepare_lab
from course.labs.sources import grade_id

LIGHT = light_course()
LAB = LIGHT.labs[0]
A_LAB, SEED = 1, 20_261_130  # mutants of each lab that are tried here, and how they are drawn
HEADER = "def scale(images):\n    "


@pytest.mark.kernel
@pytest.mark.parametrize(
    ("answer", "end", "text"),
    [
        ("return images.astype(np.float32) / 255", End.NOT, ""),
        ("return images.astype(np.float64) / 255", End.MESSAGE, "The dtype must be float32"),
        ("return 1 / 0", End.EXCEPTION, "ZeroDivisionError"),
        ("return nothing(", End.CRASH, ""),
    ],
)
def test_each_end_is_told(answer, end, text):
    tried = try_mutant(prepare_lab(LIGHT, LAB), LAB, Mutant("scale", "for this test", HEADER + answer))
    assert tried.end == end
    assert text in tried.text


@pytest.mark.kernel
def test_what_only_the_hidden_part_notices_is_told():
    answer = HEADER + "images /= 1\n    return images.astype(np.float32) / 255"
    notebook = prepare_lab(LIGHT, LAB)
    test = next(cell for cell in notebook.cells if grade_id(cell) == "test-scale")
    test.source = "assert scale is not None\n### BEGIN HIDDEN TESTS\nassert False, 'never'\n### END HIDDEN TESTS"
    assert try_mutant(notebook, LAB, Mutant("scale", "for this test", answer)).end == End.HIDDEN


@pytest.mark.kernel
def test_a_loop_that_never_ends_is_given_up(monkeypatch):
    monkeypatch.setattr("course.authoring.try_mutants.MUTANT_LIMITS", replace(MUTANT_LIMITS, cell_seconds=2))
    tried = try_mutant(prepare_lab(LIGHT, LAB), LAB, Mutant("scale", "for this test", HEADER + "while True: pass"))
    assert tried.end == End.EXCEPTION
    assert "2 s" in tried.text


def test_a_mutant_is_run_with_the_answers_that_it_and_its_test_use():
    notebook = prepared(COURSE.lab("05_lenet5_train_on_batch"))
    names = [grade_id(cell) for cell in cut_to(notebook, {"train"}).cells if grade_id(cell)]
    assert names[-2:] == ["train", "test-train"]
    assert "random-batch" in names and "lenet5" not in names and "test-random-batch" not in names


def test_a_sample_is_drawn_by_its_seed_and_in_order():
    known = mutants_of_lab(prepare_lab(LIGHT, LAB))
    first, again, other = (choose_mutants(known, 5, seed) for seed in (1, 1, 2))
    assert first == again != other and len(first) == 5
    assert first == sorted(first, key=known.index)
    assert choose_mutants(known, 0, 1) == known == choose_mutants(known, 10_000, 1)


def test_the_score_counts_those_that_are_no_right_answers():
    ends = [End.MESSAGE, End.HIDDEN, End.EXCEPTION, End.CRASH, End.NOT, End.RIGHT, End.RIGHT]
    assert score(Counter(ends)) == 0.8
    assert score({}) == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[equivalent]\n", "not a valid list of mutants"),
        ('[[equivalent]]\ntsk = "scale"\n', "no key `tsk` here. Did you mean `task`"),
        ('[[equivalent]]\ntask = "scale"\nchange = "c"\n', "`reason` must be given as a text"),
        ('[[equivalent]]\ntask = "scale"\nchange = "c"\nreason = "r"\n', "scale has no mutant «c». If the answer"),
    ],
)
def test_a_list_of_right_mutants_that_is_wrong(tmp_path, text, message):
    course = load_course(shutil.copytree(LIGHT.root, tmp_path / "course"))
    path = course.root / "tests" / "mutants" / f"{LAB.name}.toml"
    path.parent.mkdir()
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CourseError) as error:
        read_equivalent(course, LAB, mutants_of_lab(prepare_lab(course, LAB)))
    assert message in str(error.value) and str(path) in str(error.value)


def test_a_task_without_a_code_answer_is_refused():
    with pytest.raises(CourseError, match="has no answers to change for `explain-test-set`"):
        try_mutants(LIGHT, LAB, Progress(), "explain-test-set")


@pytest.mark.kernel
def test_a_few_mutants_of_each_lab_are_caught(lab):
    tried = try_mutants(COURSE, lab, Progress(disable=True), sample=A_LAB, seed=SEED)
    assert len(tried) == A_LAB
    assert [one for one in tried if one.end == End.NOT] == []


def test_listed_mutants_are_mutants(lab):
    read_equivalent(COURSE, lab, mutants_of_lab(prepared(lab)))
