"""Collecting: every student gets in what they handed in last, and no archive does anything else."""

import random
import struct
import sys
import zipfile
from datetime import datetime, timedelta
from pathlib import Path, PurePosixPath

import pytest
from lms_archives import MADE, entry, everything, nested, notebook, pack, submitted
from nbgrader.coursedir import CourseDirectory
from rich.console import Console
from traitlets.config import Config

from course import cli
from course.config import load_course
from course.errors import ArchiveError, CourseError, RosterError
from course.inbox.filenames import flattened, id_problem, refusal
from course.inbox.places import Outcome
from course.inbox.roster import Person, look_up, read_roster
from course.inbox.systems import System, Times
from course.lms.collect import Collected, collect
from course.lms.collect_one import Row
from course.lms.unpack import Limits

COURSE = load_course(Path(__file__).parent)
LAB = COURSE.labs[0]
NAME = LAB.name
ADA = (f"lovelaceada_11_901_{NAME}.ipynb", notebook("Ada's"))
ZOE = (f"zimmerzoë_99_999_{NAME}.ipynb", notebook("Zoë's"))
EVE = f"eve_5_77_{NAME}.ipynb"
GOOD = {"11": ADA[1], "99": ZOE[1]}


@pytest.fixture
def outer(tmp_path):
    """A folder with things that no archive may touch, and in it the course's folder."""
    (tmp_path / "outer" / "class").mkdir(parents=True)
    for name in ("evil.ipynb", "precious.txt", "class/gradebook.db", "class/thesis.txt"):
        (tmp_path / "outer" / name).write_text("precious")
    return tmp_path / "outer"


@pytest.fixture
def folder(outer):
    return outer / "class"


@pytest.fixture
def download(outer):
    return outer.parent / "download.zip"


class Gathered:
    """What was collected, with the rows by student and all remarks as one text."""

    def __init__(self, found: Collected):
        self.system, self.any_read = found.system, found.any_read
        self.rows: dict[str, Row] = {row.student: row for row in found.rows}
        self.text = "\n".join([*found.remarks, *(remark for row in found.rows for remark in row.remarks)])


def gather(folder: Path, *files, **options) -> Gathered:
    """Collect an archive of these files; whatever becomes of it, nothing else changes and nothing gets lost."""
    path = folder.parent.parent / "download.zip"
    if files:
        pack(path, *files)
    before = everything(folder.parent)
    try:
        found = collect(LAB, folder, path, **options)
    finally:
        after = everything(folder.parent)
        assert not_ours(after) == not_ours(before)
        contents = [content for _, content in after.values()]
        lost = [name for name, (_, content) in before.items() if content not in contents]
        assert [name for name in lost if not name.endswith("collected.json")] == []
        assert not [name for name, (kind, _) in after.items() if kind == "link"]
        assert not [name for name in after if ".collecting" in name or name.endswith(".draft")]
    return Gathered(found)


def not_ours(files: dict) -> dict:
    return {name: what for name, what in files.items() if not name.startswith(("class/submitted", "class/downloaded"))}


def aside(folder: Path, student: str) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob(f"downloaded/{NAME}/collected/{student}/aside/*")}


# What the two systems make


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
    assert {row.outcome for row in got.rows.values()} == {Outcome.NEW}
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
    assert got.rows["5"].outcome is Outcome.NEW
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
    assert got.rows["5"].outcome is Outcome.REFUSED
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
    assert {row.outcome for row in got.rows.values()} == {Outcome.SAME}


def test_what_is_newer_replaces_and_the_old_is_kept(folder):
    gather(folder, ADA, ZOE)
    got = gather(folder, (f"lovelaceada_11_950_{NAME}-1.ipynb", notebook("better")), ZOE)
    assert submitted(folder, NAME) == GOOD | {"11": notebook("better")}
    assert (got.rows["11"].outcome, got.rows["99"].outcome) == (Outcome.REPLACED, Outcome.SAME)
    kept = folder / "downloaded" / NAME / "collected" / "11"
    assert (kept / "replaced-1" / f"{NAME}.ipynb").read_bytes() == ADA[1]
    # the archive of before again: nothing goes back
    got = gather(folder, ADA, ZOE)
    assert got.rows["11"].outcome is Outcome.KEPT
    assert "another submission is there that is as new; delete" in got.rows["11"].remarks[0]
    assert submitted(folder, NAME)["11"] == notebook("better")
    assert aside(folder, "11") == {f"{NAME}.ipynb": ADA[1]}


