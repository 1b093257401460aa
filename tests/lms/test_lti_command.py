"""`course export --system lti`, from the gradebook to the platform."""

import json
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from lms_gradebook import NAME
from lti_keys import LAB
from lti_platform import KEY_ID
from this_course import COURSE

from course import cli
from course.config.late import LateRule
from course.grading.gradebook.recorded import FAILED, Stored, write_stored
from course.lms.lti import platform
from course.lms.lti.gather import gather_scores
from course.lms.lti.platform import Patience


@pytest.fixture
def run(book, settings_file, monkeypatch, capsys):
    """A function that calls the command in the folder of the gradebook, with lti.toml and a roster there."""
    monkeypatch.setattr(platform, "Patience", lambda: Patience(3, 0.01))
    settings_file.write_text(settings_file.read_text("utf-8").replace(LAB, NAME), "utf-8")
    roster = book.roster("id,name,lti_user_id\nada,Ada,u-ada\nbob,Bob,u-bob\neve,Eve,\n")

    def called(*arguments, verb="export", lab=NAME, system="lti", roster=roster) -> tuple[int, str]:
        monkeypatch.chdir(COURSE.root)
        monkeypatch.setenv("COLUMNS", "200")
        options = [lab, "--system", system] if verb == "export" else []
        options += ["--roster", roster] if verb == "export" and roster else []
        monkeypatch.setattr(sys, "argv", ["course", verb, *options, "--folder", str(book.folder), *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            cli.main()
        printed = capsys.readouterr()
        return int(end.value.code or 0), " ".join((printed.out + printed.err).replace("│", " ").split())

    return called


def test_grades_go_from_the_gradebook_to_the_platform(book, there, run):
    book.hand_in("ada", 4, 1.5)
    book.hand_in("bob", 4, None)
    code, text = run()
    assert code == 0 and f"{NAME} to 127.0.0.1" in text
    assert "ada u-ada 5.5 6 final sent" in text and "bob u-bob – 6 to be marked sent" in text
    assert f"bob: no grade for {NAME}; it still has to be marked" in text
    assert there.points() == {"u-ada": 5.5, "u-bob": None}
    assert run("--allow-unmarked")[0] == 0 and there.points() == {"u-ada": 5.5, "u-bob": 4}
    assert there.newest()["u-bob"]["gradingProgress"] == "PendingManual"
    book.hand_in("bob", 4, 2)
    code, text = run()
    assert code == 0 and "ada u-ada 5.5 6 final as sent before" in text and "bob u-bob 6 6 final sent" in text
    assert there.points() == {"u-ada": 5.5, "u-bob": 6} and len(there.taken) == 4
    assert "as sent before" not in run("--again")[1] and len(there.taken) == 6
    assert there.complaints == []


def test_a_dry_run_asks_nobody_anything(book, there, run):
    book.hand_in("ada", 4, 1.5)
    book.hand_in("eve", 4, 1)
    code, text = run("--dry-run")
    assert code == 0 and f"{NAME} to 127.0.0.1: nothing is sent" in text
    assert "ada u-ada 5.5 6 final to be sent" in text
    assert "eve – 5 6 final not sent: the roster gives no lti_user_id" in text
    assert there.requests == [] and not (book.folder / "lti_sent.json").exists()


def test_the_exit_code_is_2_if_somebody_was_not_sent(book, there, run):
    book.hand_in("ada", 4, 1.5)
    book.hand_in("eve", 4, 1)
    code, text = run()
    assert code == 2 and "eve – 5 6 final not sent: the roster gives no lti_user_id" in text
    assert "ada u-ada 5.5 6 final sent" in text
    there.users = {"u-bob"}
    roster = book.roster("id,name,lti_user_id\nada,Ada,u-ada\neve,Eve,u-bob\n")
    code, text = run("--again", roster=roster)
    assert code == 2 and "ada u-ada 5.5 6 final not sent: the platform answers 404" in text
    assert "eve u-bob 5 6 final sent" in text


def test_what_ends_a_run_is_said_after_what_was_done(book, there, run):
    book.hand_in("ada", 4, 1.5)
    book.hand_in("bob", 4, 1)
    there.next_answers = [(429, {"Retry-After": "600"}, "")]
    code, text = run()
    assert code == 2 and text.count("not sent: not tried") == 2
    assert (
        text.endswith("what was sent is noted, and the rest follows.") and "Error: 127.0.0.1 asks to wait for" in text
    )
    assert run()[0] == 0 and there.points() == {"u-ada": 5.5, "u-bob": 5}


def test_who_is_not_graded_or_handed_in_nothing_is_named(book, there, run):
    book.hand_in("ada", 4, 1.5)
    book.hand_in("bob", 4, 1)
    (book.folder / "executed" / "bob" / NAME).mkdir(parents=True)
    write_stored(book.folder, "bob", NAME, Stored("", FAILED, "The machine had no memory."))
    book.know("eve")
    code, text = run()
    assert code == 0 and there.points() == {"u-ada": 5.5}
    assert f"bob: no grade for {NAME}; it is not graded yet: The machine had no memory." in text
    assert f"eve: no grade for {NAME}; nothing was handed in" in text


def test_todays_penalty_counts(book):
    book.hand_in("ada", 4, 1.5)
    handed_in = book.folder / "submitted" / "ada" / NAME
    handed_in.mkdir(parents=True)
    (handed_in / f"{NAME}.ipynb").write_text("{}")
    (handed_in / "timestamp.txt").write_text("2026-03-02 12:00:00 UTC")
    lab = replace(COURSE.labs[0], due=datetime(2026, 3, 2, tzinfo=UTC), late=LateRule(percent_per_day=25))
    roster = Path(book.roster("id,name,lti_user_id\nada,Ada,u-ada\n"))
    gathered = gather_scores(COURSE, lab, book.folder, roster)
    assert [(score.points, score.penalty) for score in gathered.scores] == [(4, 1.5)]
    assert gathered.remarks[0].startswith("the penalties of ada have changed since the last grading")


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        (("--to", "x.csv"), {}, "--to and --column are about a file"),
        (("--column", "x"), {}, "--to and --column are about a file"),
        ((), {"system": "canvas"}, "--system canvas writes a file. Name it: --to FILE"),
        ((), {"system": "moodle"}, "--system moodle writes a file. Name it: --to FILE"),
        (("--to", "x.csv", "--dry-run"), {"system": "canvas"}, "are about sending; leave them out with canvas"),
        (("--to", "x.csv", "--again"), {"system": "moodle"}, "are about sending; leave them out with moodle"),
        (("--to", "x.csv", "--lti", "x.toml"), {"system": "moodle"}, "are about sending; leave them out with moodle"),
        (("--lti", "none.toml"), {}, "The settings for LTI, none.toml, cannot be read"),
    ],
)
def test_how_it_is_not_called(there, run, arguments, options, message):
    code, text = run(*arguments, **options)
    assert code == 2 and message in text and there.requests == []


