"""The section on written answers by mark."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import partial

import seaborn as sns
from matplotlib.figure import Figure as Canvas

from course.grading.feedback.task_state import State
from course.grading.report.attempts import Attempt
from course.grading.report.blocks import Block, Heading, Quote, Section, TableBlock, TextBlock
from course.grading.report.classroom import Classroom, Status, Task
from course.grading.report.drawing import BLUE, INK, draw, whole_numbers
from course.grading.report.failures import different
from course.grading.report.messages_section import excerpt

NO_QUESTION = "The lab has no written question."
WAITS, NOT_ATTEMPTED = "waits to be marked", "not attempted"


def written_section(classroom: Classroom) -> Section:
    """The marks of each written question as a figure and a table, with answers as examples."""
    blocks: list[Block] = []
    for task in classroom.tasks:
        if not task.is_test:
            groups = answers_by_mark(classroom, task)
            counts = {mark: len(group) for mark, group in groups.items()}
            words = ", ".join(f"{mark}: {count}" for mark, count in counts.items()) or "nobody"
            alt = f"A bar for each mark of {task.label}, with the number of answers. {words}."
            table = TableBlock(f"Answers to “{task.title}” by mark", ("mark", "answers"), list(counts.items()))
            blocks += [Heading(task.title)]
            if counts:
                blocks.append(draw(partial(_paint, counts=counts), alt, 6, 0.9 + 0.3 * len(counts)))
            blocks += [table, *_examples(groups)]
    return Section("written", "Written answers", blocks or [TextBlock(NO_QUESTION)])


def answers_by_mark(classroom: Classroom, task: Task) -> Mapping[str, Sequence[tuple[str, Attempt]]]:
    """The answers of those whose submissions could be read, by mark; the best first, those that wait last."""
    groups = defaultdict[tuple[int, float, str], list[tuple[str, Attempt]]](list)
    for student in classroom.known:
        attempt = student.attempts.get(task.name)
        if attempt and student.status != Status.UNREADABLE:
            groups[_group(attempt, task)].append((student.id, attempt))
    return {key[-1]: groups[key] for key in sorted(groups)}


def _group(attempt: Attempt, task: Task) -> tuple[int, float, str]:
    """The place of a mark in the order, and its words."""
    if attempt.state == State.NOT_ATTEMPTED and not attempt.points:
        return 1, 0, NOT_ATTEMPTED
    if attempt.points is None:
        return 2, 0, WAITS
    return 0, -attempt.points, f"{attempt.points:g} of {task.max_points:g}"


def _examples(groups: Mapping[str, Sequence[tuple[str, Attempt]]]) -> list[Quote]:
    return [
        Quote("", "", "", [(student, excerpt(answer)) for student, answer in different(group)], label(mark, len(group)))
        for mark, group in groups.items()
        if mark != NOT_ATTEMPTED
    ]


def label(mark: str, count: int) -> str:
    """What stands on the fold with the examples."""
    return f"{mark}: {'the answer' if count == 1 else f'up to three of {count} answers'}"


def _paint(canvas: Canvas, counts: Mapping[str, int]) -> None:
    axes = canvas.subplots()
    sns.barplot(
        x=list(counts.values()), y=list(counts), ax=axes, color=BLUE, saturation=1, edgecolor=INK, linewidth=0.8
    )
    for place, count in enumerate(counts.values()):
        axes.annotate(f"{count}", (count, place), xytext=(3, 0), textcoords="offset points", va="center")
    axes.set(xlabel="answers", ylabel="")
    whole_numbers(axes.xaxis)
