"""Collecting: every student gets in what they handed in last, and no archive does anything else."""

import shutil
import struct
from datetime import timedelta
from pathlib import Path

import pytest
from gathering import ADA, GOOD, NAME, ZOE, aside, gather
from lms_archives import MADE, entry, everything, nested, notebook, pack, submitted
from traitlets.config import Config

from course.errors import ArchiveError
from course.inbox.places import Placement
from course.inbox.roster import Person
from course.inbox.systems import System


def test_canvas(folder):
    got = gather(
        folder,
        ADA,
        (f"ng_LATE_12_902_{NAME}-1.ipynb", notebook("Ng")),
        ("o_malley_LATE_13_903_my solution.ipynb", notebook("O")),
        (f"late_14_904_{NAME} (2).ipynb", notebook("Late is a name")),
        (f"LATE_anon_x7Yz_905_{NAME}.ipynb", notebook("nobody")),
        (f"nguyễnthịánh_15_906_{NAME}.IPYNB", notebook("Ánh")),
        ZOE,
    )
    assert got.system is System.CANVAS
    assert submitted(folder, NAME) == GOOD | {
        "12": notebook("Ng"),
        "13": notebook("O"),
        "14": notebook("Late is a name"),
        "anon_x7Yz": notebook("nobody"),
        "15": notebook("Ánh"),
    }
    assert {row.outcome for row in got.rows.values()} == {Placement.NEW}
    assert [who for who, row in got.rows.items() if "late, says Canvas" in " ".join(row.remarks)] == [
        "12",
        "13",
        "anon_x7Yz",
    ]
    assert got.rows["12"].file == f"{NAME}-1.ipynb"
    assert got.rows["13"].remarks[1] == "my solution.ipynb is not named after the lab"


def test_files_that_canvas_numbered_are_found_under_their_own_names(folder):
    """Canvas adds -1 to the name of each file that is uploaded a second time."""
    files = {"mytools-1.py": b"one", "data-2.csv": b"two", "data-3.csv": b"three", "b-1.py": b"new", "b.py": b"old"}
    got = gather(folder, ADA, *((f"lovelaceada_11_902_{name}", content) for name, content in files.items()))
    home = folder / "submitted" / "11" / NAME
    there = {path.name: path.read_bytes() for path in home.iterdir() if path.suffix != ".ipynb"}
    assert there == files | {"mytools.py": b"one", "data.csv": b"three"}
    assert "mytools-1.py is there as mytools.py, too" in got.text and " b.py, too" not in got.text


def test_what_was_typed_in_or_linked_to_is_canvas_and_its_students_are_in_the_table(folder):
    got = gather(folder, ADA, ("typed_21_text.html", b"<p>"), ("far_LATE_22_link.html", b"<a>"))
    assert got.system is System.CANVAS and "gives no such names" not in got.text
    for student, name in (("21", "text.html"), ("22", "link.html")):
        assert got.rows[student].remarks == ("no notebook", f"{name} set aside: not a notebook")


@pytest.mark.parametrize("ending", [".json", ".txt"])
def test_a_notebook_as_browsers_save_it_is_one(folder, ending):
    got = gather(folder, (f"eve_5_77_{NAME}.ipynb{ending}", notebook("Eve's")), ADA)
    assert submitted(folder, NAME) == {"5": notebook("Eve's"), "11": ADA[1]}
    assert got.rows["5"].outcome is Placement.NEW
    both = (f"lovelaceada_11_902_{NAME}.ipynb{ending}", notebook("not this one"))
    gather(folder, ADA, both)
    assert submitted(folder, NAME)["11"] == ADA[1]


def test_what_lies_beside_a_notebook_in_a_folder_moves_up_with_it(folder):
    at = "Ann Lee_1_assignsubmission_file_/lab1/"
    gather(folder, (f"{at}{NAME}.ipynb", notebook()), (f"{at}helper.py", b"x = 1"), (f"{at}img/a.png", b"a"))
    home = folder / "submitted" / "ann-lee" / NAME
    assert (home / "helper.py").read_bytes() == b"x = 1" and (home / "img" / "a.png").is_file()


