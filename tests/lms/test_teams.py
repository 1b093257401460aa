"""What teams hand in: each member gets it, and no number of a team becomes a student's."""

import csv
from dataclasses import replace

import pytest
from lms_archives import notebook, pack, submitted
from nbgrader.api import Gradebook
from this_course import COURSE

from course.inbox.roster import Person
from course.inbox.systems import System
from course.lms.collect import collect
from course.lms.export_plugins import CanvasExportPlugin, MoodleExportPlugin
from course.lms.feedback_zip import origin_of, page_name
from course.nbgrader_api import without_library_warnings

LAB = COURSE.labs[0]
NAME = LAB.name
TEAM = f"Group A_42_assignsubmission_file/{NAME}.ipynb"  # 42 is Moodle's number of the group
ZOE = f"Zoë Müller_12345_assignsubmission_file/{NAME}.ipynb"
ADA, BEN, KIM = (
    Person("ada", "Ada Lee", group="group a"),
    Person("ben", "Ben Roe", group="Group A"),
    Person("kim", "Kim", "42"),
)


def gather(folder, *names, roster=None, system=None):
    path = pack(folder / "got.zip", *((name, notebook(name)) for name in names))
    found = collect(LAB, folder, path, system, roster)
    return {row.student: " ".join(row.remarks) for row in found.rows}, "\n".join(found.remarks)


def of(folder):
    """Whose submission each student has."""
    return submitted(folder, NAME)


def test_each_member_gets_what_the_team_handed_in(tmp_path):
    rows, _ = gather(tmp_path, TEAM, ZOE, roster=[ADA, BEN, KIM, Person("zoe", "Zoë Müller")])
    assert of(tmp_path) == {"ada": notebook(TEAM), "ben": notebook(TEAM), "zoe": notebook(ZOE)}
    assert rows["ada"] == "handed in by the team “Group A”, with ben"
    assert "kim" not in rows, "whose number in Moodle happens to be that of the group"
    numbered = [Person("ada", "Ada Lee", lms_id="501"), Person("ben", "Ben Roe")]
    names = [origin_of(tmp_path, LAB, student, System.MOODLE, numbered) for student in ("ada", "ben", "zoe")]
    assert page_name(names[0], LAB).startswith("Ada Lee_501_assignsubmission_file_")
    assert "course roster WORKSHEET --lab" in str(names[1])
    assert names[2].lms_id == "12345", "who handed in alone has the number of the archive"
    assert "the team “Group A” handed in, and the number of this member in Moodle is not known" in str(
        origin_of(tmp_path, LAB, "ada", System.MOODLE)
    )


def test_a_team_of_the_roster_that_handed_in_nothing_is_named_with_its_members(tmp_path):
    mistyped = [replace(BEN, group="Grupp A"), Person("max", "Max", group="Grupp A")]
    _, remarks = gather(tmp_path, TEAM, roster=[ADA, *mistyped])
    assert "the team “Grupp A” of the roster (ben, max) handed in nothing; is its name right?" in remarks
    _, remarks = gather(tmp_path, TEAM, roster=[ADA, BEN])
    assert "handed in nothing" not in remarks


@pytest.mark.parametrize("name", ["Group A", "Gruppe", "Team 7", "équipe rouge", "The 4 aces"])
def test_what_looks_like_a_team_is_refused_without_a_roster(tmp_path, name):
    rows, remarks = gather(tmp_path, TEAM.replace("Group A", name), ZOE)
    assert of(tmp_path) == {"zoë-müller": notebook(ZOE)}
    assert (
        "looks like a team, and 42 like Moodle's number of it" in rows[name]
        and "column `group` of the roster" in rows[name]
    )
    assert "Where teams hand in together, they are those of teams" in remarks


def test_a_team_that_the_roster_does_not_know_is_not_taken_for_a_missing_student(tmp_path):
    rows, _ = gather(tmp_path, TEAM, roster=[Person("ada", "Ada Lee")])
    assert not of(tmp_path)
    assert "looks like a team" in rows["Group A"] and "add a line" not in rows["Group A"]


