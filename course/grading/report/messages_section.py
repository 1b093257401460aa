"""The section on what failed: each task's assertions and errors by frequency, with answers as examples."""

from collections.abc import Sequence

from course.grading.feedback.task_state import State
from course.grading.report.blocks import Block, Heading, Quote, Section, TextBlock
from course.grading.report.classroom import Classroom
from course.grading.report.failures import Ambiguous, Failure
from course.inbox.notes import printable

MOST_FAILURES = 12  # shown for a task; all are in messages.csv
_MOST_LINES, MOST_CHARACTERS = 40, 2_000  # of an answer
_NOTHING = "Nothing failed."


def messages_section(classroom: Classroom, failures: Sequence[Failure], ambiguous: Sequence[Ambiguous]) -> Section:
    """What failed, by task in the lab's order, the most frequent first."""
    blocks: list[Block] = []
    reasons = {(one.task.name, one.message): one.reason for one in ambiguous}
    for task in classroom.tasks:
        own = [failure for failure in failures if failure.task == task]
        if own:
            blocks.append(Heading(task.title))
            blocks += [
                _quote(failure, reasons.get((task.name, failure.message), "")) for failure in own[:MOST_FAILURES]
            ]
        if len(own) > MOST_FAILURES:
            rest = sum(len(failure.students) for failure in own[MOST_FAILURES:])
            blocks.append(
                TextBlock(f"{len(own) - MOST_FAILURES} more kinds of failure, of {rest} students: see messages.csv.")
            )
    return Section("messages", "What failed, and with which messages", blocks or [TextBlock(_NOTHING)])


def _quote(failure: Failure, reason: str) -> Quote:
    count = len(failure.students)
    parts = [f"{count} student{'s' if count != 1 else ''}", *where(failure)]
    if failure.wordings > 1:
        parts.append(f"{failure.wordings} wordings, this is the most frequent")
    if reason:
        parts.append(f"ambiguous? {reason}")
    answers = [(student, excerpt(answer)) for student, answer in failure.examples]
    label = "an answer as example" if len(answers) == 1 else f"{len(answers)} answers as examples"
    return Quote(" · ".join(parts), failure.message, failure.code, answers, label)


def where(failure: Failure) -> list[str]:
    """The kind of a failure, and the line of the test."""
    if failure.state != State.WRONG:
        return ["error" if failure.state == State.ERROR else str(failure.state)]
    if not failure.line:
        return []
    return [f"line {failure.line} of the test", "hidden" if failure.hidden else "visible"]


def excerpt(text: str) -> str:
    """The beginning of an answer, with no character that could change how the rest is shown."""
    lines = text.splitlines()
    shown = "\n".join(printable(line.expandtabs(4)) for line in lines[:_MOST_LINES])
    if len(shown) <= MOST_CHARACTERS and len(lines) <= _MOST_LINES:
        return shown
    return f"{shown[:MOST_CHARACTERS]}\n[The rest is not shown here.]"