def test_in_moodle_a_later_download_is_newer(folder):
    name = f"Ann Lee_1_assignsubmission_file_/{NAME}.ipynb"
    for days, content, outcome in ((0, b"1", Outcome.NEW), (1, b"2", Outcome.REPLACED), (0, b"3", Outcome.KEPT)):
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
    assert gather(folder, (name, b"new")).rows[student].outcome is Outcome.KEPT
    assert path.read_bytes() == b"by hand"
    path.unlink()
    path.parent.rmdir()
    gather(folder, (name, b"new"))
    path.write_bytes(b"put right")
    assert gather(folder, (entry(name, MADE + timedelta(days=2)), b"new")).rows[student].outcome is Outcome.SAME
    assert path.read_bytes() == b"put right"


def test_a_damaged_record_is_one_students_remark(folder):
    gather(folder, ADA, ZOE)
    record = folder / "downloaded" / NAME / "collected" / "11" / "collected.json"
    for text in ("{", "[]", '{"system": 3}', record.read_text().replace(": 901", ': "901"')):
        record.write_text(text)
        got = gather(folder, ADA, ZOE)
        assert "is damaged; delete it" in got.rows["11"].remarks[0]
        assert got.rows["99"].outcome is Outcome.SAME


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


# Times


def stamps(folder: Path) -> dict:
    """What nbgrader reads from the files timestamp.txt."""
    directory = CourseDirectory(root=str(folder))
    students = [path.name for path in (folder / "submitted").iterdir()]
    return {who: directory.get_existing_timestamp(directory.format_path("submitted", who, NAME)) for who in students}


def test_times_of_the_download_are_not_taken_for_those_of_handing_in(folder):
    late = (entry(f"eve_LATE_5_77_{NAME}.ipynb", MADE + timedelta(minutes=50)), notebook())
    got = gather(folder, ADA, late)
    assert stamps(folder) == {"11": None, "5": None}
    assert "those of the download: no timestamp.txt was written" in got.text
    assert got.rows["5"].remarks == ("late, says Canvas; the time is not known, so nothing is taken off for each day",)
    # told to use them, collecting adds what was missing
    got = gather(folder, ADA, late, times=Times.ZIP)
    assert stamps(folder) == {"11": MADE, "5": MADE + timedelta(minutes=50)}
    assert got.rows["5"].time == "2026-03-02 12:50:00 UTC"
    assert got.rows["5"].remarks == ("late, says Canvas",)
    # the time of what was handed in before is not that of what replaces it
    again = (entry(f"eve_LATE_5_78_{NAME}.ipynb", MADE), notebook("better"))
    got = gather(folder, ADA, again, times=Times.NONE)
    assert got.rows["5"].outcome is Outcome.REPLACED and stamps(folder)["5"] is None
    assert got.rows["5"].remarks == ("late, says Canvas; the time is not known, so nothing is taken off for each day",)


def test_times_hours_apart_become_timestamps_that_nbgrader_reads(folder):
    exact = datetime(2026, 3, 4, 5, 6, 7)
    info = entry(ZOE[0], datetime(2020, 1, 1))
    info.extra = struct.pack("<HHBi", 0x5455, 5, 1, int((exact - datetime(1970, 1, 1)).total_seconds()))
    never = entry(f"eve_5_77_{NAME}.ipynb", datetime(1980, 1, 1))
    future = entry(f"fay_6_77_{NAME}.ipynb", datetime(2099, 1, 1))
    gather(folder, ADA, (info, ZOE[1]), (never, notebook()), (future, notebook()))
    assert stamps(folder) == {"11": MADE, "99": exact, "5": None, "6": None}
    assert gather(folder, ADA, (info, ZOE[1]), times=Times.NONE).rows["99"].time == ""


def test_a_timestamp_that_is_there_stays(folder):
    gather(folder, ADA, times=Times.ZIP)
    stamp = folder / "submitted" / "11" / NAME / "timestamp.txt"
    stamp.write_text("2026-01-01 00:00:00 UTC")
    gather(folder, (entry(ADA[0], MADE + timedelta(days=9)), ADA[1]), times=Times.ZIP)
    assert stamp.read_text() == "2026-01-01 00:00:00 UTC"


# Who is who


def roster_file(tmp_path: Path, text: str, encoding: str = "utf-8") -> Path:
    path = tmp_path / "roster.csv"
    path.write_text(text, encoding)
    return path


