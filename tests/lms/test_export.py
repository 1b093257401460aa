"""Exports: the grades of nbgrader's gradebook, of the right people, in the form that each system reads."""

import csv
import shutil
import sys
from pathlib import Path

import nbformat
import pytest
from lms_archives import pack
from lms_gradebook import NAME, read
from nbgrader.api import Gradebook
from nbgrader.apps.exportapp import ExportApp
from nbgrader.plugins import CsvExportPlugin
from this_course import COURSE

from course import cli
from course.errors import ExportError
from course.grading import demo, grade
from course.grading.demo import fill_in
from course.grading.gradebook.recorded import FAILED, Stored, write_stored
from course.grading.options import Options
from course.inbox import submissions
from course.inbox.systems import System
from course.labs.sources import read_source
from course.lms.collect import collect
from course.lms.export import export_grades
from course.lms.export_base import points_for_lms
from course.lms.export_plugins import CanvasExportPlugin, MoodleExportPlugin
from course.text.spreadsheets import spreadsheet_text

pytestmark = pytest.mark.slow  # nbgrader makes a gradebook
LAB = COURSE.labs[0]
CANVAS = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section"]
MOODLE = ["Identifier", "Email address", "Full name", "Grade", "Maximum grade", "ID number", "Last modified (grade)"]


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_canvas(book):
    book.hand_in("ada", 4, 1.5)
    book.hand_in("bob", 2.125, 0, lms_user_id="12", first_name="Bob", last_name="Byte", email="bob@example.org")
    book.collected("ada", System.CANVAS, "11")
    roster = book.roster("id,name,lms_id,login,sis_id,section\nada,Ada Lovelace,,ada1,S-1,A\nnobody,N,9,,,\n")
    lines, remarks = book.export(CanvasExportPlugin, roster=roster, columns={NAME: "Lab 1 (4711)"})
    assert lines == [
        [*CANVAS, "Lab 1 (4711)"],
        ["    Points Possible", "", "", "", "", "6"],
        ["Ada Lovelace", "11", "S-1", "ada1", "A", "5.5"],
        ["Byte, Bob", "12", "", "", "", "2.125"],
    ]
    assert remarks == ""


def test_moodle(book):
    book.hand_in("ada", 4, 1.5, email="ada@example.org")
    book.hand_in("zoë-müller", 1, 2, lms_user_id="a number of Canvas")
    book.collected("zoë-müller", System.MOODLE, "345", "Zoë Müller")
    roster = book.roster("id,name,idnumber\nada,Ada Lovelace,S-1\n")
    lines, remarks = book.export(MoodleExportPlugin, roster=roster)
    assert lines == [
        MOODLE,
        ["", "ada@example.org", "Ada Lovelace", "5.5", "6", "S-1", ""],
        ["Participant 345", "", "Zoë Müller", "3", "6", "", ""],
    ]
    out_of, empty = remarks.splitlines()
    assert out_of == "the grades are out of 6: that must be the maximum grade of the assignment in Moodle"
    assert empty.startswith("ada: the column Identifier is empty, as their number is not known; ")


def test_moodles_number_of_this_lab_counts_before_the_rosters_and_canvass_after(book):
    for student in ("ada", "bob"):
        book.hand_in(student, 4, 1)
    book.collected("ada", System.MOODLE, "345")
    book.collected("bob", System.CANVAS, "12")
    roster = book.roster("id,lms_id\nada,1\nbob,2\n")
    assert [line[0] for line in book.export(MoodleExportPlugin, roster=roster)[0][1:]] == [
        "Participant 345",
        "Participant 2",
    ]
    assert [line[1] for line in book.export(CanvasExportPlugin, roster=roster)[0][2:]] == ["1", "2"]


@pytest.mark.parametrize("plugin", [CanvasExportPlugin, MoodleExportPlugin])
def test_no_unfinished_grade_leaves_the_house_unless_it_is_allowed(book, plugin):
    book.hand_in("ada", 4, None, lms_user_id="1", email="a@example.org")
    book.hand_in("bob", 4, 2, lms_user_id="2", email="b@example.org")
    column = NAME if plugin is CanvasExportPlugin else "Grade"

    def grades(**traits) -> tuple[list[str], str]:
        lines, remarks = book.export(plugin, **traits)
        return [line[lines[0].index(column)] for line in lines[1:] if "Points Possible" not in line[0]], remarks

    exported, remarks = grades()
    assert exported == ["", "6"]
    assert f"ada: no grade for {NAME}; it still has to be marked" in remarks and "bob: no grade" not in remarks
    exported, remarks = grades(allow_unmarked=True)
    assert exported == ["4", "6"]
    assert f"ada: the grade for {NAME} is not final" in remarks


