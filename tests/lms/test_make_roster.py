"""`course roster`: who is who, from the tables of Canvas and Moodle."""

import pytest
from typer.testing import CliRunner

from course import cli
from course.errors import RosterError
from course.inbox.roster import find_person, read_roster
from course.inbox.systems import System
from course.lms.make_roster import make_roster, write_roster
from course.text.csv_tables import read_table

CANVAS = """\
Student,ID,SIS User ID,SIS Login ID,Section,Lab 3 (991)
    Points Possible,,,,,20
"Müller, Zoë",101,S1,zoe,A,
"=cmd|x, Eve",102,S2,eve,B,18
"Student, Test",999,,d41d8,A,
"""
MOODLE = """\
Identifier,Full name,ID number,Email address,Status,Grade,Group
Participant 12345,Zoë Müller,,zoe@x.edu,Submitted,,Team 1
Participant 12346,Ada Okafor,,ada@x.edu,Submitted,,"Team 1, Team 2"
Participant 12347,Okafor Ada,,ada@y.edu,Submitted,,
"""


@pytest.fixture
def made(tmp_path):
    """Make or complete tmp_path/roster.csv of a table's text."""

    def make(text, **options):
        table, roster = tmp_path / "table.csv", tmp_path / "roster.csv"
        table.write_text(text, "utf-8")
        existing = roster if roster.is_file() else None
        new = make_roster(table, existing, **options)
        write_roster(roster, existing, new)
        return new, read_roster(roster)

    return make


def test_the_gradebook_of_canvas(made):
    new, (zoe, eve) = made(CANVAS)
    assert new.id_source == "login" and not new.remarks and not new.missing
    assert (zoe.id, zoe.name, zoe.lms_id, zoe.sis_id, zoe.section) == ("zoe", "Müller, Zoë", "101", "S1", "A")
    assert eve.name == "'=cmd|x, Eve", "what a student calls herself is no formula in a spreadsheet"
    assert find_person([zoe, eve], "102", "cmdxeve", System.CANVAS) == eve


def test_ids_are_made_of_what_everybody_has(made):
    new, people = made(CANVAS.replace("eve,B", ",B"))
    assert new.id_source == "sis_id" and [person.id for person in people] == ["S1", "S2"]


def test_ids_of_one_s_own_choice(made):
    assert [person.id for person in made(CANVAS, id_source="lms_id")[1]] == ["101", "102"]


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        (CANVAS, {"id_source": "email"}, "No ids can be made of 'email' in a table of Canvas: login, sis_id, lms_id"),
        (MOODLE, {"id_source": "email"}, "email: Ada Okafor: ada is another's id, too, and 1 more"),
        (MOODLE, {"id_source": "idnumber"}, "idnumber: Zoë Müller: it must begin with a letter"),
        ("id,name\nzoe,Zoë\n", {}, "has the columns id, name. A roster is made of"),
        ("Student,ID\n    Points Possible,\n", {}, "holds no student"),
    ],
)
def test_a_table_of_which_no_roster_can_be_made(made, tmp_path, text, options, message):
    with pytest.raises(RosterError, match=message):
        made(text, **options)
    assert not (tmp_path / "roster.csv").exists()


def test_the_worksheet_of_moodle(made):
    new, people = made(MOODLE)
    assert new.id_source == "whole email" and [person.id for person in people] == [
        "zoe@x.edu",
        "ada@x.edu",
        "ada@y.edu",
    ]
    assert [person.lms_id for person in people] == ["", "12346", "12347"], "a number is needed by namesakes only"
    assert [person.group for person in people] == ["Team 1", "", ""], "of several groups nobody knows which hands in"
    assert len(new.remarks) == 2 and "It holds for this assignment of Moodle only" in new.remarks[0]


def test_the_participants_of_moodle(made):
    _, (zoe,) = made("First name,Last name,Email address\nZoë,Müller,zoe@x.edu\n")
    assert (zoe.id, zoe.name, zoe.email) == ("zoe", "Zoë Müller", "zoe@x.edu")


def test_namesakes_are_numbered_anew_with_each_assignment(made):
    made(MOODLE)
    new, people = made(MOODLE.replace("1234", "2234"))
    assert not new.added and [person.lms_id for person in people] == ["", "22346", "22347"]


def test_lines_that_are_there_stay(made, tmp_path):
    roster = tmp_path / "roster.csv"
    roster.write_text("id;lms_id;name;remark\nz-01;101;Zoë;brings a laptop\nold;77;Gone;\nEVE;;Eve =cmd|x;\n", "utf-8")
    new, people = made(CANVAS)
    assert [person.id for person in people] == ["z-01", "old", "EVE"] and not new.added
    assert [person.id for person in new.missing] == ["old"]
    new, people = made(CANVAS + '"Boy, New",103,S3,boy,A,\n')
    assert [person.id for person in people] == ["z-01", "old", "EVE", "boy"]
    assert read_table(roster).rows[0][1]["remark"] == "brings a laptop"


def test_an_id_that_another_has_is_not_given_again(made, tmp_path):
    (tmp_path / "roster.csv").write_text("id,lms_id\nzoe,55\n", "utf-8")
    assert [person.id for person in made(CANVAS)[1]] == ["zoe", "S1", "S2"]


def test_the_command_says_what_it_did(tmp_path):
    table = tmp_path / "table.csv"
    table.write_text(MOODLE, "utf-8")
    folder = tmp_path / "class"
    first = CliRunner().invoke(cli.app, ["roster", str(table), "--folder", str(folder)])
    assert "3 students, 3 added, ids made of their whole email" in first.output, first.output
    table.write_text(MOODLE.replace("Zoë Müller,,zoe", "New Boy,,boy"), "utf-8")
    second = CliRunner().invoke(cli.app, ["roster", str(table), "--folder", str(folder)])
    assert "4 students, 1 added" in second.output and "not in" in second.output and "kept: zoe@x.edu" in second.output
