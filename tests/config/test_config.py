"""course.toml: read, and refused with a reason."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from course.config import load_course
from course.config.late import LateRule
from course.errors import CourseError, UnknownLabError
from course.limits import Limits
from course.text.files import write_text

COURSE_TOML = """\
id = "my-course"
title = "My Course"
[instructors]
repository = "me/mine"
[students]
repository = "me/theirs"
ref = "main"
[[labs]]
name = "01_data_inspection"
work_minutes = 75
budget = { N_TRAIN = 4_000 }
[[labs]]
name = "02_heatmaps"
work_minutes = 90
"""


@pytest.fixture
def copied(tmp_path):
    """A made course of two labs, whose course.toml a test may change."""
    for name in ("01_data_inspection", "02_heatmaps"):
        write_text(tmp_path / "solutions" / name / f"{name}.py", "# %%\n1\n")
    write_text(tmp_path / "course.toml", COURSE_TOML)
    return load_course(tmp_path)


def test_labs_in_order(course):
    assert [lab.name for lab in course.labs] == sorted(lab.name for lab in course.labs)
    assert load_course(course.root / "tests" / "authoring") == course


def test_choose_keeps_the_order_of_the_course(course):
    first, *_, last = course.labs
    assert course.choose([last.name, first.name]) == [first, last]
    assert course.choose(None) == list(course.labs)


def test_unknown_name_lists_the_known_ones(course):
    with pytest.raises(UnknownLabError, match=rf"'04_nowhere'.*{course.labs[0].name}, {course.labs[1].name}"):
        course.choose(["04_nowhere"])


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"02_heatmaps"', '"02_heat_maps"', "lists the lab '02_heat_maps', but .*02_heat_maps.py does not exist"),
        ('"02_heatmaps"', '"01_data_inspection"', "lists 01_data_inspection twice"),
        ("work_minutes = 75", "", "`work_minutes` must be given as a int; it is None"),
        ("work_minutes = 75", 'work_minutes = "75"', "`work_minutes` must be given as a int; it is '75'"),
        ('id = "my-course"', 'id = "my-course', "is not valid TOML"),
        ("[[labs]]", "[labs]", "is not valid TOML|`labs` must be given as a list"),
        (
            'id = "my-course"',
            'id = "my-course"\nlimits = 5',
            r"course.toml: `limits` must be a table such as .*; it is 5",
        ),
        ("[[labs]]", "[limits]\nmemory = 5\n[[labs]]", "there is no limit `memory`. The limits are: memory_mib, proc"),
        ("[[labs]]", '[limits]\nprocesses = "5"\n[[labs]]', "limit `processes` must be a whole number .*; it is '5'"),
        (
            "[[labs]]",
            "[limits]\nfile_mib = 1.5\n[[labs]]",
            "limit `file_mib` must be .* above 0; it is 1.5",
        ),
        ("[[labs]]", "[limits]\nfile_mib = 0\n[[labs]]", "limit `file_mib` must be a whole number above 0; it is 0"),
        ("[[labs]]", "[limits]\nfile_mib = true\n[[labs]]", "limit `file_mib` must be .* above 0; it is True"),
        (
            "work_minutes = 75",
            "work_minutes = 75\nlimits = { cpu = 1 }",
            "'01_data_inspection': there is no limit `cpu`",
        ),
        ("work_minutes = 75", "work_minutes = 75\nbudjet = { A = 1 }", "`budjet` here. Did you mean `budget`?"),
        ("work_minutes = 75", "work_minutes = 75\nbanana = 3", "no key `banana` here. The keys are: name, work_min"),
        ("work_minutes = 75", "work_minutes = true", "`work_minutes` must be a whole number above 0; it is True"),
        ("work_minutes = 75", "work_minutes = -5", "`work_minutes` must be a whole number above 0; it is -5"),
        ('id = "my-course"', 'id = "my-course"\nrepository = "a/b"', "course.toml: there is no key `repository` here"),
        (
            'id = "my-course"',
            'id = "my-course"\ntime_zone = "CEST"',
            "there is no time zone 'CEST'. Name one as in the IANA list",
        ),
        ('id = "my-course"', 'id = "my-course"\nlate = 5', "`late` must be a table"),
        (
            "work_minutes = 75",
            "work_minutes = 75\nlate = { percent = 1 }",
            "'01_data_inspection': a late rule has no `percent`",
        ),
        ("work_minutes = 75", 'work_minutes = 75\ndue = "2026-03-02"', "`due` must be a date and time .*'2026-03-02'"),
        ("work_minutes = 75", "work_minutes = 75\ndue = 2026-03-02", "`due` must be a date and time"),
        ("work_minutes = 75", "work_minutes = 75\ndue = 2026-03-02T23:59:00", "Set `time_zone` at the top of the file"),
    ],
)
def test_a_wrong_course_toml(copied, old, new, message):
    file = copied.root / "course.toml"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))
    with pytest.raises(CourseError, match=message) as error:
        load_course(copied.root)
    assert str(file) in str(error.value)


def test_limits_are_those_of_the_lab_then_of_the_course_then_the_usual_ones(copied):
    assert copied.limits == copied.labs[0].limits == Limits()
    file = copied.root / "course.toml"
    text = file.read_text().replace("[[labs]]", "[limits]\nprocesses = 99\ncell_seconds = 7\n\n[[labs]]", 1)
    file.write_text(text.replace("work_minutes = 75", "work_minutes = 75\nlimits = { cell_seconds = 8 }"))
    course = load_course(copied.root)
    assert course.limits == course.labs[1].limits == Limits(processes=99, cell_seconds=7)
    assert course.labs[0].limits == Limits(processes=99, cell_seconds=8)


def test_an_unlisted_source(copied):
    (copied.root / "solutions" / "10_new").mkdir()
    (copied.root / "solutions" / "10_new" / "10_new.py").write_text("# %%\n1\n")
    with pytest.raises(CourseError, match="does not list 10_new"):
        load_course(copied.root)


def test_outside_a_course(tmp_path):
    with pytest.raises(CourseError, match=r"No course\.toml in .* or above"):
        load_course(tmp_path)


def test_due_dates_are_in_the_time_zone_of_the_course_or_their_own(copied):
    file = copied.root / "course.toml"
    head, *labs = file.read_text().split("[[labs]]")
    labs[0] += "due = 2026-07-02T23:59:00\nlate = { percent_per_day = 20 }\n"
    labs[1] += "due = 2026-07-02T23:59:00-08:00\n"
    rule = "[late]\npercent_per_day = 10\ngrace_minutes = 5\n"
    file.write_text("[[labs]]".join(['time_zone = "Europe/Berlin"\n' + head + rule, *labs]))
    course = load_course(copied.root)
    dues = [lab.due.astimezone(UTC) for lab in course.labs if lab.due]
    assert dues == [datetime(2026, 7, 2, 21, 59, tzinfo=UTC), datetime(2026, 7, 3, 7, 59, tzinfo=UTC)]
    assert course.zone == ZoneInfo("Europe/Berlin")
    assert course.labs[0].late == LateRule(percent_per_day=20, grace_minutes=5)
    assert course.labs[1].late == LateRule(percent_per_day=10, grace_minutes=5)