def test_a_grade_that_nbgrader_never_finished_is_not_exported(book):
    """As after a run that was broken off: the submission is there, and nothing is known of it."""
    with Gradebook(book.url, COURSE.id) as gradebook:
        gradebook.update_or_create_student("ada", lms_user_id="1")
        gradebook.add_submission(NAME, "ada")
    lines, remarks = book.export(CanvasExportPlugin)
    assert lines[2][-1] == "" and "ada: no grade" in remarks


def test_scores_are_those_of_nbgraders_own_export(book):
    for number, (test, written, penalty) in enumerate(
        [(4, 2, 0), (4, 2, 1.25), (1, 0, 3), (0, 0, 0), (3.3333333, 1, 0)]
    ):
        book.hand_in(f"s{number}", test, written, penalty, lms_user_id=str(number))
    own = book.folder / "own.csv"
    with Gradebook(book.url, COURSE.id) as gradebook:
        CsvExportPlugin(to=str(own)).export(gradebook)
    theirs = {row["student_id"]: float(row["score"]) for row in rows_of(own)}
    assert list(theirs.values()) == pytest.approx([6, 4.75, 0, 0, 4.3333333])
    ours = {f"s{line[1]}": float(line[-1]) for line in book.export(CanvasExportPlugin)[0][2:]}
    assert ours == pytest.approx(theirs, abs=1e-4)


def test_who_handed_in_nothing_is_left_out_and_named(book):
    book.hand_in("ada", 4, 2, lms_user_id="1")
    with Gradebook(book.url, COURSE.id) as gradebook:
        gradebook.add_student("bob", lms_user_id="2")
    lines, remarks = book.export(CanvasExportPlugin)
    assert [line[1] for line in lines[2:]] == ["1"]
    assert remarks == f"bob: no grade for {NAME}; nothing was handed in"


def test_a_column_without_a_number_is_named(book):
    book.hand_in("ada", 4, 2, lms_user_id="1")
    _, remarks = book.export(CanvasExportPlugin, columns={NAME: "Lab one"})
    assert remarks.startswith("the column 'Lab one' has no number, as in “Lab 3 (4711)”, so Canvas looks for")


def test_a_student_whom_the_system_cannot_find_is_left_out_and_named(book):
    book.hand_in("ada", 4, 2)
    book.hand_in("bob", 4, 2, lms_user_id="2", email="bob@example.org")
    for plugin in (CanvasExportPlugin, MoodleExportPlugin):
        lines, remarks = book.export(plugin)
        assert "ada: left out; no " in remarks and "with a roster" in remarks
        assert "ada" not in str(lines) and "bob" in str(lines)


def test_two_students_who_are_one_in_the_system_get_no_grade_of_each_other(book):
    for student in ("11", "ada", "bob"):
        book.hand_in(student, 4, 2)
        book.collected(student, System.CANVAS, "12" if student == "bob" else "11")
    lines, remarks = book.export(CanvasExportPlugin)
    assert [line[1] for line in lines[2:]] == ["12"]
    assert "11, ada: left out; all of them are 11 in Canvas" in remarks


def test_chosen_students_and_several_labs(book):
    book.add_lab("99_next")
    book.hand_in("ada", 4, 2, lms_user_id="1")
    book.hand_in("bob", 4, 2, lms_user_id="2")
    lines, remarks = book.export(CanvasExportPlugin, student=["ada"])
    assert lines[0] == [*CANVAS, NAME, "99_next"]
    assert lines[1:] == [["    Points Possible", "", "", "", "", "6", "6"], ["ada", "1", "", "", "", "6", ""]]
    assert remarks == "ada: no grade for 99_next; nothing was handed in"
    with pytest.raises(ExportError, match=f"one lab a file; choose one of {NAME}, 99_next with --assignment"):
        book.export(MoodleExportPlugin)
    with pytest.raises(ExportError, match=r"no grade to export to Moodle\.\nada: left out; "):
        book.export(MoodleExportPlugin, assignment=[NAME])  # of a class that came from Canvas
    with pytest.raises(ExportError, match="does not hold 04_nowhere"):
        book.export(CanvasExportPlugin, assignment=["04_nowhere"])


@pytest.mark.parametrize(
    "name", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "  =1", "\r\n=1", "＝1", "=cmd|' /C calc'!A0"]
)
def test_no_cell_is_a_formula(book, name):
    book.hand_in("ada", 4, 2, lms_user_id="=2", last_name=name, email=f"{name}@example.org")
    for plugin in (CanvasExportPlugin, MoodleExportPlugin):
        lines, _ = book.export(plugin, columns={NAME: "=2"})
        assert "6" in lines[-1]
        for cell in (cell for line in lines for cell in line if cell):
            assert cell.strip()[0] not in "=+-@＝", cell
            assert not set(cell) & set("\t\r\n")