def test_roster(folder, tmp_path):
    text = "id;name;lms_id;more\nada;Ada Lovelace;11;x\nzoe;Zimmer, Zoë;;\nmax;Max Muster;;\n"
    roster = read_roster(roster_file(tmp_path, text, "utf-8-sig"))
    others = [(f"strangereve_5_1_{NAME}.ipynb", notebook()), (f"mustermax_77_5_{NAME}.ipynb", b"Max")]
    got = gather(folder, ADA, ZOE, *others, roster=roster)
    assert submitted(folder, NAME) == {"ada": ADA[1], "zoe": ZOE[1], "max": b"Max"}
    assert got.rows["strangereve"].remarks == ("strangereve (lms_id 5) is not in the roster: add a line",)


def test_nobody_is_found_by_a_name_who_has_a_number():
    roster = [Person("ada", "Ada Lovelace", "11"), Person("kim-1", "Kim Lee"), Person("kim-2", "Lee, Kim")]
    assert look_up(roster, "12", "lovelaceada") == "lovelaceada (lms_id 12) is not in the roster: add a line"
    assert "could be kim-1 or kim-2: give them their lms_id" in str(look_up(roster, "1", "Kim Lee"))
    assert look_up(roster, "1", "") == "lms_id 1 is not in the roster: add a line"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "has the columns of nothing. It needs `id`"),
        ("ID,lms_id\na,1\n", "has the columns ID, lms_id. It needs `id`"),
        ("id,email\na,b\n", "and `lms_id` or `name`"),
        ("id,lms_id\n../x,1\n", "line 2: the id '../x' is not possible"),
        ("id,lms_id\n,1\n", "line 2: the id '' is not possible"),
        ("id,lms_id\nada,1\nAda,2\n", "line 3: the id 'Ada' is there twice; capitals make no difference"),
        ("id,lms_id\nada,1\nbob,1\n", "line 3: the lms_id '1' is there twice"),
        ("id,lms_id\nada,\n", "line 2: 'ada' has neither lms_id nor name"),
        ("id,lms id,name\nada,11,Ada\n", "has a column 'lms id'. Call it 'lms_id', or leave it out"),
        ("id,name,Email\nada,Ada,a@b.c\n", "has a column 'Email'. Call it 'email', or leave it out"),
        ("id,lms_id\nada,11\nbob,12.0\n", "line 3: the lms_id '12.0' is what a spreadsheet makes of a number"),
        ("id,name\n11.0,Ada\n", "line 2: the id '11.0' is what a spreadsheet makes of a number"),
        ("id;name\n1,02E+12;Ada\n", "line 2: the id '1,02E+12' is what a spreadsheet"),
        ("id,name,idnumber\nada,Ada,1.02E+12\n", "line 2: the idnumber '1.02E+12' is what a spreadsheet"),
        ('id,lms_id\nada,"1,020,304"\n', "line 2: the lms_id '1,020,304' is what a spreadsheet"),
        ('id,lms_id\n"' + "x" * 200_000 + '",1\n', "is no CSV file"),
    ],
)
def test_a_wrong_roster_is_named_with_the_line(tmp_path, text, message):
    with pytest.raises(RosterError) as error:
        read_roster(roster_file(tmp_path, text))
    assert message in str(error.value) and "roster.csv" in str(error.value)


def test_a_roster_that_cannot_be_read(tmp_path):
    with pytest.raises(RosterError, match="cannot be read"):
        read_roster(tmp_path / "none.csv")
    with pytest.raises(RosterError, match="not UTF-8"):
        read_roster(roster_file(tmp_path, "id,name\nzoe,Zoë\n", "latin-1"))


def test_two_who_would_be_the_same_student_are_not_mixed_up(folder):
    roster = [Person("ann", "Ann Lee"), Person("ada", "", "11")]
    got = gather(folder, ADA, (f"leeann_5_1_{NAME}.ipynb", b"a"), (f"annlee_6_2_{NAME}.ipynb", b"b"), roster=roster)
    assert submitted(folder, NAME) == {"ada": ADA[1]}
    assert "leeann (5) and annlee (6) would both be ann: tell them apart by lms_id" in got.rows["leeann"].remarks[0]


