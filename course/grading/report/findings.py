"""What an instructor should look at first, in sentences."""

from collections.abc import Iterator, Sequence
from datetime import timedelta

from course.config.late import span_in_words
from course.grading.report.classroom import Classroom, Status
from course.grading.report.deadline import LateGroup
from course.grading.report.failures import Ambiguous
from course.grading.report.item_analysis import POOR, Item
from course.grading.report.items_section import interval, with_minus
from course.grading.report.outcomes_section import count_outcomes
from course.text.listing import shortened

HARD, HIDDEN_SHARE, _FEWEST = 0.3, 0.25, 5


def find_findings(
    classroom: Classroom, items: Sequence[Item], ambiguous: Sequence[Ambiguous], groups: Sequence[LateGroup]
) -> list[tuple[str, str]]:
    """Pairs of what it is about and what was found."""
    return [
        *_items(classroom, items),
        *((f"Ambiguous message, {one.task.title}", f"“{one.message}”: {one.reason}.") for one in ambiguous),
        *_hidden(classroom),
        *_late(groups),
        *_grading(classroom),
        *_review(classroom),
    ]


def _grading(classroom: Classroom) -> Iterator[tuple[str, str]]:
    """Who has no points yet."""
    for status in (Status.FAILED, Status.NOT_YET, Status.WAITING, Status.UNREADABLE):
        names = [student.id for student in classroom.students if student.status == status]
        if names:
            yield str(status).capitalize(), f"{len(names)}: {shortened(names)}."


def _items(classroom: Classroom, items: Sequence[Item]) -> Iterator[tuple[str, str]]:
    titles = {task.name: task.title for task in classroom.tasks}
    for item in items:
        if item.is_poor:
            yield (
                f"Does not discriminate: {titles[item.name]}",
                f"its points correlate with those of the other tasks by {with_minus(item.discrimination)} "
                f"(95 % interval {interval(item)}), less than {POOR}: who is good in the rest does no better here.",
            )
        if item.students >= _FEWEST and item.difficulty < HARD:
            yield f"Hard: {titles[item.name]}", f"students have {item.difficulty:.0%} of its points on average."


def _hidden(classroom: Classroom) -> Iterator[tuple[str, str]]:
    """Tasks whose visible test lets too many wrong answers pass."""
    counts = count_outcomes(classroom)
    for task in classroom.tasks:
        failed = counts[task.name]["wrong, hidden test"]
        passed = failed + counts[task.name]["right"]
        if failed >= _FEWEST and failed >= HIDDEN_SHARE * passed:
            text = (
                f"{failed} of {passed} who passed the visible test failed the hidden one: students could not see why."
            )
            yield f"Visible test says too little: {task.title}", text


def _late(groups: Sequence[LateGroup]) -> Iterator[tuple[str, str]]:
    for group in groups:
        span = group.last - group.first
        within = f"within {span_in_words(span)} of each other" if span > timedelta() else "at the same time"
        text = f"{within}, {span_in_words(group.first)} after the due date: {shortened(list(group.students), 10)}."
        yield f"{len(group.students)} students were late together", text


def _review(classroom: Classroom) -> Iterator[tuple[str, str]]:
    count = sum(bool(student.review) for student in classroom.students)
    if count:
        yield (
            "To look at",
            f"the submissions of {count} student{'s' if count != 1 else ''}, listed at the end of the page.",
        )
