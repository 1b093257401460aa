"""Feedback packed for Canvas and Moodle: the names by which each finds the student, and who is left out."""

import re
import zipfile
from dataclasses import replace

import pytest
from lms_archives import entry, notebook, pack
from this_course import COURSE

from course.errors import ExportError
from course.inbox.origin import Origin
from course.inbox.systems import System
from course.lms.collect import collect
from course.lms.feedback_zip import pack_feedback, page_name

LAB = COURSE.labs[0]
FILE = f"{LAB.name}.ipynb"
PAGE = f"{LAB.name}.html"
MOODLE = Origin("moodle", "12345", "Zoë Müller", f"Zoë Müller_12345_assignsubmission_file_/{FILE}", 0, False, "")
CANVAS = Origin("canvas", "4711", "mullerzoe", f"mullerzoe_LATE_4711_99001_{FILE}", 99001, True, "")


def page(folder, student, text="<p>Well done.</p>"):
    path = folder / "feedback" / student / LAB.name / PAGE
    path.parent.mkdir(parents=True)
    path.write_text(text, "utf-8")


def packed(folder, system):
    target = folder / "feedback.zip"
    remarks = pack_feedback(COURSE, LAB, folder, system, target)
    with zipfile.ZipFile(target) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}, remarks


def read_by_moodle(name):
    """Participant, plug-in and file as Moodle reads a path: the parts of five between underscores."""
    _, participant, kind, plugin, file = name.split("_", 4)
    return participant, f"{kind}_{plugin}", file


def read_by_canvas(name):
    """User and file as Canvas reads a name: the first two parts that are numbers; or what follows `anon`."""
    parts = [part for part in name.split("_") if part != "LATE"]
    if parts[0] == "anon":
        return parts[1], parts[2]
    return tuple([part for part in parts if re.fullmatch(r"\d+", part)][:2])


@pytest.mark.parametrize("name", ["Zoë Müller", "x_999", "a/b", "Participant", "", "O'Neil, Pat", "12"])
def test_moodle_finds_the_participant_whatever_the_name(name):
    made = page_name(replace(MOODLE, name=name), LAB)
    assert read_by_moodle(made) == ("12345", "assignsubmission_file", PAGE)
    assert "/" not in made and not made.startswith((".", "~", "_"))


@pytest.mark.parametrize("name", ["mullerzoe", "x_999", "999", "", "a/b", "LATE"])
def test_canvas_finds_student_and_file_whatever_the_name(name):
    assert read_by_canvas(page_name(replace(CANVAS, name=name), LAB)) == ("4711", "99001")


def test_canvas_finds_an_anonymous_student():
    assert read_by_canvas(page_name(replace(CANVAS, name="", lms_id="anon_Xy1z2"), LAB)) == ("Xy1z2", "99001")


def test_there_and_back_with_canvas(tmp_path):
    """What was downloaded goes back under names with the same numbers; a student from elsewhere is named."""
    names = ["annlee_11_901_" + FILE, "bobray_LATE_12_902_" + FILE, "bobray_12_905_" + FILE]
    collect(LAB, tmp_path, pack(tmp_path / "in.zip", *((name, notebook(name)) for name in names)))
    for student in ("11", "12", "by-mail"):
        page(tmp_path, student, student)
    files, remarks = packed(tmp_path, System.CANVAS)
    assert files == {f"annlee_11_901_{PAGE}": "11", f"bobray_12_905_{PAGE}": "12"}
    assert len(remarks) == 1 and remarks[0].startswith("by-mail: left out; the submission was not collected")


def test_there_and_back_with_moodle(tmp_path):
    names = [f"Zoë Müller_501_assignsubmission_file_/{FILE}", f"Bo Ray_502_assignsubmission_file_/{FILE}"]
    collect(LAB, tmp_path, pack(tmp_path / "in.zip", *((entry(name), notebook(name)) for name in names)))
    page(tmp_path, "zoë-müller", "<p>Zoë</p>")
    page(tmp_path, "bo-ray", "<p>Bo</p>")
    files, remarks = packed(tmp_path, System.MOODLE)
    assert files == {
        f"Bo Ray_502_assignsubmission_file_{PAGE}": "<p>Bo</p>",
        f"Zoë Müller_501_assignsubmission_file_{PAGE}": "<p>Zoë</p>",
    }
    assert remarks == []
    with pytest.raises(
        ExportError, match=r"(?s)No page can be packed for Canvas:.*bo-ray: left out; the submission came"
    ):
        packed(tmp_path, System.CANVAS)


def test_two_students_with_one_number_get_nothing_of_each_other(tmp_path):
    for student in ("ann", "bob", "cid"):
        number = "7" if student == "cid" else "12345"
        kept = tmp_path / "downloaded" / LAB.name / "collected" / student
        kept.mkdir(parents=True)
        record = (
            '{{"system": "moodle", "lms_id": "{}", "name": "{}", "file": "x", "attempt": 0, "late": false, "time": ""}}'
        )
        (kept / "collected.json").write_text(record.format(number, student))
        page(tmp_path, student)
    files, remarks = packed(tmp_path, System.MOODLE)
    assert list(files) == [f"cid_7_assignsubmission_file_{PAGE}"]
    assert [remark.split(":")[0] for remark in remarks] == ["ann", "bob"]


def test_the_same_pages_make_the_same_file(tmp_path):
    collect(LAB, tmp_path, pack(tmp_path / "in.zip", ("annlee_11_901_" + FILE, notebook())))
    page(tmp_path, "11")
    made = []
    for name in ("one.zip", "two.zip"):
        pack_feedback(COURSE, LAB, tmp_path, System.CANVAS, tmp_path / name)
        made.append((tmp_path / name).read_bytes())
        (tmp_path / "feedback" / "11" / LAB.name / PAGE).touch()
    assert made[0] == made[1]


def test_without_feedback_it_says_what_to_do(tmp_path):
    with pytest.raises(ExportError, match=rf"There is no feedback of {LAB.name} .* course grade {LAB.name}"):
        packed(tmp_path, System.CANVAS)


def test_a_file_that_cannot_be_written(tmp_path):
    collect(LAB, tmp_path, pack(tmp_path / "in.zip", ("annlee_11_901_" + FILE, notebook())))
    page(tmp_path, "11")
    with pytest.raises(ExportError, match="cannot be read or written: No such file or directory"):
        pack_feedback(COURSE, LAB, tmp_path, System.CANVAS, tmp_path / "nowhere" / "feedback.zip")
