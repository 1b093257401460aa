"""When students handed in, from Moodle's grading worksheet."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from this_course import COURSE
from typer.testing import CliRunner

from course import cli
from course.errors import CourseError
from course.lms.worksheet_times import is_worksheet, read_moodle_time, read_worksheet_times
from course.text.times import TimeError

LAB = COURSE.labs[1].name
SHEET = """\
Identifier,Full name,Email address,Status,Grade,Last modified (submission),Last modified (grade)
Participant 11,Zoë Müller,zoe@x.edu,Submitted,,"Monday, 2 March 2026, 9:05 PM",-
Participant 12,Ada Okafor,ada@x.edu,No submission,,-,-
Participant 13,Okafor Ada,ada@y.edu,Submitted,,"Sunday, 29 March 2026, 1:59 AM",-
"""
ROSTER = "id,name,email\nzoe,Zoë Müller,zoe@x.edu\nada,Ada Okafor,ada@x.edu\nada2,Okafor Ada,ada@y.edu\n"
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture
def read(tmp_path):
    def reader(sheet=SHEET, people=ROSTER):
        (tmp_path / "roster.csv").write_text(people, "utf-8")
        (tmp_path / "sheet.csv").write_text(sheet, "utf-8")
        return read_worksheet_times(tmp_path / "sheet.csv", tmp_path / "roster.csv", BERLIN)

    return reader


def test_those_who_handed_in_have_a_time(read):
    assert read() == {
        "zoe": datetime(2026, 3, 2, 20, 5, tzinfo=UTC),
        "ada2": datetime(2026, 3, 29, 0, 59, tzinfo=UTC),
    }


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("Monday, 2 March 2026, 1:05 AM", datetime(2026, 3, 2, 0, 5)),
        ("Monday, 2 March 2026, 12:05 AM", datetime(2026, 3, 1, 23, 5)),
        ("Monday, March 2, 2026, 9:05 PM", datetime(2026, 3, 2, 20, 5)),
        ("Monday, 02 March 2026, 21:05", datetime(2026, 3, 2, 20, 5)),
        ("2026-10-25 02:30 +01:00", datetime(2026, 10, 25, 1, 30)),
    ],
)
def test_times_of_moodles_in_english(text, time):
    assert read_moodle_time(text, BERLIN) == time.replace(tzinfo=UTC)


def test_of_a_time_that_comes_twice_the_message_says_how_to_write_it():
    with pytest.raises(TimeError, match=r"comes twice in Europe/Berlin.* Write it as 2026-03-02 23:59:00 UTC"):
        read_moodle_time("Sunday, 25 October 2026, 2:30 AM", BERLIN)


def test_a_time_in_another_language_is_refused():
    with pytest.raises(TimeError, match=r"'Montag, 2\. März 2026, 21:05' is no time as Moodle writes it in English"):
        read_moodle_time("Montag, 2. März 2026, 21:05", BERLIN)


@pytest.mark.parametrize(
    ("sheet", "people", "message"),
    [
        (SHEET.replace("Monday", "Montag"), ROSTER, "line 2: 'Montag, 2 March 2026, 9:05 PM' is no time"),
        (SHEET.replace("1:59 AM", "2:30 AM"), ROSTER, "line 4: .* does not exist in Europe/Berlin"),
        (SHEET, ROSTER.replace("ada2,Okafor Ada,ada@y.edu\n", ""), r"line 4: Okafor Ada is not in .*roster\.csv"),
        (SHEET.replace("ada@y.edu", "zoe@x.edu"), ROSTER, "line 4: another line has the same address"),
        ("\n".join(SHEET.splitlines()[i] for i in (0, 2)), ROSTER, "nobody has handed in anything"),
    ],
)
def test_what_cannot_be_read_is_named_by_line(read, sheet, people, message):
    with pytest.raises(CourseError, match=message):
        read(sheet, people)


def test_the_command_takes_the_worksheet_and_asks_for_a_roster(tmp_path):
    (tmp_path / "sheet.csv").write_text(SHEET.replace("9:05 PM", "9:05\u202fPM"), "utf-8")
    assert is_worksheet(tmp_path / "sheet.csv")
    call = ["times", LAB, str(tmp_path / "sheet.csv"), "--folder", str(tmp_path)]
    refused = CliRunner().invoke(cli.app, call)
    assert "Make it first: course roster" in str(refused.exception)
    (tmp_path / "roster.csv").write_text(ROSTER, "utf-8")
    (tmp_path / "submitted" / "zoe" / LAB).mkdir(parents=True)
    result = CliRunner().invoke(cli.app, call)
    assert result.exit_code == 0 and "ada2 has handed in nothing of" in result.output
    assert "Wrote 1 of 2 times" in result.output
    assert (tmp_path / "submitted" / "zoe" / LAB / "timestamp.txt").is_file()
