"""`course roster`: who is who, from the tables of Canvas and Moodle."""

import pytest
from this_course import COURSE
from typer.testing import CliRunner

from course import cli
from course.errors import CourseError, RosterError
from course.inbox.roster import find_person, read_roster, roster_file
from course.inbox.systems import System
from course.lms.make_roster import make_roster, write_roster

LAB = COURSE.labs[1].name
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
        if new.added:
            write_roster(roster, existing, new.added)
        return new, read_roster(roster)

    return make


def test_the_gradebook_of_canvas(made):
    new, (zoe, eve) = made(CANVAS)
    assert new.id_source == "login" and not new.remarks and not new.missing
    assert (zoe.id, zoe.name, zoe.lms_id, zoe.sis_id, zoe.section) == ("zoe", "Müller, Zoë", "101", "S1", "A")
    assert eve.name == "'=cmd|x, Eve", "what a student calls herself is no formula in a spreadsheet"
    assert find_person([zoe, eve], "102", "cmdxeve", System.CANVAS) == eve


def test_ids_are_made_from_what_everybody_has(made):
    new, people = made(CANVAS.replace("eve,B", ",B"))
    assert new.id_source == "sis_id" and [person.id for person in people] == ["S1", "S2"]


def test_ids_of_one_s_own_choice(made):
    assert [person.id for person in made(CANVAS, id_source="lms_id")[1]] == ["101", "102"]


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        (CANVAS, {"id_source": "email"}, "No ids can be made from 'email' in a table of Canvas: login, sis_id, lms_id"),
        (MOODLE, {"id_source": "mailbox"}, "mailbox: Ada Okafor: ada is another's id, too; Okafor Ada: ada is another"),
        (MOODLE, {"id_source": "idnumber"}, "idnumber: Zoë Müller: it must begin with a letter"),
        ("id,name\nzoe,Zoë\n", {}, "has the columns id, name. A roster is made from"),
        ("Student,ID\n    Points Possible,\n", {}, "holds no student"),
        (CANVAS.replace("102", "1.02E+12"), {}, "line 4: the ID '1.02E.12' is no number"),
        (CANVAS.replace("S1", "11.0"), {"id_source": "lms_id"}, "Müller, Zoë: the sis_id '11.0' is what a spreadsheet"),
    ],
)
def test_a_table_from_which_no_roster_can_be_made(made, tmp_path, text, options, message):
    with pytest.raises(CourseError, match=message):
        made(text, **options)
    assert not (tmp_path / "roster.csv").exists()


def test_a_student_in_two_sections_is_one(made):
    _, people = made(CANVAS + '"Müller, Zoë",101,S1,zoe,C,\n')
    assert [(person.id, person.section) for person in people] == [("zoe", "A, C"), ("eve", "B")]


def test_the_worksheet_of_moodle(made):
    new, people = made(MOODLE)
    assert new.id_source == "email"
    assert [person.id for person in people] == ["zoe@x.edu", "ada@x.edu", "ada@y.edu"]
    assert [person.lms_id for person in people] == ["", "12346", "12347"], "a number is needed by namesakes only"
    assert [person.group for person in people] == ["Team 1", "", ""], "of several groups nobody knows which hands in"
    assert len(new.remarks) == 3 and "lms_id tells them apart (12346)" in new.remarks[0]


@pytest.mark.parametrize("last_name", ["Last name", "Surname"])
def test_the_participants_of_moodle(made, last_name):
    _, (zoe,) = made(f"First name,{last_name},Email address\nZoë,Müller,zoe@x.edu\n")
    assert (zoe.id, zoe.name, zoe.email) == ("zoe", "Zoë Müller", "zoe@x.edu")


def test_what_the_next_assignment_changes_is_named(made):
    made(MOODLE)
    new, people = made(MOODLE.replace("1234", "2234").replace("Team 1\n", "Team 2\n"))
    assert not new.added and [person.lms_id for person in people] == ["", "12346", "12347"]
    assert "zoe@x.edu: the group is Team 2, in the roster Team 1: change it if teams hand in" in new.remarks
    assert "ada@x.edu: in this assignment the lms_id is 22346, not 12346: change it" in new.remarks


def test_lines_that_are_there_stay_byte_by_byte(made, tmp_path):
    roster = tmp_path / "roster.csv"
    before = "id;lms_id;name;note;note\r\nz-01;101;Zoë;one;two\r\nold;77;Gone\r\nEVE;;Eve =cmd|x;;\r\n".encode()
    roster.write_bytes(before)
    new, people = made(CANVAS)
    assert [person.id for person in people] == ["z-01", "old", "EVE"] and not new.added
    assert [person.id for person in new.missing] == ["old"] and roster.read_bytes() == before
    new, people = made(CANVAS + '"Boy, New",103,S3,boy,A,\n')
    assert [(person.id, person.login) for person in people[2:]] == [("EVE", ""), ("boy", "")]
    assert roster.read_bytes().startswith(before.rstrip()) and b"\nboy;103;Boy, New;;" in roster.read_bytes()
    assert f"{roster} has no column login: what the table says there is left out" in new.remarks


