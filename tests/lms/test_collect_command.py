"""The command `course collect`."""

import sys
from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from gathering import ADA, NAME
from lms_archives import MADE, nested, pack, submitted
from rich.console import Console
from this_course import COURSE

from course import cli


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


def test_the_folder_of_a_class_and_its_roster_need_not_be_named(folder, download, command, monkeypatch):
    pack(download, ADA)
    (folder / "roster.csv").write_text("id,lms_id\nada,11\n")
    monkeypatch.setenv("COURSE_FOLDER", str(folder))
    code, text = command("collect", download, NAME)
    assert code == 0 and f"roster {folder / 'roster.csv'}" in " ".join(text.split())
    assert submitted(folder, NAME) == {"ada": ADA[1]}


def test_the_command_ends_with_2_if_nothing_could_be_read(folder, download, command):
    pack(download, ("eve_5_77_x.zip", nested()))
    assert command("collect", download, NAME, "--folder", folder)[0] == 2
    code, text = command("collect", folder / "none.zip", NAME, "--folder", folder)
    assert code == 2 and "There is no file" in text and "Traceback" not in text
    assert command("collect", download, "04_nowhere")[0] == 2


def test_the_command_reads_times_in_the_courses_time_zone(folder, download, command, monkeypatch):
    berlin = replace(COURSE, zone=ZoneInfo("Europe/Berlin"))
    monkeypatch.setattr(cli.lms, "load_course", lambda: berlin)
    pack(download, ADA)
    assert command("collect", download, NAME, "--folder", folder, "--times", "zip")[0] == 0
    stamp = folder / "submitted" / "11" / NAME / "timestamp.txt"
    assert stamp.read_text("utf-8").strip() == f"{MADE - timedelta(hours=1)} UTC"
