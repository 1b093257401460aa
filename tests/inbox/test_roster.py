"""The roster: read, and refused with the line that is wrong."""

from pathlib import Path

import pytest

from course.errors import RosterError
from course.inbox.roster import Person, find_person, read_roster
from course.inbox.systems import System


def roster_file(tmp_path: Path, text: str, encoding: str = "utf-8") -> Path:
    path = tmp_path / "roster.csv"
    path.write_text(text, encoding)
    return path


def test_nobody_is_found_by_a_name_who_has_a_number():
    roster = [Person("ada", "Ada Lovelace", "11"), Person("kim-1", "Kim Lee"), Person("kim-2", "Lee, Kim")]
    assert find_person(roster, "12", "lovelaceada", System.CANVAS) == (
        "lovelaceada (lms_id 12) is not in the roster. Of that name, ada has the lms_id 11: correct a mistake there, "
        "or add a line"
    )
    assert find_person(roster, "12", "Bob", System.CANVAS) == "Bob (lms_id 12) is not in the roster: add a line"
    assert "could be kim-1 or kim-2: give them their lms_id" in str(find_person(roster, "1", "Kim Lee", System.CANVAS))
    assert find_person(roster, "1", "", System.CANVAS) == "lms_id 1 is not in the roster: add a line"
    assert "leave lms_id empty if the name is enough" in str(find_person(roster, "12", "Ada Lovelace", System.MOODLE))


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
        ("id,name,lti_user_id\nada,Ada,u1\nbob,Bob,u1\n", "line 3: the lti_user_id 'u1' is there twice"),
        ("id,name,lti_user_id\nada,Ada,12.0\n", "line 2: the lti_user_id '12.0' is what a spreadsheet"),
        ("id,lms_id\nada,\n", "line 2: 'ada' has neither lms_id nor name"),
        ("id,lms id,name\nada,11,Ada\n", "has a column 'lms id'. Call it 'lms_id', or leave it out"),
        ("id,name,Email\nada,Ada,a@b.c\n", "has a column 'Email'. Call it 'email', or leave it out"),
        ("id,lms_id\nada,11\nbob,12.0\n", "line 3: the lms_id '12.0' is what a spreadsheet makes of a number"),
        ("id,name\n11.0,Ada\n", "line 2: the id '11.0' is what a spreadsheet makes of a number"),
        ("id;name\n1,02E+12;Ada\n", "line 2: the id '1,02E+12' is what a spreadsheet"),
        ("id,name,idnumber\nada,Ada,1.02E+12\n", "line 2: the idnumber '1.02E+12' is what a spreadsheet"),
        ('id,lms_id\nada,"1,020,304"\n', "line 2: the lms_id '1,020,304' is what a spreadsheet"),
        ('id,lms_id\n"' + "x" * 200_000 + '",1\n', "is no CSV table"),
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