def test_an_id_that_another_has_is_not_given_again(made, tmp_path):
    (tmp_path / "roster.csv").write_text("id,lms_id\nzoe,55\n", "utf-8")
    assert [person.id for person in made(CANVAS)[1]] == ["zoe", "S1", "S2"]


@pytest.mark.parametrize(
    ("roster", "table", "message"),
    [
        (
            "id,lms_id,login\nz1,100,zoe\n",
            CANVAS,
            r"Müller, Zoë \(lms_id 101, .*\) may be z1 \(lms_id 100, login zoe\)",
        ),
        ("id,lms_id,name\nz1,100,Zoë Müller\n", CANVAS, r"Müller, Zoë \(lms_id 101, .*\) may be z1 \(lms_id 100\)"),
        ("id,name\nado,Ada Okafor\n", MOODLE, r"ado of the roster may be Ada Okafor \(email ada@x.edu\) or Okafor Ada"),
        (
            "id,name\na1,Zoë Müller\na2,Müller Zoë\n",
            MOODLE,
            r"Zoë Müller .* may be a1 \(name only\) or a2 \(name only\)",
        ),
        ("id,name,email\nz1,Zoë Müller,old@x.edu\n", MOODLE, r"\(email zoe@x.edu\) may be z1 \(email old@x.edu\)"),
    ],
    ids=["a login of somebody else", "a name of somebody else", "two for a line", "two lines", "another address"],
)
def test_nobody_is_taken_for_somebody_else(made, tmp_path, roster, table, message):
    file = tmp_path / "roster.csv"
    file.write_text(roster, "utf-8")
    with pytest.raises(RosterError, match=message):
        made(table)
    assert file.read_text("utf-8") == roster


def test_numbers_of_one_assignment_are_noted_for_its_lab(tmp_path):
    """As members of teams need them, whose archive has the numbers of teams."""
    table, folder = tmp_path / "table.csv", tmp_path / "class"
    table.write_text(MOODLE, "utf-8")
    done = CliRunner().invoke(cli.app, ["roster", str(table), "--folder", str(folder), "--lab", LAB])
    assert f"of 3 students in {LAB}" in done.output, done.output
    assert [one.lms_id for one in read_roster(roster_file(folder, None, LAB))] == ["12345", "12346", "12347"]
    assert roster_file(folder, None, "another_lab") == roster_file(folder, None) == folder / "roster.csv"
    table.write_text(CANVAS, "utf-8")
    done = CliRunner().invoke(cli.app, ["roster", str(table), "--folder", str(tmp_path / "b"), "--lab", LAB])
    assert "no numbers of an assignment" in str(done.exception) and not (tmp_path / "b").exists()


def test_the_roster_of_a_lab_has_the_groups_of_its_assignment(tmp_path):
    """Teams may be others in each assignment, and the first worksheet may know none; what a person wrote stays."""
    table, folder = tmp_path / "table.csv", tmp_path / "class"

    def run(text, *options):
        table.write_text(text, "utf-8")
        done = CliRunner().invoke(cli.app, ["roster", str(table), "--folder", str(folder), *options])
        assert done.exit_code == 0, done.output
        return done.output

    run("Identifier,Full name,Email address\n" + "\n".join(f"Participant {n},P {n},p{n}@x.edu" for n in (7, 8, 9)))
    teams = "Identifier,Full name,Email address,Group\n" + "\n".join(
        f'Participant {n}1,P {n},p{n}@x.edu,"{group}"' for n, group in ((7, "Red"), (8, "Red, Blue"), (9, ""))
    )
    shown = run(teams, "--lab", LAB)
    assert "change it" not in shown, "nothing has to be done where the roster of the lab has it"
    assert f"- p8 is in several groups (Red, Blue): write the one that hands in into roster_{LAB}.csv" in shown
    file = roster_file(folder, None, LAB)
    assert [(one.id, one.lms_id, one.group) for one in read_roster(file)] == [
        ("p7", "71", "Red"),
        ("p8", "81", ""),
        ("p9", "91", ""),
    ]
    assert not any(one.group for one in read_roster(folder / "roster.csv"))
    by_hand = file.read_text("utf-8-sig").replace("81,p8@x.edu,", "81,p8@x.edu,Blue")
    file.write_text(by_hand, "utf-8")
    assert "several groups" not in run(teams.replace("1,P", "2,P"), "--lab", LAB)
    assert [(one.lms_id, one.group) for one in read_roster(file)] == [("72", "Red"), ("82", "Blue"), ("92", "")]


def test_the_command_says_what_it_did(tmp_path):
    table = tmp_path / "table.csv"
    table.write_text(MOODLE, "utf-8")
    folder = tmp_path / "class"
    first = CliRunner().invoke(cli.app, ["roster", str(table), "--folder", str(folder)])
    assert "3 in it, 3 added, their ids made from email" in first.output, first.output
    table.write_text(MOODLE.replace("Zoë Müller,,zoe", "New Boy,,boy"), "utf-8")
    second = CliRunner().invoke(cli.app, ["roster", str(table), "--folder", str(folder)])
    assert "4 in it, 1 added" in second.output and "but not in" in second.output and "zoe@x.edu" in second.output
