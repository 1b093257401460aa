"""Late work: what the rule takes off, and what is read as a time, an extension and a due date."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from course.config.late import LateRule, penalty, read_late_rule, rule_in_words, span_in_words
from course.errors import CourseError
from course.grading.gradebook.entries import GradebookEntry, Mark
from course.grading.gradebook.extensions import Extension, grant, read_extensions, revoke
from course.grading.gradebook.handed_in import HandedIn, read_handed_in
from course.grading.gradebook.late_penalties import compute_lateness
from course.inbox.origin import Origin, contents, write_record
from course.text.times import TimeError, read_time

DUE = datetime(2026, 3, 2, 22, 59, tzinfo=UTC)
RULE = LateRule(percent_per_day=10, grace_minutes=15, zero_after_days=7)


def entry(score: float = 18) -> GradebookEntry:
    marks = (Mark("test-a", True, 18, score, score, False), Mark("why", False, 2, None, 0, True))
    return GradebookEntry("kim", None, None, 0, marks, ())


@pytest.mark.parametrize(
    ("late", "expected"),
    [
        (timedelta(), 0),
        (timedelta(minutes=15), 0),
        (timedelta(minutes=15, seconds=1), 2),
        (timedelta(days=1), 2),
        (timedelta(days=1, seconds=1), 4),
        (timedelta(days=7), 14),
        (timedelta(days=7, seconds=1), 20),
    ],
)
def test_penalty_is_a_share_of_all_points_for_each_day_begun(late, expected):
    assert penalty(RULE, late, max_points=20) == expected


def test_what_comes_within_grace_is_not_called_late():
    """Neither in the table nor on the page."""
    within, after = (compute_lateness(RULE, DUE, None, entry(), HandedIn(DUE + timedelta(minutes=n))) for n in (15, 16))
    assert (within.late, within.text, within.penalty) == (timedelta(), "", 0)
    assert (after.text, after.penalty) == ("late by 16 minutes", 2)


def test_no_rule_takes_nothing_and_no_rule_takes_more_than_all():
    assert penalty(LateRule(), timedelta(days=99), 20) == 0
    assert penalty(LateRule(percent_per_day=40), timedelta(days=9), 20) == 20


def test_as_in_nbgrader_a_penalty_is_never_more_than_the_points():
    came = HandedIn(DUE + timedelta(days=3))
    assert compute_lateness(RULE, DUE, None, entry(score=18), came).penalty == 6
    assert compute_lateness(RULE, DUE, None, entry(score=1), came).penalty == 1


def test_an_extension_counts_if_it_is_later_than_the_due_date():
    came = HandedIn(DUE + timedelta(days=2))
    assert compute_lateness(RULE, DUE, DUE + timedelta(days=2), entry(), came).penalty == 0
    assert compute_lateness(RULE, DUE, DUE + timedelta(days=1), entry(), came).penalty == 2
    assert compute_lateness(RULE, DUE, DUE - timedelta(days=9), entry(), came).penalty == 4


def test_a_mark_of_canvas_counts_if_the_rule_says_so_and_nothing_better_is_known():
    marked, rule = HandedIn(marked_late=True), LateRule(percent_per_day=10, marked_late_percent=25)
    assert compute_lateness(RULE, DUE, None, entry(), marked).penalty == 0
    assert compute_lateness(rule, DUE, None, entry(), marked).penalty == 5
    assert compute_lateness(rule, None, None, entry(), marked).text == "late, says Canvas"
    assert compute_lateness(rule, DUE, DUE + timedelta(days=9), entry(), marked).penalty == 0, (
        "who knows for which due date"
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-03-02 12:00:00 +0100", "11:00"),
        ("2026-03-02T12:00:00.5+01:00", "11:00"),
        ("2026-03-02 12:00 Europe/Berlin", "11:00"),
        ("2026-03-02 12:00:00 America/Argentina/Buenos_Aires", "15:00"),
        ("2026-03-02 12:00:00.123456 UTC\n", "12:00"),
        ("2026-03-02T12:00Z", "12:00"),
    ],
)
def test_times_that_can_be_told_for_certain(text, expected):
    assert f"{read_time(text):%Y-%m-%d %H:%M %Z}" == f"2026-03-02 {expected} UTC"


@pytest.mark.parametrize(
    "text",
    [
        *("", "tomorrow", "3/2/2026 12:00 PM", "2026-03-02", "2026-03-02 12:00", "2026-13-45 99:00:00 UTC"),
        *("2026-03-02 12:00:00 JST", "2026-03-02 12:00:00 PST", "2026-03-02 12:00 Europe/Berlinn"),
        *("2026-11-21 06:00:00 UTC" * 50, "9999-12-31 23:59 -2300", "2026-03-29 02:30 Europe/Berlin"),
        *("2026-10-25 02:30 Europe/Berlin", "２０２６-03-02 12:00 UTC", "2026-03-02 12:00 UTC+1"),
    ],
)
def test_what_is_no_time_for_certain(text):
    with pytest.raises(TimeError, match=r"Write it as 2026|does not exist in Europe/Berlin"):
        read_time(text)


def test_a_time_without_a_zone_is_in_the_one_of_the_course():
    assert read_time("2026-03-02 12:00", ZoneInfo("Asia/Tokyo")) == datetime(2026, 3, 2, 3, tzinfo=UTC)


def test_when_something_was_handed_in(tmp_path):
    submitted, kept = tmp_path / "submitted" / "kim" / "lab", tmp_path / "downloaded" / "kim"
    assert read_handed_in(submitted, kept) == HandedIn()
    submitted.mkdir(parents=True)
    kept.mkdir(parents=True)
    (submitted / "lab.ipynb").write_text("{}")
    assert read_handed_in(submitted, kept) == HandedIn()
    origin = Origin("canvas", "7", "Kim", "kim_LATE_7_1_lab.ipynb", 1, True, "", contents(submitted))
    write_record(kept, origin)
    assert read_handed_in(submitted, kept) == HandedIn(marked_late=True)
    (submitted / "lab.ipynb").write_text("{ }")
    assert read_handed_in(submitted, kept) == HandedIn(), "what was put there by hand is not what Canvas marked"
    (submitted / "timestamp.txt").write_text("2026-03-02 12:00:00 +0100")
    assert read_handed_in(submitted, kept) == HandedIn(datetime(2026, 3, 2, 11, tzinfo=UTC))
    (submitted / "timestamp.txt").write_text("2026-03-02 12:00:00 PST")
    found = read_handed_in(submitted, kept)
    assert found.time is None and "timestamp.txt: '2026-03-02 12:00:00 PST' is no time" in found.problem
    (submitted / "timestamp.txt").unlink()
    (submitted / "timestamp.txt").symlink_to("/etc/hostname")
    assert "cannot be opened" in read_handed_in(submitted, kept).problem


def test_extensions_are_granted_replaced_and_taken_back(tmp_path):
    one, other = (Extension("lab", student, DUE) for student in ("kim", "max"))
    assert read_extensions(tmp_path) == []
    grant(tmp_path, [one, other])
    later = Extension("lab", "kim", DUE + timedelta(days=1))
    assert grant(tmp_path, [later]) == read_extensions(tmp_path) == [later, other]
    with pytest.raises(CourseError, match="eve has none for lab"):
        revoke(tmp_path, ["kim", "eve"], ["lab"])
    assert read_extensions(tmp_path) == [later, other], "all or nothing"
    assert revoke(tmp_path, ["kim"], ["lab"]) == [later]
    assert read_extensions(tmp_path) == [other]


def test_a_table_of_extensions_that_is_wrong_names_every_line(tmp_path):
    text = "student,lab,until\nkim,lab,soon\nmax,lab,2026-03-02 12:00 UTC\nmax,lab,2026-03-03 12:00 UTC\neve\n"
    (tmp_path / "extensions.csv").write_text(text)
    with pytest.raises(CourseError) as error:
        read_extensions(tmp_path)
    message = str(error.value)
    assert "line 2: 'soon' is no time" in message and "line 4: max has two extensions for lab" in message
    assert "line 5: " in message and "line 3" not in message


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (5, "`late` must be a table"),
        ({"percent": 5}, "a late rule has no `percent`. It has: percent_per_day, grace_minutes"),
        ({"percent_per_day": "10"}, "`percent_per_day` must be a number from 0 to 100; it is '10'"),
        ({"percent_per_day": 101}, "from 0 to 100; it is 101"),
        ({"grace_minutes": -1}, "`grace_minutes` must be a number from 0 on; it is -1"),
        ({"zero_after_days": True}, "it is True"),
        ({"zero_after_days": float("nan")}, "it is nan"),
    ],
)
def test_a_wrong_rule(table, message):
    with pytest.raises(CourseError, match=message) as error:
        read_late_rule("course.toml", table, LateRule())
    assert str(error.value).startswith("course.toml: ")


def test_a_labs_rule_changes_only_what_it_names():
    assert read_late_rule("x", {"percent_per_day": 20}, RULE) == LateRule(20, 15, 7)


def test_words():
    assert [span_in_words(timedelta(minutes=m)) for m in (0.5, 60, 61, 1440, 3 * 1440 + 125)] == [
        *("1 minute", "1 hour", "1 hour 1 minute", "1 day", "3 days 2 hours")
    ]
    expected = "10 % of the points for each day begun; nothing counts after 7 days; 15 minutes of grace"
    assert rule_in_words(RULE) == expected and rule_in_words(LateRule()) == "nothing is taken off"
