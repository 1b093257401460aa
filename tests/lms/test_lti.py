"""Grades over LTI, sent to a platform on this machine that verifies what it gets; see lti_platform."""

import json
import logging
import shlex
import ssl
import subprocess
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from lti_keys import LAB, new_key
from lti_platform import KEY_ID, SCOPE, running

from course.errors import LtiError
from course.lms.lti import tokens
from course.lms.lti.answers import seconds_to_wait
from course.lms.lti.platform import Patience, Platform
from course.lms.lti.private_key import read_private_key
from course.lms.lti.scores import Score, next_time, scores_url
from course.lms.lti.send import UNKNOWN, ScoreRow, SendOutcome, plan, send
from course.lms.lti.sent_scores import SENT_FILE, SentScores
from course.lms.lti.settings import read_lti_settings

QUICK = Patience(attempts=3, first_wait=0.01)
ADA, BOB = Score("ada", "u-ada", 5.5, 6, 0, False), Score("bob", "u-bob", 3, 6, 0, False)
EVE = Score("eve", "u-eve", 0, 6, 0, False)


class Tool:
    """What `course export --system lti` does, without a gradebook; each call is a run of its own."""

    def __init__(self, settings_file: Path):
        self.file = settings_file
        self.sent_file = settings_file.with_name(SENT_FILE)

    def rows(self, *scores: Score, again: bool = False) -> Iterable[ScoreRow]:
        settings = read_lti_settings(self.file, [LAB])
        sent, item = SentScores(self.sent_file), settings.line_item(LAB)
        platform = Platform(settings, read_private_key(settings.private_key), QUICK)
        return send(plan(scores, item, sent, again), item, platform, sent)

    def run(self, *scores: Score, again: bool = False) -> list[str]:
        """The outcome of each, with the reason."""
        return [f"{row.outcome} {row.reason}".strip() for row in self.rows(*scores, again=again)]


@pytest.fixture
def tool(settings_file):
    return Tool(settings_file)


# What arrives


def test_grades_arrive_by_one_token(tool, there):
    late = replace(BOB, penalty=1.5)
    assert tool.run(ADA, late, EVE) == ["sent"] * 3
    final = {"activityProgress": "Completed", "gradingProgress": "FullyGraded", "scoreMaximum": 6}
    assert there.newest() == {
        "u-ada": final | {"userId": "u-ada", "scoreGiven": 5.5},
        "u-bob": final | {"userId": "u-bob", "scoreGiven": 3, "comment": "Taken off for being late: 1.5 points."},
        "u-eve": final | {"userId": "u-eve", "scoreGiven": 0},
    }
    assert there.count("token") == 1 and there.complaints == []


def test_what_waits_to_be_marked_goes_without_a_score_or_with_one_that_is_not_final(tool, there):
    waiting = replace(ADA, points=None, waits=True)
    assert tool.run(waiting) == ["sent"]
    assert there.newest()["u-ada"] == {
        "userId": "u-ada",
        "activityProgress": "Completed",
        "gradingProgress": "PendingManual",
    }
    assert tool.run(replace(waiting, points=4)) == ["sent"]
    assert there.points() == {"u-ada": 4} and there.newest()["u-ada"]["gradingProgress"] == "PendingManual"
    assert tool.run(replace(waiting, points=4, waits=False)) == ["sent"]
    assert there.newest()["u-ada"]["gradingProgress"] == "FullyGraded" and there.complaints == []


def test_only_what_is_new_is_sent(tool, there):
    tool.run(ADA, BOB)
    there.requests.clear()
    assert tool.run(ADA, BOB) == ["as sent before"] * 2 and there.requests == []
    assert tool.run(replace(ADA, points=6), BOB, EVE) == ["sent", "as sent before", "sent"]
    assert there.points() == {"u-ada": 6, "u-bob": 3, "u-eve": 0} and len(there.taken) == 4
    assert tool.run(ADA, BOB, again=True) == ["sent"] * 2
    assert there.points()["u-ada"] == 5.5 and len(there.taken) == 6
    assert there.complaints == [], "each time was later than the one before by a second"


def test_a_new_line_item_gets_all(tool, there):
    tool.run(ADA)
    there.line_item += "7"
    tool.file.write_text(tool.file.read_text("utf-8").replace("/7", "/77"), "utf-8")
    assert tool.run(ADA) == ["sent"] and there.complaints == []


def test_who_is_not_known_is_named_and_the_others_are_sent(tool, there):
    assert tool.run(replace(ADA, user_id=""), BOB) == [f"not sent {UNKNOWN}", "sent"]
    assert there.points() == {"u-bob": 3}


def test_the_query_of_a_line_item_stays(tool, there):
    there.query = {"type_id": ["1"], "x": ["a b"]}
    text = tool.file.read_text("utf-8")
    tool.file.write_text(text.replace(there.line_item, there.line_item + "?type_id=1&x=a%20b"), "utf-8")
    assert tool.run(ADA) == ["sent"] and there.complaints == []
    assert scores_url("https://m.edu/s.php/2/lineitems/5/lineitem?type_id=1") == (
        "https://m.edu/s.php/2/lineitems/5/lineitem/scores?type_id=1"
    )
    assert scores_url("https://c.edu/line_items/5/") == "https://c.edu/line_items/5/scores"