def test_a_student_who_took_a_name_like_a_number_is_not_taken_for_another(folder):
    """Eve, number 5, calls herself “eve_11”; read from the left, her file is an upload of student 11."""
    trick = (f"eve_11_5_9999_{NAME}.ipynb", notebook("Eve's"))
    got = gather(folder, ADA, trick)
    assert submitted(folder, NAME) == {"11": ADA[1]}
    assert f"{trick[0]}: left out; it could be of student 11 or 5." in got.text
    # with a roster it is still a trick, but a number that begins an honest name is none
    roster = [Person("ada", "", "11"), Person("eve", "", "5"), Person("fay", "", "6")]
    honest = [("fay_6_70_3_solution.ipynb", b"Fay"), ("fay_6_69_02_heatmaps.ipynb", b"2")]
    got = gather(folder, trick, *honest, roster=roster)
    assert "it could be of student 11 or 5." in got.text
    assert submitted(folder, NAME) == {"11": ADA[1], "fay": b"Fay"}


BAD_IDS = ["", ".", "..", "-x", "a/b", "a\\b", "a b", "a+b", "a*", "a[b]", "con", "nul.txt", "a.", "x" * 101]


@pytest.mark.parametrize("student", [*BAD_IDS, "a\u202eb", "e\u0301"])
def test_ids_that_are_no_folder_or_no_id_of_nbgrader(student):
    assert id_problem(student)


@pytest.mark.parametrize("student", ["11", "ada.lovelace@example.org", "zoë-müller", "李-小龍", "अनिता", "anon_x7Yz"])
def test_ids_that_are_possible(student):
    assert id_problem(student) is None


def test_an_id_that_differs_only_in_capitals_from_a_folder_that_is_there(folder):
    (folder / "submitted" / "ADA").mkdir(parents=True)
    got = gather(folder, ADA, ZOE, roster=[Person("ada", "", "11"), Person("zoe", "", "99")])
    assert "submitted/ADA is there, which some systems take for ada" in got.rows["ada"].remarks[0]
    assert set(submitted(folder, NAME)) == {"zoe"}


LINKS = ["submitted", "submitted/11", f"submitted/11/{NAME}", "downloaded", f"downloaded/{NAME}/collected/11"]


@pytest.mark.parametrize("link", LINKS)
def test_links_on_the_way_are_not_followed(outer, folder, download, link):
    elsewhere = outer / "elsewhere"
    elsewhere.mkdir()
    (folder / link).parent.mkdir(parents=True, exist_ok=True)
    (folder / link).symlink_to(elsewhere, target_is_directory=True)
    found = collect(LAB, folder, pack(download, ADA))
    assert "leads over a link to" in found.rows[0].remarks[0]
    assert list(elsewhere.iterdir()) == []


# Archives that mean harm

HARM = {
    "parent": (("../evil.ipynb", b"x"), "its name leads out of its folder"),
    "parents within": ((f"eve_5_77_a/../../../{NAME}.ipynb", b"x"), "its name leads out of its folder"),
    "absolute": (("/tmp/evil.ipynb", b"x"), "its name is an absolute path"),
    "drive": (("C:/evil.ipynb", b"x"), "its name is an absolute path"),
    "drive relative": (("c:evil.ipynb", b"x"), "its name is an absolute path"),
    "backslash": (("eve_5_77_..\\..\\evil.ipynb", b"x"), "its name holds a backslash"),
    "share": (("//server/share/evil.ipynb", b"x"), "its name is an absolute path"),
    "control": (("eve_5_77_\x1b[2Jevil.ipynb", b"x"), "characters that cannot be printed"),
    "turned": (("eve_5_77_\u202ebnypi.evil", b"x"), "characters that cannot be printed"),
    "endless": (("x" + "_1" * 30_000 + "/y", b"x"), "its name is too long"),
    "long number": ((f"eve_{'5' * 5000}_77_{NAME}.ipynb", b"x"), "its name is too long"),
    "large number": ((f"eve_{'5' * 30}_77_{NAME}.ipynb", b"x"), "Canvas gives no such names"),
    "nul": (("eve_5_77_a\0/../../evil.ipynb", b"x"), "characters that cannot be printed"),
    "symlink": ((entry(EVE, mode=0o120777), b"../../../evil.ipynb"), "it is a symbolic link"),
    "pipe": ((entry(EVE, mode=0o010644), b""), "it is a device or a pipe"),
    "bz2": ((entry(EVE, method=zipfile.ZIP_BZIP2), bytes(10**6)), "packed in a way that"),
    "lzma": ((entry(EVE, method=zipfile.ZIP_LZMA), bytes(10**6)), "packed in a way that"),
    "bomb": ((EVE, bytes(51 * 2**20)), "packed more than 200 times"),
    "giant": ((entry(EVE, method=zipfile.ZIP_STORED), bytes(100 * 2**20 + 1)), "larger than the 104,857,600 bytes"),
}