def test_a_team_with_the_number_of_a_student_is_not_taken_for_the_student(tmp_path):
    rows, _ = gather(tmp_path, TEAM, roster=[KIM])
    assert not of(tmp_path)
    assert "the roster has 42 as the number of kim, “Kim”, and the archive as that of “Group A”" in rows["Group A"]


def test_names_that_are_hidden_or_begin_with_the_team_are_the_students(tmp_path):
    names = (
        f"Participant_42_assignsubmission_file/{NAME}.ipynb",
        f"Group A-Ada Lee_7_assignsubmission_file/{NAME}.ipynb",
    )
    gather(tmp_path, *names, roster=[ADA, BEN, KIM])
    assert of(tmp_path) == {"kim": notebook(names[0]), "ada": notebook(names[1])}


def test_names_that_are_hidden_in_another_language(tmp_path):
    names = [f"Teilnehmerin_{number}_assignsubmission_file/{NAME}.ipynb" for number in (42, 43)]
    gather(tmp_path, *names, roster=[KIM, Person("max", "Max", "43")])
    assert of(tmp_path) == {"kim": notebook(names[0]), "max": notebook(names[1])}


def test_who_is_in_no_team_is_told_apart(tmp_path):
    _, remarks = gather(tmp_path, f"Default group_assignsubmission_file/{NAME}.ipynb", ZOE, system=System.MOODLE)
    assert "left out; Moodle's name for all students who are in no team, so it is nobody's" in remarks


def test_who_has_two_submissions_gets_none_of_them(tmp_path):
    alone = f"Ben Roe_9_assignsubmission_file/{NAME}.ipynb"
    rows, _ = gather(tmp_path, TEAM, alone, roster=[ADA, BEN])
    assert of(tmp_path) == {"ada": notebook(TEAM)}
    assert rows["ben"] == "it could be “Group A” (42) or what was handed in alone: correct the column `group`"


def test_a_team_in_canvas_has_the_number_of_one_member(tmp_path):
    roster = [Person("ada", "Ada Lee", "11", group="Group A"), Person("ben", "Ben Roe", group="Group A")]
    gather(tmp_path, f"groupa_11_9001_{NAME}.ipynb", f"kim_5_9002_{NAME}.ipynb", roster=[*roster, Person("kim", "Kim")])
    assert origin_of(tmp_path, LAB, "ada", System.CANVAS).lms_id == "11"
    assert "the number of this member in Canvas is not known" in str(origin_of(tmp_path, LAB, "ben", System.CANVAS))


@pytest.mark.slow
def test_no_number_of_a_team_is_exported(tmp_path):
    people = [ADA, BEN, Person("zoe", "Zoë Müller", email="zoe@uni.edu"), Person("max", "Max", idnumber="M-1")]
    gather(tmp_path, TEAM, ZOE, roster=people[:3])
    roster = tmp_path / "roster.csv"
    roster.write_text("id,name,email,idnumber\nada,Ada Lee,,A-1\nben,Ben Roe,ben@uni.edu,\nzoe,Zoë Müller,,\n", "utf-8")
    with without_library_warnings(), Gradebook(f"sqlite:///{tmp_path}/gradebook.db", COURSE.id) as book:
        book.add_assignment(NAME)
        book.add_notebook(NAME, NAME)
        for person in people:
            book.add_student(person.id)
            book.add_submission(NAME, person.id)
        lines = {}
        for plugin in (MoodleExportPlugin, CanvasExportPlugin):
            export = plugin(to=str(tmp_path / "out.csv"), folder=str(tmp_path), roster=str(roster))
            export.export(book)
            with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as file:
                lines[plugin.system] = list(csv.reader(file)), export.remarks
    rows, said = lines[System.MOODLE]
    assert [row[0] for row in rows[1:]] == ["", "", "Participant 12345"]
    instead = "the grading worksheet passes them over; use Moodle's Grades → Import → CSV file, by ID number"
    assert f"ada: the column Identifier is empty, as their number is not known; {instead}" in said
    assert any("ben: the column Identifier is empty" in text and "by Email address" in text for text in said)
    rows, said = lines[System.CANVAS]
    assert {row[1] for row in rows[2:]} == {""}
    assert any(text.startswith("ada, ben, zoe: the column ID is empty") for text in said)
    assert any("Canvas finds them by their names, which others may have, too" in text for text in said)