def test_times_are_later_even_if_the_clock_was_put_back():
    ahead = datetime.now(UTC) + timedelta(days=1)
    assert next_time(ahead) == ahead + timedelta(seconds=1)
    assert next_time(None).tzinfo is UTC


# Answers


def test_a_busy_platform_is_asked_again(tool, there):
    there.next_answers = [(503, {}, "down"), (502, {}, "<html>")]
    there.next_tokens = [(500, {}, "down"), (429, {"Retry-After": "0"}, "slowly")]
    assert tool.run(ADA, BOB) == ["sent"] * 2
    assert there.points() == {"u-ada": 5.5, "u-bob": 3} and there.complaints == [] and there.count("token") == 3


@pytest.mark.slow
def test_it_is_waited_as_long_as_the_platform_asks(tool, there, caplog):
    there.next_answers = [(429, {"Retry-After": "1"}, "slowly")]
    begin = datetime.now(UTC)
    with caplog.at_level(logging.INFO, "course"):
        assert tool.run(ADA) == ["sent"]
    assert 1 <= (datetime.now(UTC) - begin).total_seconds() < 5
    assert "in 1.0 s again: the platform answers 429" in caplog.text
    there.next_answers = [(429, {"Retry-After": "3600"}, "much slower")]
    with pytest.raises(LtiError, match=r"127\.0\.0\.1 asks to wait for 60 minutes. Run the same command then"):
        tool.run(BOB)


def test_what_retry_after_may_hold():
    assert (seconds_to_wait(None), seconds_to_wait("7"), seconds_to_wait("soon")) == (None, 7, None)
    assert 50 < (seconds_to_wait(format_datetime(datetime.now(UTC) + timedelta(minutes=1), usegmt=True)) or 0) <= 60
    assert seconds_to_wait("Wed, 21 Oct 2015 07:28:00 GMT") == 0


def test_a_platform_that_stays_busy(tool, there):
    there.next_answers = [(500, {}, "  no\nluck\x1b[31m " + "x" * 500)] * QUICK.attempts
    refused, sent = tool.run(ADA, BOB)
    assert refused.startswith("not sent the platform answers 500 Internal Server Error: no luck�[31m xxx")
    assert refused.endswith("x…") and len(refused) < 300 and sent == "sent"
    there.next_answers = [(503, {}, "")] * (3 * QUICK.attempts)
    rows = tool.rows(ADA, replace(BOB, points=1), EVE, replace(EVE, user_id="u-4"))
    assert [next(rows).outcome for _ in range(3)] == [SendOutcome.NOT_SENT] * 3
    with pytest.raises(LtiError, match="took none of 3 scores in a row"):
        next(rows)
    assert tool.run(ADA, BOB, EVE) == ["sent"] * 3, "Bob's earlier grade is sent again, as nobody knows what is there"


def test_an_answer_that_was_lost_is_asked_for_with_a_later_time(tool, there, monkeypatch):
    monkeypatch.setattr(tokens, "TIMEOUTS", (0.3, 0.3))
    there.next_answers = [0.6]
    assert tool.run(ADA) == ["sent"]
    assert len(there.taken) == 2 and there.complaints == []


def test_an_expired_token_is_replaced_once(tool, there):
    rows = iter(tool.rows(ADA, BOB, EVE))
    next(rows)
    there.tokens.clear()
    assert [row.outcome for row in rows] == ["sent"] * 2
    assert there.complaints == ["no valid token"] and there.count("token") == 2
    there.next_answers = [(401, {}, "never"), (401, {}, "never")]
    with pytest.raises(LtiError, match=r"A new token is refused, too: the platform answers 401 Unauthorized: .*never"):
        tool.run(ADA, again=True)


def test_a_token_is_replaced_before_its_end(tool, there):
    there.token_seconds = 50
    assert tool.run(ADA, BOB) == ["sent"] * 2
    assert there.count("token") == 2 and there.complaints == [], "each assertion had a jti of its own"


def test_what_the_platform_refuses_costs_the_others_nothing(tool, there):
    there.users = {"u-ada", "u-eve"}
    reason = 'not sent the platform answers 404 Not Found: {"errors": "User not found in course"}'
    assert tool.run(ADA, BOB, EVE) == ["sent", reason, "sent"]
    assert there.points() == {"u-ada": 5.5, "u-eve": 0} and there.count("scores") == 3


def test_redirections_are_not_followed(tool, there, key):
    with running(key.public_key()) as other:
        for status in (301, 302, 303, 307, 308):
            there.next_answers = [(status, {"Location": other.line_item}, "")]
            with pytest.raises(LtiError, match=rf"leads on to {other.url}.*, where nothing was sent"):
                tool.run(ADA)
            there.next_tokens = [(status, {"Location": other.token_url}, "")]
            with pytest.raises(LtiError, match=rf"leads on to {other.url}.*, where nothing was sent"):
                tool.run(ADA)
        assert other.requests == []