def test_the_table_that_grading_writes_is_not_written_over(book, run):
    own = book.folder / f"grades_{NAME}.csv"
    own.write_text("mine", "utf-8")
    code, text = run("--to", own, system="moodle")
    assert code == 2 and "is the table that `course grade` writes" in text and own.read_text("utf-8") == "mine"


def test_who_is_whom_is_read_from_the_class_or_asked_for(book, there, run):
    code, _ = run("--dry-run", roster=None)
    assert code == 0
    (book.folder / "roster.csv").unlink()
    code, text = run("--dry-run", roster=None)
    assert code == 2 and "--system lti needs --roster" in text


def test_without_a_gradebook_or_the_lab(book, there, run, settings_file):
    other = COURSE.labs[1].name
    code, text = run(lab=other)
    assert code == 2 and f'no line item of {other} is given. Add to [line_items]: {other} = "https://…"' in text
    with settings_file.open("a", encoding="utf-8") as file:
        file.write(f'{other} = "{there.line_item}8"\n')
    code, text = run(lab=other)
    assert code == 2 and f"The gradebook does not hold {other}. Grade it first: course grade {other}" in text
    (book.folder / "gradebook.db").unlink()
    code, text = run()
    assert code == 2 and "There is no gradebook" in text and not (book.folder / "gradebook.db").exists()
    assert there.requests == []


def test_the_public_key(run, settings_file):
    code, text = run(verb="lti-key")
    assert (
        code == 0
        and json.loads(text)["kid"] == KEY_ID
        and set(json.loads(text)) == {"kty", "n", "e", "kid", "alg", "use"}
    )
    assert run("--lti", settings_file, verb="lti-key") == (code, text)
