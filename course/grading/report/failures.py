"""Which assertions failed how often, with which messages, and which of the messages are ambiguous."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import pandas as pd

from course.grading.feedback.task_state import State
from course.grading.report.attempts import Attempt
from course.grading.report.classroom import Classroom, Task
from course.grading.report.item_analysis import Item, rest_shares

_FAILED = (State.WRONG, State.ERROR, State.CUT_OFF)
_EXAMPLES = 3  # answers shown for a failure
_FEWEST = 5  # students with a message, from which on it is compared with the rest of the class


@dataclass(frozen=True)
class Failure:
    """One way in which a task failed: an assertion, by its line, or an error, by its message.

    `students` are all to whom it happened; `message` is what most of them read, one of so many `wordings`; `examples`
    are pairs of a student and the answer, no two answers alike.
    """

    task: Task
    state: State
    message: str
    wordings: int
    line: int
    code: str
    hidden: bool
    students: tuple[str, ...]
    examples: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Ambiguous:
    """A message that may mislead, with the reason in words."""

    task: Task
    message: str
    reason: str


def find_failures(classroom: Classroom) -> list[Failure]:
    """All failures, by task in the lab's order, the most frequent first."""
    found = []
    for task in classroom.tasks:
        groups = defaultdict[tuple[State, int, str], list[tuple[str, Attempt]]](list)
        for student in classroom.known:
            attempt = student.attempts.get(task.name)
            if attempt and attempt.state in _FAILED and attempt.message:
                groups[_key(attempt)].append((student.id, attempt))
        failures = [_failure(task, group) for group in groups.values()]
        found += sorted(failures, key=lambda one: (-len(one.students), one.line, one.message))
    return found


def _key(attempt: Attempt) -> tuple[State, int, str]:
    """What makes two failures one: the assertion, else the message without its numbers."""
    state = attempt.state or State.WRONG
    if state == State.WRONG and attempt.line:
        return state, attempt.line, ""
    return state, 0, without_numbers(attempt.message)


def without_numbers(message: str) -> str:
    """A message in which numbers do not count."""
    return re.sub(r"\d+(\.\d+)?", "0", message)


def _failure(task: Task, group: list[tuple[str, Attempt]]) -> Failure:
    messages = Counter(attempt.message for _, attempt in group)
    message = messages.most_common(1)[0][0]
    first = next(attempt for _, attempt in group if attempt.message == message)
    students = tuple(student for student, _ in group)
    return Failure(
        task,
        first.state or State.WRONG,
        message,
        len(messages),
        first.line,
        first.code,
        first.hidden,
        students,
        different(group),
    )


def different(group: Iterable[tuple[str, Attempt]]) -> tuple[tuple[str, str], ...]:
    """Up to three answers that differ in more than spaces, with their students."""
    examples = dict[str, tuple[str, str]]()
    for student, attempt in group:
        if attempt.answer.strip() and len(examples) < _EXAMPLES:
            examples.setdefault("".join(attempt.answer.split()), (student, attempt.answer))
    return tuple(examples.values())


def ambiguous(classroom: Classroom, failures: Iterable[Failure], items: Iterable[Item]) -> list[Ambiguous]:
    """The messages by which a student cannot tell what is wrong, or which those get who know the rest well.

    A wrong answer that strong students give as often as weak ones is the sign of an ambiguous question, as in the
    analysis of distractors in tests of multiple choice. Where the whole task does not discriminate, no message of it
    can be judged so.
    """
    failed, max_points = list(failures), {task.name: task.max_points for task in classroom.tasks}
    poor = {item.name for item in items if item.is_poor}
    judged = [failure for failure in failed if failure.task.name not in poor]
    return [*_shared(failed), *_of_strong_students(classroom, judged, classroom.points(), max_points)]


def _shared(failures: list[Failure]) -> Iterator[Ambiguous]:
    """Messages of more than one assertion."""
    groups = defaultdict[tuple[str, str], list[Failure]](list)
    for failure in failures:
        if failure.state == State.WRONG and failure.line:
            groups[failure.task.name, failure.message].append(failure)
    for group in groups.values():
        if len(group) > 1 and (count := sum(len(one.students) for one in group)) >= _FEWEST:
            lines = " and ".join(
                f"{one.line}{' (hidden)' if one.hidden else ''}" for one in sorted(group, key=lambda one: one.line)
            )
            reason = f"{count} students read it, for different faults: lines {lines} of the test say the same"
            yield Ambiguous(group[0].task, group[0].message, reason)


def _of_strong_students(
    classroom: Classroom, failures: list[Failure], points: pd.DataFrame, max_points: dict[str, float]
) -> Iterator[Ambiguous]:
    """Messages of students who are as good in the other tasks as those who did this one right."""
    for failure in failures:
        if failure.state != State.WRONG or len(failure.students) < _FEWEST:
            continue
        shares = rest_shares(points, max_points, failure.task.name)
        right = [
            student.id
            for student in classroom.known
            if (attempt := student.attempts.get(failure.task.name)) and attempt.points == failure.task.max_points
        ]
        if len(right) < _FEWEST:
            continue
        theirs, others = float(shares[list(failure.students)].mean()), float(shares[right].mean())
        if theirs >= others:
            reason = (
                f"the {len(failure.students)} students who read it have {theirs:.0%} of the other points, those whose "
                f"answer is right {others:.0%}: it may be ambiguous, or the test may refuse right answers"
            )
            yield Ambiguous(failure.task, failure.message, reason)