def test_cells():
    hidden = ["\u200b=1", "\ufeff=1", "\u3000+1", "﹦1", "−1", "⁺1", "\u2028@x", "\u202e-1"]
    assert [spreadsheet_text(cell)[0] for cell in hidden] == ["'"] * len(hidden)
    assert (
        spreadsheet_text("Ada - Lovelace") == "Ada - Lovelace"
        and spreadsheet_text("") == ""
        and spreadsheet_text("    Points") == "    Points"
    )
    assert [points_for_lms(value) for value in (0.0, 10.0, 18.5, 100.0, 1234567.25, 2 / 3)] == [
        "0",
        "10",
        "18.5",
        "100",
        "1234567.25",
        "0.6667",
    ]


def test_a_file_that_cannot_be_written_and_a_damaged_record(book):
    book.hand_in("ada", 4, 2, lms_user_id="1")
    plugin = CanvasExportPlugin(to=str(book.folder / "none" / "x.csv"))
    with Gradebook(book.url, COURSE.id) as gradebook, pytest.raises(ExportError, match="cannot be written: No such"):
        plugin.export(gradebook)
    (book.folder / "folder.csv").mkdir()
    plugin = CanvasExportPlugin(to=str(book.folder / "folder.csv"))
    with Gradebook(book.url, COURSE.id) as gradebook, pytest.raises(ExportError, match="cannot be written"):
        plugin.export(gradebook)
    assert not list(book.folder.glob(".*"))
    book.collected("ada", System.CANVAS, "1")
    next(book.folder.glob("**/collected.json")).write_text("{")
    with pytest.raises(ExportError, match="is damaged; delete it"):
        book.export(CanvasExportPlugin)


def test_as_a_plug_in_of_nbgrader_export(book, monkeypatch):
    """`nbgrader export --exporter=…`, with its own options and those of the plug-in."""
    book.hand_in("ada", 4, None, email="ada@example.org")
    monkeypatch.chdir(book.folder)
    roster = book.roster("id,lms_id\nada,1\n")
    for exporter, title in (("CanvasExportPlugin", "Lab 1 (7)"), ("MoodleExportPlugin", "Identifier")):
        arguments = [
            f"--exporter=course.lms.export_plugins.{exporter}",
            "--to=lms.csv",
            f"--assignment={NAME}",
            f"--{exporter}.allow_unmarked=True",
            f"--{exporter}.roster={roster}",
            f"--{exporter}.columns={NAME}=Lab 1 (7)",
            "--log-level=ERROR",
        ]
        app = ExportApp()
        app.initialize(arguments)
        app.start()
        lines = read(book.folder / "lms.csv")
        assert title in lines[0] and "4" in lines[-1] and "1" in lines[-1][0] + lines[-1][1]


# From Canvas and back


