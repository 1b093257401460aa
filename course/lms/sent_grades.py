"""A student's grade in a lab as it is sent out, in a file or over LTI."""

from collections.abc import Mapping
from dataclasses import dataclass

from nbgrader.api import Gradebook, MissingEntry


@dataclass(frozen=True)
class SentGrade:
    """Points for tests and those given by hand, less the penalty for being late, never below 0.

    `waits` says that a person's marks are missing, `penalty` what was taken off.
    """

    points: float
    penalty: float
    waits: bool


def find_grade(gradebook: Gradebook, lab: str, student: str) -> SentGrade | None:
    """The grade that the gradebook holds; None if nothing was handed in."""
    try:
        submission = gradebook.find_submission(lab, student)
    except MissingEntry:
        return None
    penalty = min(submission.score, submission.late_submission_penalty)
    return SentGrade(max(0.0, submission.score - penalty), penalty, bool(submission.needs_manual_grade))


def grade_remark(student: str, lab: str, grade: SentGrade | None, allow_unmarked: bool) -> str | None:
    """What a person should know about a student's grade, or None."""
    if grade is None:
        return f"{student}: no grade for {lab}; nothing was handed in"
    if grade.waits and allow_unmarked:
        return f"{student}: the grade for {lab} is not final; it still has to be marked"
    if grade.waits:
        return f"{student}: no grade for {lab}; it still has to be marked"
    return None


def not_graded_remarks(lab: str, reasons: Mapping[str, str]) -> list[str]:
    """One remark on each student who could not be graded, from the reasons by student."""
    return [f"{student}: no grade for {lab}; it is not graded yet: {reason}" for student, reason in reasons.items()]
