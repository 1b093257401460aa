"""When submissions came in, against each student's own due date, and who was late together."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise

from course.grading.report.classroom import Classroom, Student

# Upper ends of the classes of the table: how long after the due date, with the words.
BEFORE = (
    (timedelta(days=-7), "more than a week before"),
    (timedelta(days=-1), "a day to a week before"),
    (timedelta(hours=-1), "an hour to a day before"),
    (timedelta(), "in the last hour"),
)
AFTER = (
    (timedelta(hours=1), "up to an hour after"),
    (timedelta(days=1), "an hour to a day after"),
    (timedelta(days=7), "a day to a week after"),
    (timedelta.max, "more than a week after"),
)
TOGETHER = timedelta(minutes=30)  # between two who are late together
_FEWEST = 3  # students who are a group


@dataclass(frozen=True)
class LateGroup:
    """Students who were late within a short time of each other: first and last, by how much."""

    students: tuple[str, ...]
    first: timedelta
    last: timedelta


def delays(students: Sequence[Student]) -> dict[str, timedelta]:
    """How long after the own due date each student handed in, negative before it, where both are known."""
    return {one.id: one.handed_in - one.due for one in students if one.handed_in and one.due}


def by_class(students: Sequence[Student]) -> dict[str, int]:
    """The number of students in each class of time."""
    counts = {words: 0 for _, words in (*BEFORE, *AFTER)}
    for delay in delays(students).values():
        counts[next(words for end, words in (*BEFORE, *AFTER) if delay <= end)] += 1
    return counts


def late_groups(classroom: Classroom) -> list[LateGroup]:
    """Groups of students who handed in late, none of them more than half an hour after another; the largest first."""
    known = delays(classroom.known)
    late = sorted((known[one.id], one.id) for one in classroom.known if one.late and one.id in known)
    groups = [late[:1]] if late else []
    for (before, _), (delay, student) in pairwise(late):
        if delay - before > TOGETHER:
            groups.append([])
        groups[-1].append((delay, student))
    large = [group for group in groups if len(group) >= _FEWEST]
    return [
        LateGroup(tuple(student for _, student in group), group[0][0], group[-1][0])
        for group in sorted(large, key=len, reverse=True)
    ]