@pytest.mark.parametrize("end", ["_/", "/", "_"])
def test_moodle(folder, end):
    form = "{}_assignsubmission_file" + end + "{}"
    got = gather(
        folder,
        (form.format("Zoë Müller_17", f"{NAME}.ipynb"), notebook("Zoë")),
        (form.format("Sean O'Neil-Öz_18", f"{NAME} (1).ipynb"), notebook("Sean")),
        (form.format("李 小龍_19", "絵.ipynb"), notebook("李")),
        (form.format("अनिता शर्मा_20", f"{NAME}.ipynb"), notebook("Anita")),
    )
    assert got.system is System.MOODLE
    assert submitted(folder, NAME) == {
        "zoë-müller": notebook("Zoë"),
        "sean-o-neil-öz": notebook("Sean"),
        "李-小龍": notebook("李"),
        "अनिता-शर्मा": notebook("Anita"),
    }


def test_moodle_students_of_the_same_name_and_nameless_ones_are_told_apart(folder):
    form = "{}_assignsubmission_file_/lab.ipynb"
    who = ("Kim Lee_1", "kim lee_2", "Ann_3", "Participant_4", "!!!_5")
    got = gather(folder, *((form.format(name), notebook(name)) for name in who))
    assert set(submitted(folder, NAME)) == {"kim-lee-1", "kim-lee-2", "ann", "participant-4", "x-5"}
    assert "kim-lee-1, kim-lee-2, participant-4, x-5: their names are not enough" in got.text


def test_who_is_collected_under_a_second_id_is_named_until_the_first_is_gone(folder):
    moodle = (f"Zoë Müller_12345_assignsubmission_file/{NAME}.ipynb", notebook("Zoë"))
    gather(folder, moodle)
    assert gather(folder, moodle).rows["zoë-müller"].remarks == ()
    got = gather(folder, moodle, roster=[Person("zoe", "Zoë Müller")])
    assert set(submitted(folder, NAME)) == {"zoë-müller", "zoe"}
    assert got.rows["zoe"].remarks == (
        "was collected before as zoë-müller, who would be graded beside this one: delete "
        f"submitted/zoë-müller/{NAME} and downloaded/{NAME}/collected/zoë-müller",
    )
    shutil.rmtree(folder / "submitted" / "zoë-müller" / NAME)
    assert gather(folder, moodle, roster=[Person("zoe", "Zoë Müller")]).rows["zoe"].remarks == ()


def test_names_in_utf8_that_are_not_declared_so_as_canvas_writes_them(folder, download):
    data = bytearray(pack(download, (f"müllerzoë_99_1_{NAME}.ipynb", notebook())).read_bytes())
    for signature, offset in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        at = data.index(signature) + offset
        bits = struct.unpack_from("<H", data, at)[0]
        assert bits & 0x800
        struct.pack_into("<H", data, at, bits & ~0x800)
    download.write_bytes(data)
    gather(folder, roster=[Person("zoe", "Zoë Müller")])
    assert set(submitted(folder, NAME)) == {"zoe"}


def test_the_files_of_a_canvas_quiz_are_those_of_the_student_before_the_question(folder):
    got = gather(
        folder,
        (f"lovelace_ada11_question_456_789_{NAME}.ipynb", ADA[1]),
        ("lovelace_ada11_question_457_790_homework.ipynb", notebook("of another question")),
        (f"zimmer_zo99_question_456_791_{NAME}.ipynb", ZOE[1]),
        (f"5_question_456_792_3_4_{NAME}.ipynb", notebook("of one whose name has no ASCII letter")),
    )
    assert got.system is System.CANVAS
    assert submitted(folder, NAME) == GOOD | {"5": notebook("of one whose name has no ASCII letter")}


def test_no_name_makes_an_upload_another_students(folder):
    """Of an assignment: whatever a file is called; of a quiz: what could be of two students is nobody's."""
    as_quiz = f"x5_question_3_4_{NAME}.ipynb"
    got = gather(
        folder,
        (f"lovelaceada_11_901_{as_quiz}", ADA[1]),
        (f"zimmerzoe_LATE_99_902_{as_quiz}", ZOE[1]),
        (f"anon_b2_903_{as_quiz}", notebook("blind")),
        (f"y_x5_question_3_417_question_456_789_{NAME}.ipynb", notebook("of one called x5 question 3 4 y")),
        (f"y_7_z18_question_456_789_{NAME}.ipynb", notebook("of one called 7 z y")),
    )
    assert submitted(folder, NAME) == GOOD | {"anon_b2": notebook("blind"), "18": notebook("of one called 7 z y")}
    assert "left out; it could be of student 5 or 417" in got.text


