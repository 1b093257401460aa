"""What stands below the table of grades."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from course.config.late import LateRule
from course.grading.feedback.tables import deadline_lines
from course.grading.gradebook.recorded import GRADED
from course.grading.gradebook.results import Result

DUE = datetime(2026, 3, 2, 22, 59, tzinfo=UTC)


def test_who_has_an_extension_is_named_and_who_may_be_late(course):
    lab = replace(course.labs[0], due=DUE, late=LateRule(percent_per_day=10))
    results = [
        Result("jane", GRADED, 4.0, due=DUE + timedelta(days=7), handed_in=DUE),
        Result("kim", GRADED, 4.0, due=DUE, handed_in=DUE),
        Result("lee", GRADED, 4.0, due=DUE),
    ]
    due, extended, unknown = deadline_lines(replace(course, zone=UTC), lab, results)
    assert due.startswith("due        2026-03-02 22:59 UTC; late work: ")
    assert extended == "extended   jane until 2026-03-09 22:59 UTC"
    assert unknown == "Counted as in time, as nothing says when they handed in: lee"
    assert deadline_lines(course, replace(lab, due=None), results) == []