@pytest.mark.parametrize("harm", HARM)
def test_harm_is_refused_and_named_and_costs_nobody_anything(folder, harm):
    hostile, reason = HARM[harm]
    got = gather(folder, ADA, hostile, ZOE)
    assert submitted(folder, NAME) == GOOD
    assert reason in got.text
    assert "5" not in got.rows or got.rows["5"].outcome is Outcome.REFUSED
    assert not any(ord(one) < 32 and one != "\n" for one in got.text)


def test_moodle_folders_do_not_lead_out(folder):
    at = "Eve_5_assignsubmission_file_/"
    good = (f"Ada_1_assignsubmission_file_/{NAME}.ipynb", b"Ada")
    got = gather(folder, good, *((at + way, b"x") for way in ("../../../evil.ipynb", "/evil.ipynb", "./x.ipynb")))
    assert submitted(folder, NAME) == {"ada": b"Ada"}
    assert got.text.count("not unpacked; its name leads out of its folder") == 3


def test_encrypted(folder, download):
    data = bytearray(pack(download, ADA, (EVE, notebook()), ZOE).read_bytes())
    for signature, offset in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        at = data.index(signature, data.index(signature) + 1) + offset  # the second entry
        struct.pack_into("<H", data, at, struct.unpack_from("<H", data, at)[0] | 1)
    download.write_bytes(data)
    got = gather(folder)
    assert got.rows["5"].remarks == (f"{NAME}.ipynb not unpacked: it is encrypted",)
    assert submitted(folder, NAME) == GOOD


def test_of_a_damaged_latest_upload_no_earlier_one_is_taken_silently(folder, download):
    latest = entry(f"eve_5_78_{NAME}-1.ipynb", method=zipfile.ZIP_STORED)
    data = pack(download, ADA, (EVE, notebook("old")), (latest, b"latest"), ZOE).read_bytes()
    download.write_bytes(data.replace(b"latest", b"lAtest"))
    got = gather(folder)
    assert got.rows["5"].outcome is Outcome.REFUSED
    assert "not unpacked: it is damaged (Bad CRC-32" in got.rows["5"].remarks[0]
    assert submitted(folder, NAME) == GOOD


@pytest.mark.parametrize(("size", "reason"), [(0, "damaged"), (5, "damaged"), (2**31, "larger than the 1,048,576")])
def test_a_size_that_is_not_true(folder, download, size, reason):
    data = bytearray(pack(download, ADA, (EVE, bytes(3 * 2**20)), ZOE).read_bytes())
    at = data.index(b"PK\1\2", data.index(b"PK\1\2") + 1)  # the second entry
    struct.pack_into("<I", data, at + 24, size)
    download.write_bytes(data)
    got = gather(folder, limits=Limits(file=2**20))
    assert got.rows["5"].outcome is Outcome.REFUSED and reason in got.rows["5"].remarks[0]
    assert submitted(folder, NAME) == GOOD


def test_nobody_uses_up_what_others_need(folder):
    big = [(f"eve_5_{number}_big{number}.bin", random.Random(number).randbytes(300_000)) for number in range(10)]
    got = gather(folder, (EVE, notebook("Eve's")), *big, ADA, ZOE, limits=Limits(total=3_000_000))
    assert submitted(folder, NAME) == GOOD | {"5": notebook("Eve's")}
    assert sum(path.stat().st_size for path in folder.rglob("*.bin")) == 900_000
    assert got.rows["5"].remarks[-1].startswith("big9.bin not unpacked: it is larger than the ")


def test_many_files_of_one_student(folder):
    many = [(f"eve_5_{number}_{number}.txt", b"") for number in range(1, 301)]
    got = gather(folder, (EVE, notebook("Eve's")), *many, ADA, ZOE)
    assert set(submitted(folder, NAME)) == {"5", "11", "99"}
    assert len(list((folder / "submitted" / "5" / NAME).iterdir())) == 201
    assert got.rows["5"].remarks == ("100 files not unpacked: only 200 of a student are",)


