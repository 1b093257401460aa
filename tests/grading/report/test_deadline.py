"""When submissions came in, and who was late together."""

from datetime import UTC, datetime, timedelta

from course.grading.report.classroom import Classroom, Status, Student
from course.grading.report.deadline import by_class, delays, late_groups

DUE = datetime(2026, 3, 2, 22, 59, tzinfo=UTC)


def student(number, minutes, grace=0, due=DUE):
    delay = timedelta(minutes=minutes)
    return Student(
        f"s{number}",
        Status.GRADED,
        due=due,
        handed_in=due + delay if due else DUE,
        late=delay if minutes > grace else timedelta(),
    )


def classroom(*minutes, grace=0):
    return Classroom("lab", "Lab", (), tuple(student(*one, grace) for one in enumerate(minutes)), DUE)


def test_groups_are_those_with_no_gap_of_more_than_half_an_hour():
    groups = late_groups(classroom(-5, 10, 40, 70, 101, 500, 510, 515, 530, 2000))
    assert [group.students for group in groups] == [("s5", "s6", "s7", "s8"), ("s1", "s2", "s3")]
    assert (groups[0].first, groups[0].last) == (timedelta(minutes=500), timedelta(minutes=530))


def test_no_group():
    assert late_groups(classroom()) == [] and late_groups(classroom(-1, -2, -3)) == []
    assert late_groups(classroom(5, 6)) == [], "two are no group"
    assert late_groups(classroom(5, 6, 7, grace=15)) == [], "nobody is late within grace"


def test_classes_of_time_follow_each_students_own_due_date():
    extended = student(1, -30, due=DUE + timedelta(days=7))
    none = student(2, 0, due=None)
    counts = by_class(
        [student(0, 30), extended, none, student(3, 0), student(4, -60 * 24 * 8), student(5, 60 * 24 * 9)]
    )
    assert {words: count for words, count in counts.items() if count} == {
        "more than a week before": 1,
        "in the last hour": 2,
        "up to an hour after": 1,
        "more than a week after": 1,
    }
    assert "s2" not in delays([none])