def test_nobody_is_there(tool, there):
    text = tool.file.read_text("utf-8")
    there.server.shutdown()
    there.server.server_close()
    with pytest.raises(LtiError, match=r"/token gives no token: 127\.0\.0\.1 does not answer \(ConnectionError\)"):
        tool.run(ADA)
    tool.file.write_text(text.replace("http:", "https:"), "utf-8")
    with pytest.raises(LtiError, match="does not answer"):
        tool.run(ADA)


def test_a_certificate_that_nobody_vouches_for(there, tool, tmp_path):
    subprocess.run(
        shlex.split(
            "openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1 "
            "-keyout k.pem -out c.pem"
        ),
        cwd=tmp_path,
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "c.pem", tmp_path / "k.pem")
    there.server.socket = context.wrap_socket(there.server.socket, server_side=True)
    there.server.handle_error = lambda request, address: None
    tool.file.write_text(tool.file.read_text("utf-8").replace("http:", "https:"), "utf-8")
    with pytest.raises(LtiError, match=r"The certificate of 127\.0\.0\.1 is refused: .*"):
        tool.run(ADA)
    assert there.requests == []


# Tokens


def test_another_key_or_client(tool, there):
    there.public_keys = {KEY_ID: new_key().public_key()}
    with pytest.raises(LtiError, match=r"gives no token: invalid_client: the signature is not of this key. Does the p"):
        tool.run(ADA)
    there.public_keys = {}
    with pytest.raises(LtiError, match=r"no such key. Does the platform know this client_id, .*this key_id.*pem\?"):
        tool.run(ADA)
    assert there.count("token") == 2 and there.taken == [] and not tool.sent_file.exists()


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ((200, {}, "<html>"), "gives no token: Token endpoint response is not a JSON object"),
        ((200, {}, {"access_token": "t", "token_type": "mac"}), "it is no bearer token"),
        ((200, {}, {"token_type": "bearer"}), "it is no bearer token"),
        ((200, {}, {"access_token": "t", "scope": f"{SCOPE}.readonly"}), "Permit the tool there to send grades"),
        ((200, {}, {"access_token": "t", "scope": ""}), "it is for nothing. Permit"),
        ((401, {}, {"error": "invalid_client"}), "gives no token: invalid_client"),
        ((403, {}, "no"), "gives no token: 403 Client Error"),
    ],
)
def test_no_token_for_sending_grades(tool, there, answer, message):
    there.next_tokens = [answer]
    with pytest.raises(LtiError) as error:
        tool.run(ADA)
    assert message in str(error.value) and there.count("scores") == 0


def test_another_audience(tool, there):
    there.audience = "https://platform.example/audience"
    with pytest.raises(LtiError, match="it is meant for http://127"):
        tool.run(ADA)
    tool.file.write_text(f'audience = "{there.audience}"\n' + tool.file.read_text("utf-8"), "utf-8")
    there.complaints.clear()
    assert tool.run(ADA) == ["sent"] and there.complaints == []


# What is kept


def test_a_run_that_ends_between_two_students_goes_on(tool, there):
    rows = iter(tool.rows(ADA, BOB, EVE))
    assert next(rows).outcome is SendOutcome.SENT
    rows.close()
    assert list(there.points()) == ["u-ada"]
    assert tool.run(ADA, BOB, EVE) == ["as sent before", "sent", "sent"]
    assert len(there.taken) == 3 and there.complaints == []


def test_a_run_that_ends_after_a_grade_was_taken_and_before_it_is_noted(tool, there, monkeypatch):
    tool.run(ADA)
    with monkeypatch.context() as patch:
        patch.setattr(SentScores, "note", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            tool.run(replace(ADA, points=1))
    assert there.points() == {"u-ada": 1}
    assert tool.run(ADA) == ["sent"], "though it is what was noted last"
    assert there.points() == {"u-ada": 5.5} and there.complaints == []


def test_the_file_of_what_was_sent(tool, there, tmp_path):
    tool.run(ADA)
    kept = json.loads(tool.sent_file.read_text("utf-8"))
    assert kept == {there.line_item: {"u-ada": there.taken[0]}}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["lti.toml", "lti_key.pem", SENT_FILE]
    for damage in ("{", "[]", "7", '{"a": 7}', '{"a": {"b": {}}}', '{"a": {"b": {"timestamp": "2026-01-01T10:00"}}}'):
        tool.sent_file.write_text(damage)
        with pytest.raises(LtiError, match=r"lti_sent.json is damaged. Delete it, and all grades are sent once more"):
            tool.run(ADA)
    tool.sent_file.unlink()
    tool.sent_file.mkdir()
    with pytest.raises(LtiError, match=r"lti_sent.json cannot be read: "):
        tool.run(ADA)


def test_what_was_sent_cannot_be_noted(tool, there, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("course.lms.lti.sent_scores.write_whole", full)
    with pytest.raises(LtiError, match=r"lti_sent.json cannot be written: No space left on device. Make room"):
        tool.run(ADA, BOB)
    assert there.taken == []