def test_archives_that_list_too_much(folder):
    with pytest.raises(ArchiveError, match="lists 2 files; 1 are allowed"):
        gather(folder, ADA, ZOE, limits=Limits(entries=1))
    many = [(f"x_1_{number}_{'y' * 200}", b"") for number in range(400)]
    with pytest.raises(ArchiveError, match="its list of files is longer than 90,000 bytes"):
        gather(folder, ADA, *many, limits=Limits(contents=90_000))


def test_a_list_of_entries_that_claims_to_be_huge(folder, download):
    data = bytearray(pack(download, ADA).read_bytes())
    struct.pack_into("<II", data, data.index(b"PK\5\6") + 12, 2**32 - 2, 0)
    download.write_bytes(data)
    with pytest.raises(ArchiveError):
        gather(folder)


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\5\6" + bytes(18), b"PK\3\4" + bytes(50)])
def test_what_is_no_zip_file_or_empty(folder, download, content):
    download.write_bytes(content)
    with pytest.raises(ArchiveError, match=r"download\.zip is no whole zip file|neither"):
        gather(folder)


def test_whatever_bits_are_wrong_nothing_else_happens(outer, folder, download):
    """Two hundred archives, each damaged at random: an error that says what to do, or whole submissions, or none."""
    at = "Ann_1_assignsubmission_file_/"
    files = [ADA, (EVE, notebook("e")), (f"{at}{NAME}.ipynb", b"a"), (f"{at}x/y.txt", b"b"), ZOE]
    whole = pack(download, *files).read_bytes()
    chance = random.Random(0)
    before, errors, taken = everything(outer), 0, 0
    for number in range(200):
        data = bytearray(whole)
        for _ in range(chance.choice([1, 3, 30])):
            data[chance.randrange(len(data))] = chance.randrange(256)
        download.write_bytes(data[: chance.randrange(len(data))] if number % 10 == 0 else data)
        home = folder / str(number)
        try:
            found = collect(LAB, home, download)
        except CourseError as error:
            errors += 1
            assert "download.zip" in str(error) or "--system" in str(error)
            continue
        taken += len(submitted(home, NAME))
        assert set(submitted(home, NAME).values()) <= {ADA[1], ZOE[1], notebook("e"), b"a"}
        assert found.rows or found.remarks
    after = everything(outer)
    assert before.items() <= after.items()
    made = {Path(name).parts[:2] for name in after.keys() - before.keys()}
    assert made <= {("class", str(number)) for number in range(200)}
    assert errors > 20 and taken > 100, "the damage is of every kind"


def test_names_in_archives():
    assert refusal("eve_5_6_a.ipynb") is None and refusal("a/b/c d.ipynb") is None
    assert refusal("a/") is None and refusal("") and refusal("a//b")
    assert flattened(PurePosixPath("con")) == "_con" and flattened(PurePosixPath("a/b?.txt")) == "a__b_.txt"
    assert flattened(PurePosixPath(".git/config")) == "git__config" and flattened(PurePosixPath("...")) == "file"
    long = flattened(PurePosixPath("é" * 300 + ".ipynb"))
    assert len(long.encode()) <= 200 and long.endswith(".ipynb")


# The command


@pytest.fixture
def command(monkeypatch, capsys):
    def run(*arguments) -> tuple[int, str]:
        monkeypatch.chdir(COURSE.root)
        monkeypatch.setattr(sys, "argv", ["course", *map(str, arguments)])
        monkeypatch.setattr(cli.lms, "console", Console(width=160))
        code: int | str | None = 0
        try:
            cli.main()
        except SystemExit as end:
            code = end.code
        printed = capsys.readouterr()
        return int(code or 0), printed.out + printed.err

    return run


def test_the_command_shows_what_was_collected(folder, download, command):
    pack(download, ADA, ("eve_5_77_[red]x.zip", nested()), ("../evil.ipynb", b"x"))
    code, text = command("collect", download, NAME, "--folder", folder)
    assert code == 0
    assert "from Canvas: 2 students" in text and "[red]x.zip set aside" in text
    assert "../evil.ipynb: not unpacked" in text
    assert submitted(folder, NAME) == {"11": ADA[1]}


def test_the_command_ends_with_2_if_nothing_could_be_read(folder, download, command):
    pack(download, ("eve_5_77_x.zip", nested()))
    assert command("collect", download, NAME, "--folder", folder)[0] == 2
    code, text = command("collect", folder / "none.zip", NAME, "--folder", folder)
    assert code == 2 and "There is no file" in text and "Traceback" not in text
    assert command("collect", download, "04_nowhere")[0] == 2