def test_packed_again_on_a_mac(folder):
    clutter = [(f"__MACOSX/submissions/._{ADA[0]}", b"\0"), ("submissions/.DS_Store", b"\0")]
    got = gather(folder, (f"submissions/{ADA[0]}", ADA[1]), *clutter)
    assert submitted(folder, NAME) == {"11": ADA[1]}
    assert "DS_Store" not in got.text


def test_the_system_must_be_recognisable(folder):
    with pytest.raises(ArchiveError, match=r"neither .* Canvas nor of Moodle: a\.ipynb\. Name it with --system"):
        gather(folder, ("a.ipynb", notebook()))
    got = gather(folder, ("a.ipynb", notebook()), system=System.CANVAS)
    assert not got.any_read and "a.ipynb: left out; Canvas gives no such names" in got.text


def test_a_course_may_change_the_pattern_where_nbgrader_has_it(folder):
    config = Config({"CanvasCollector": {"named_regexp": r"(?P<student_id>\w+)~(?P<file_id>.+)"}})
    gather(folder, (f"ada~{NAME}.ipynb", notebook()), config=config, system=System.CANVAS)
    assert set(submitted(folder, NAME)) == {"ada"}


# Several files of one student


def test_the_latest_upload_counts_and_the_others_are_kept_and_named(folder):
    got = gather(
        folder,
        (f"lovelaceada_11_950_{NAME}-1.ipynb", notebook("second")),
        ADA,
        (f"lovelaceada_11_1000_{NAME}-2.ipynb", notebook("third")),
        ("lovelaceada_11_2000_homework.ipynb", notebook("of another course")),
        ZOE,
    )
    assert submitted(folder, NAME) == GOOD | {"11": notebook("third")}
    assert aside(folder, "11") == {
        f"{NAME}.ipynb": ADA[1],
        f"{NAME}-1.ipynb": notebook("second"),
        "homework.ipynb": notebook("of another course"),
    }
    assert f"{NAME}-1.ipynb set aside: {NAME}-2.ipynb counts" in got.rows["11"].remarks
    assert len(got.rows) == 2


def test_in_moodle_the_time_counts_if_it_is_one_else_the_number_in_the_name(folder, tmp_path):
    at = "Ann Lee_1_assignsubmission_file_/"
    numbered, plain = (f"{at}{NAME} (1).ipynb", b"numbered"), (f"{at}{NAME}.ipynb", b"plain")
    gather(folder, (entry(numbered[0]), numbered[1]), (entry(plain[0], MADE + timedelta(days=1)), plain[1]))
    assert submitted(folder, NAME) == {"ann-lee": b"plain"}
    other = tmp_path / "other" / "class"
    other.mkdir(parents=True)
    gather(other, (entry(numbered[0]), numbered[1]), (entry(plain[0], MADE + timedelta(minutes=1)), plain[1]))
    assert submitted(other, NAME) == {"ann-lee": b"numbered"}, "the times are those of the download"


def test_other_files_go_along_but_for_those_that_do_harm(folder):
    at = "Ann Lee_1_assignsubmission_file_/"
    harmless = {"plot.png": b"PNG", "img/a.png": b"a", "img/b.png": b"b", "helper.py": b"x = 1"}
    harm = {
        "timestamp.txt": b"1999-01-01 00:00:00",
        "TimeStamp.TXT": b"1999",
        ".hidden": b"h",
        "work.zip": nested(),
        "con.txt": b"c",
        "what?.txt": b"q",
        "Plot.PNG": b"another",
        "plot.png/inner.txt": b"below a file",
    }
    files = {f"{NAME}.ipynb": notebook()} | harmless | harm
    got = gather(folder, *((at + name, content) for name, content in files.items()))
    home = folder / "submitted" / "ann-lee" / NAME
    there = {path.relative_to(home).as_posix(): path.read_bytes() for path in home.rglob("*") if path.is_file()}
    assert there == {f"{NAME}.ipynb": notebook()} | harmless
    assert all(f"{name} set aside: " in got.text for name in harm)
    assert "timestamp.txt set aside: nbgrader would take it for the time of handing in" in got.text
    assert sorted(aside(folder, "ann-lee").values()) == sorted(harm.values())


