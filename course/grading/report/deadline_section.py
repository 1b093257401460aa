"""The section on when submissions came in."""

from collections.abc import Sequence
from datetime import UTC, timedelta, tzinfo

import numpy as np
import seaborn as sns
from matplotlib.figure import Figure as Canvas

from course.config.late import span_in_words
from course.grading.report.blocks import Block, Section, TableBlock, TextBlock
from course.grading.report.classroom import Classroom
from course.grading.report.deadline import by_class, delays
from course.grading.report.drawing import BLUE, INK, draw, whole_numbers
from course.text.times import time_text

_LONGEST = 14  # days before or after the due date that the figure shows; what is further is drawn at its edge


def deadline_section(classroom: Classroom, zone: tzinfo = UTC) -> Section:
    """Times of handing in against each student's own due date, and who was late."""
    title = "Handed in against the deadline"
    known = delays(classroom.known)
    unknown = sum(student.handed_in is None for student in classroom.known)
    if classroom.due is None:
        return Section("deadline", title, [TextBlock("The gradebook has no due date of this lab.")])
    blocks: list[Block] = [
        TextBlock(f"Due {time_text(classroom.due, zone)}, for some students later if they have an extension.")
    ]
    if known:
        late = sum(delay > timedelta() for delay in known.values())
        alt = (
            f"A histogram of when {len(known)} submissions came in, in hours before and after the due date, which is a "
            f"line. {late} came after it. The table below holds the numbers."
        )
        blocks.append(draw(lambda canvas: _paint(canvas, list(known.values())), alt, 8, 3))
    counts = by_class(classroom.known)
    rows = [*((words, count) for words, count in counts.items()), ("not known", unknown)]
    blocks.append(TableBlock("Students by time of handing in", ("due date", "students"), rows))
    if late_rows := _late_rows(classroom, zone):
        blocks.append(
            TableBlock("Who was late", ("student", "handed in", "late by", "penalty"), late_rows, folded=True)
        )
    return Section("deadline", title, blocks)


def _late_rows(classroom: Classroom, zone: tzinfo) -> list[tuple[str, str, str, float]]:
    late = sorted((student for student in classroom.known if student.late), key=lambda student: student.late)
    return [
        (one.id, time_text(one.handed_in, zone) if one.handed_in else "", span_in_words(one.late), one.penalty)
        for one in late
    ]


def _paint(canvas: Canvas, values: Sequence[timedelta]) -> None:
    axes = canvas.subplots()
    hours = np.clip([value / timedelta(hours=1) for value in values], -24 * _LONGEST, 24 * _LONGEST)
    width = next(width for width in (1, 2, 4, 6, 12, 24) if np.ptp(hours) / width <= 48 or width == 24)
    edges = np.arange(np.floor(hours.min() / width) * width, max(hours.max(), 0) + 1.001 * width, width)
    sns.histplot(x=hours, bins=edges, ax=axes, color=BLUE, alpha=1, edgecolor=INK, linewidth=0.8)
    axes.axvline(0, color=INK, linestyle="--", linewidth=1.6)
    axes.annotate("due", (0, 1), xycoords=("data", "axes fraction"), xytext=(3, -10), textcoords="offset points")
    axes.set(xlabel=f"hours after the due date ({width} a bar)", ylabel="students")
    whole_numbers(axes.yaxis)
