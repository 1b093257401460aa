"""A table of when students handed in, beside their submissions."""

from datetime import UTC, datetime
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest

from course.errors import CourseError
from course.inbox.times_table import read_times_table, write_times
from course.text.times import read_time

LAB = SimpleNamespace(name="01_light")
BERLIN = ZoneInfo("Europe/Berlin")


def table(tmp_path, *lines, header="student,handed_in", encoding="utf-8"):
    path = tmp_path / "times.csv"
    path.write_text("\n".join([header, *lines]), encoding)
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_times_are_read_in_the_courses_zone_unless_they_name_one(tmp_path, encoding):
    path = table(tmp_path, "zoë,2026-03-02 23:10", "ben, 2026-03-02T23:10:00Z", encoding=encoding)
    assert read_times_table(path, BERLIN) == {
        "zoë": datetime(2026, 3, 2, 22, 10, tzinfo=UTC),
        "ben": datetime(2026, 3, 2, 23, 10, tzinfo=UTC),
    }


def test_what_has_to_be_put_right_is_named_by_its_line(tmp_path):
    lines = ("ada,2026-03-02 23:10", "ben,3/2/2026 11 PM", "cy", "ada,2026-03-03 10:00", "dee,2026-10-25 02:30")
    with pytest.raises(CourseError) as error:
        read_times_table(table(tmp_path, *lines), BERLIN)
    for part in ("line 3: '3/2/2026 11 PM'", "line 4: '' is no time", "line 5: ada is there twice", "line 6: "):
        assert part in str(error.value)


@pytest.mark.parametrize(
    ("lines", "header", "expected"),
    [
        ([], "student,handed_in", "it has no line below student,handed_in"),
        (["ada,2026-03-02 23:10"], "name,when", "has the columns name, when. It needs student and handed_in"),
    ],
)
def test_another_table_is_refused(tmp_path, lines, header, expected):
    with pytest.raises(CourseError, match=expected):
        read_times_table(table(tmp_path, *lines, header=header), UTC)


def test_no_table(tmp_path):
    with pytest.raises(CourseError, match=r"times\.csv cannot be read: No such file"):
        read_times_table(tmp_path / "times.csv", UTC)
    (tmp_path / "times.csv").write_bytes(b"student,handed_in\nzo\xeb,2026-03-02 23:10")
    with pytest.raises(CourseError, match="is not UTF-8 text"):
        read_times_table(tmp_path / "times.csv", UTC)


def test_times_are_written_beside_submissions_and_nowhere_else(tmp_path):
    time = datetime(2026, 3, 2, 22, 10, 30, tzinfo=UTC)
    folder, elsewhere = tmp_path / "class", tmp_path / "elsewhere"
    for student in ("ada", "ben"):
        (folder / "submitted" / student / LAB.name).mkdir(parents=True)
    elsewhere.mkdir()
    (folder / "submitted" / "link").mkdir()
    (folder / "submitted" / "link" / LAB.name).symlink_to(elsewhere, target_is_directory=True)
    remarks = write_times(folder, LAB, dict.fromkeys(["ada", "nobody", "../ada", "link"], time))
    assert read_time((folder / "submitted" / "ada" / LAB.name / "timestamp.txt").read_text()) == time
    assert [remark.split()[0] for remark in remarks] == ["../ada", "link:", "nobody"]
    assert [path.name for path in tmp_path.rglob("*.txt")] == ["timestamp.txt"]