def test_only_a_zip_file_was_handed_in(folder):
    got = gather(folder, ADA, ("eve_5_77_work.zip", nested()), ("fay_6_78_notes.txt", b"sorry"))
    assert set(submitted(folder, NAME)) == {"11"}
    assert got.rows["5"].outcome is Placement.REFUSED
    assert got.rows["5"].remarks == ("no notebook", "work.zip set aside: not a notebook")
    assert aside(folder, "5") == {"work.zip": nested()}
    assert got.any_read


# Collecting again


def test_collecting_the_same_again_changes_nothing(folder):
    old = (f"lovelaceada_11_900_{NAME}-old.ipynb", notebook("old"))
    files = [ADA, old, ("lovelaceada_11_902_a.zip", nested()), ZOE]
    gather(folder, *files)
    before = everything(folder)
    got = gather(folder, *files)
    assert everything(folder) == before
    assert {row.outcome for row in got.rows.values()} == {Placement.SAME}


def test_what_is_newer_replaces_and_the_old_is_kept(folder):
    gather(folder, ADA, ZOE)
    got = gather(folder, (f"lovelaceada_11_950_{NAME}-1.ipynb", notebook("better")), ZOE)
    assert submitted(folder, NAME) == GOOD | {"11": notebook("better")}
    assert (got.rows["11"].outcome, got.rows["99"].outcome) == (Placement.REPLACED, Placement.SAME)
    kept = folder / "downloaded" / NAME / "collected" / "11"
    assert (kept / "replaced-1" / f"{NAME}.ipynb").read_bytes() == ADA[1]
    # the archive of before again: nothing goes back
    got = gather(folder, ADA, ZOE)
    assert got.rows["11"].outcome is Placement.NOT_TAKEN
    assert "another submission is there that is as new; delete" in got.rows["11"].remarks[0]
    assert submitted(folder, NAME)["11"] == notebook("better")
    assert aside(folder, "11") == {f"{NAME}.ipynb": ADA[1]}


def test_in_moodle_a_later_download_is_newer(folder):
    name = f"Ann Lee_1_assignsubmission_file_/{NAME}.ipynb"
    for days, content, outcome in (
        (0, b"1", Placement.NEW),
        (1, b"2", Placement.REPLACED),
        (0, b"3", Placement.NOT_TAKEN),
    ):
        got = gather(folder, (entry(name, MADE + timedelta(days=days)), content))
        assert got.rows["ann-lee"].outcome is outcome
    assert submitted(folder, NAME) == {"ann-lee": b"2"}


@pytest.mark.parametrize("system", System)
def test_what_an_instructor_put_there_or_put_right_stays(folder, system):
    name, student = {
        System.CANVAS: (ADA[0], "11"),
        System.MOODLE: (f"Ann Lee_1_assignsubmission_file_/{NAME}.ipynb", "ann-lee"),
    }[system]
    path = folder / "submitted" / student / NAME / f"{NAME}.ipynb"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"by hand")
    assert gather(folder, (name, b"new")).rows[student].outcome is Placement.NOT_TAKEN
    assert path.read_bytes() == b"by hand"
    path.unlink()
    path.parent.rmdir()
    gather(folder, (name, b"new"))
    path.write_bytes(b"put right")
    assert gather(folder, (entry(name, MADE + timedelta(days=2)), b"new")).rows[student].outcome is Placement.SAME
    assert path.read_bytes() == b"put right"


def test_a_damaged_record_is_one_students_remark(folder):
    gather(folder, ADA, ZOE)
    record = folder / "downloaded" / NAME / "collected" / "11" / "collected.json"
    for text in ("{", "[]", '{"system": 3}', record.read_text().replace(": 901", ': "901"')):
        record.write_text(text)
        got = gather(folder, ADA, ZOE)
        assert "is damaged; delete it" in got.rows["11"].remarks[0]
        assert got.rows["99"].outcome is Placement.SAME


def test_a_full_disk_costs_nothing_that_was_there(folder, monkeypatch):
    gather(folder, ADA)
    rename = Path.rename

    def full(self, target):
        if self.name == "new":
            raise OSError(28, "No space left on device")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", full)
    got = gather(folder, (f"lovelaceada_11_950_{NAME}.ipynb", notebook("better")))
    assert got.rows["11"].remarks == ("it could not be written: No space left on device",)
    assert submitted(folder, NAME) == {"11": ADA[1]}