@pytest.fixture(scope="module")
def graded_class(tmp_path_factory):
    """Three students of lab 1, handed in through Canvas, collected and graded."""
    folder = tmp_path_factory.mktemp("class")
    blank = nbformat.read(COURSE.released(LAB), as_version=4)
    model = demo.model_answers(read_source(COURSE.source(LAB)))
    half = dict(list(model.items())[: len(model) // 2])
    work = {"11": fill_in(blank, model), "12": blank, "13": fill_in(blank, half)}
    names = {"11": "lovelaceada", "12": "bytebob", "13": "curieélise_LATE"}
    files = [
        (f"{names[number]}_{number}_90{number}_{NAME}.ipynb", nbformat.writes(notebook).encode())
        for number, notebook in work.items()
    ]
    found = collect(LAB, folder, pack(folder / "submissions.zip", *files))
    assert len(found.rows) == 3 and found.any_read
    results = grade.grade(
        COURSE, LAB, folder, submissions.require_submissions(folder, LAB), lambda student: None, Options()
    )
    return folder, {result.student: result for result in results}


@pytest.mark.kernel
def test_from_canvas_and_back(graded_class, tmp_path):
    folder, results = graded_class
    remarks = export_grades(COURSE, LAB, folder, tmp_path / "c.csv", System.CANVAS, column="Lab 1 (7)")
    rows = {row["ID"]: row for row in rows_of(tmp_path / "c.csv")}
    worth = results["11"].max_tests + results["11"].to_mark
    assert rows[""]["Student"] == "    Points Possible" and float(rows[""]["Lab 1 (7)"]) == worth
    assert set(rows) == {"", "11", "12", "13"}
    waiting = [student for student, result in results.items() if result.to_mark]
    assert waiting, "a written answer waits for a person"
    for student, result in results.items():
        assert rows[student]["Lab 1 (7)"] == ("" if result.to_mark else points_for_lms(result.total))
        assert (f"{student}: no grade for {NAME}; it still has to be marked" in remarks) == bool(result.to_mark)
    remarks = export_grades(COURSE, LAB, folder, tmp_path / "all.csv", System.CANVAS, allow_unmarked=True)
    rows = {row["ID"]: row for row in rows_of(tmp_path / "all.csv")}
    scores = {student: float(rows[student][NAME]) for student in results}
    assert scores == {student: result.total for student, result in results.items()}
    assert scores["11"] == results["11"].max_tests > scores["13"] > scores["12"] == 0


@pytest.mark.kernel
def test_from_canvas_to_moodle_needs_a_roster(graded_class, tmp_path):
    folder, results = graded_class
    to = tmp_path / "m.csv"
    with pytest.raises(ExportError) as error:
        export_grades(COURSE, LAB, folder, to, System.MOODLE, allow_unmarked=True)
    assert str(error.value).count("left out; no Moodle number") == 3 and not to.exists()
    roster = tmp_path / "roster.csv"
    roster.write_text(
        "id,name,email\n11,Ada,ada@example.org\n12,Bob,bob@example.org\n13,Élise,elise@example.org\n", "utf-8"
    )
    export_grades(COURSE, LAB, folder, to, System.MOODLE, roster, allow_unmarked=True)
    rows = {row["Email address"]: row for row in rows_of(to)}
    assert float(rows["ada@example.org"]["Grade"]) == results["11"].total
    assert (rows["elise@example.org"]["Full name"], float(rows["elise@example.org"]["Grade"])) == (
        "Élise",
        results["13"].total,
    )


@pytest.mark.kernel
def test_from_a_gradebook_at_another_address(graded_class, tmp_path):
    folder, results = graded_class
    (tmp_path / "submitted").symlink_to(folder / "submitted")
    (tmp_path / "executed").symlink_to(folder / "executed")
    shutil.copy(folder / "gradebook.db", tmp_path / "elsewhere.db")
    (tmp_path / "roster.csv").write_text("id,lms_id\n11,11\n12,12\n13,13\n")  # found without being named
    to = tmp_path / "c.csv"
    with pytest.raises(ExportError, match="There is no gradebook"):
        export_grades(COURSE, LAB, tmp_path, to, System.CANVAS)
    address = f"sqlite:///{tmp_path / 'elsewhere.db'}"
    export_grades(COURSE, LAB, tmp_path, to, System.CANVAS, allow_unmarked=True, database=address)
    assert {row["ID"] for row in rows_of(to)} == {"", *results}


@pytest.mark.kernel
def test_the_command(graded_class, tmp_path, monkeypatch, capsys):
    folder, _ = graded_class
    before = (folder / "gradebook.db").read_bytes()

    def run(*arguments) -> tuple[int, str]:
        monkeypatch.chdir(COURSE.root)
        monkeypatch.setattr(sys, "argv", ["course", "export", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            cli.main()
        printed = capsys.readouterr()
        return int(end.value.code or 0), " ".join((printed.out + printed.err).split())

    to = tmp_path / "c.csv"
    code, text = run(NAME, "--to", to, "--system", "canvas", "--folder", folder)
    assert code == 0 and f"11: no grade for {NAME}; it still has to be marked" in text
    assert read(to)[0] == [*CANVAS, NAME]
    assert (folder / "gradebook.db").read_bytes() == before
    code, text = run(NAME, "--to", to, "--system", "canvas", "--folder", tmp_path)
    assert code == 2 and "There is no gradebook" in text and not (tmp_path / "gradebook.db").exists()
    code, text = run(COURSE.labs[1].name, "--to", to, "--system", "moodle", "--folder", folder)
    assert code == 2 and f"does not hold {COURSE.labs[1].name}" in text


@pytest.mark.parametrize("plugin", [CanvasExportPlugin, MoodleExportPlugin])
def test_who_is_not_graded_is_left_out_and_named(book, plugin):
    """Whether the gradebook knows nothing of the student, or what an earlier submission was worth."""
    for student in ("ann", "old"):
        book.hand_in(student, 4, 2, lms_user_id=student, email=f"{student}@uni.edu")
    for student in ("new", "old"):
        (book.folder / "executed" / student / NAME).mkdir(parents=True)
        write_stored(book.folder, student, NAME, Stored("", FAILED, "The machine had no memory."))
    lines, remarks = book.export(plugin)
    assert sum("ann" in " ".join(line) for line in lines) == 1
    assert not any(name in " ".join(line) for line in lines for name in ("new", "old"))
    for student in ("new", "old"):
        assert f"{student}: no grade for {NAME}; it is not graded yet: The machine had no memory." in remarks
