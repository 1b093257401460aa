"""A lab is prepared once, and again when anything has changed that its preparation depends on."""

import json
import shutil
from dataclasses import replace

import pytest
from light import light_course

from course.authoring import prepare_once as module
from course.authoring.prepare_once import prepare_once
from course.config import load_course
from course.errors import LintError
from course.labs.prepare import prepare_lab
from course.text.files import write_text


@pytest.fixture
def course(tmp_path):
    return load_course(shutil.copytree(light_course().root, tmp_path / "course"))


@pytest.fixture
def asked(monkeypatch):
    """The labs that were prepared."""
    labs = []
    monkeypatch.setattr(module, "prepare_lab", lambda course, lab: labs.append(lab) or prepare_lab(course, lab))
    module._prepared.cache_clear()
    return labs


def test_it_is_what_prepare_lab_makes_and_may_be_changed(course, asked):
    lab = course.labs[0]
    first = prepare_once(course, lab)
    assert first == prepare_lab(course, lab)
    first.cells[0].source = "changed"
    assert prepare_once(course, lab) == prepare_lab(course, lab)
    assert asked == [lab]


def test_neither_the_folder_nor_other_labs_matter(course, asked, tmp_path):
    elsewhere = load_course(shutil.copytree(course.root, tmp_path / "elsewhere"))
    lab = course.labs[0]
    more = replace(course, labs=(*course.labs, replace(lab, name="02_another")))
    assert prepare_once(course, lab) == prepare_once(elsewhere, elsewhere.labs[0]) == prepare_once(more, lab)
    assert asked == [lab]


def edit_source(course, lab):
    path = course.source(lab)
    write_text(path, path.read_text("utf-8") + "\n# %% [markdown]\n# More.\n")
    return course, lab


def measure(course, lab):
    write_text(course.measurements, json.dumps({"run_all": {lab.name: {"seconds": 600, "peak_mib": 5000}}}))
    return course, lab


CHANGES = {
    "source": edit_source,
    "measurements": measure,
    "minutes": lambda course, lab: (course, replace(lab, work_minutes=lab.work_minutes + 7)),
    "repository": lambda course, lab: (replace(course, repositories=replace(course.repositories, ref="v2")), lab),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_is_seen(change, course, asked):
    lab = course.labs[0]
    before = prepare_once(course, lab)
    course, lab = CHANGES[change](course, lab)
    assert before != prepare_once(course, lab) == prepare_lab(course, lab)
    assert len(asked) == 2


def test_a_broken_rule_is_told_each_time(course, asked):
    lab = replace(course.labs[0], budget={"N_TRAINING": 1})
    for _ in range(2):
        with pytest.raises(LintError, match="N_TRAINING"):
            prepare_once(course, lab)
