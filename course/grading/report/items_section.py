"""The section on difficulty and discrimination."""

import math
from collections.abc import Sequence

from matplotlib.figure import Figure as Canvas

from course.grading.report.blocks import Block, Section, TableBlock, TextBlock
from course.grading.report.classroom import Classroom, Task
from course.grading.report.drawing import BLUE, INK, ORANGE, draw
from course.grading.report.item_analysis import FEWEST_STUDENTS, POOR, Item

_HOW = (
    "Difficulty is the mean share of a task's points: 1 if everybody had all of them, so large is easy. Discrimination "
    "is the correlation of the task's points with the points of all other tasks together (for right or wrong, the "
    "point-biserial correlation), with its 95 % interval by Fisher's transformation: it tells whether those who know "
    "the rest know this, too. Above 0.4 is very good, below 0.2 poor. Who handed in a file that could not be read does "
    "not count here; a task whose points wait for a person is left out of the points that others are compared with. "
    "Sources: Lord and Novick 1968, Henrysson 1963 (the task left out of the sum), Fisher 1921 (interval), Ebel and "
    "Frisbie 1991 (what is poor); formulas and pages are in item_analysis.py."
)


def items_section(classroom: Classroom, items: Sequence[Item]) -> Section:
    """Both as a figure and as a table, and how to read them."""
    tasks = {task.name: task for task in classroom.tasks}
    rows = [
        (
            tasks[item.name].title,
            tasks[item.name].max_points,
            item.students,
            item.difficulty,
            with_minus(item.discrimination),
            interval(item),
            judgement(item),
        )
        for item in items
    ]
    columns = ("task", "points", "students", "difficulty", "discrimination", "95 % interval", "")
    blocks: list[Block] = []
    drawn = [item for item in items if math.isfinite(item.difficulty)]
    if drawn:
        poor = [tasks[item.name].label for item in drawn if item.is_poor]
        alt = (
            "For each task its difficulty as a bar, and its discrimination as a point with its interval beside a line "
            f"at {POOR}. Below the line: {', '.join(poor) or 'none'}. The table below holds the same numbers."
        )
        blocks.append(draw(lambda canvas: _paint(canvas, drawn, tasks), alt, 9, 1.1 + 0.33 * len(drawn), wide=True))
    table = TableBlock("Difficulty and discrimination of each task", columns, rows)
    return Section("items", "Difficulty and discrimination", [*blocks, table, TextBlock(_HOW)])


def interval(item: Item) -> str:
    """The interval in words; empty if there is none."""
    return f"{with_minus(item.low)} to {with_minus(item.high)}" if math.isfinite(item.low) else ""


def with_minus(value: float) -> str:
    """A number with two decimals; – if there is none."""
    return f"{value:.2f}".replace("-", "−") if math.isfinite(value) else "–"


def judgement(item: Item) -> str:
    """What the numbers say about a task, in words."""
    if item.students < FEWEST_STUDENTS:
        return f"fewer than {FEWEST_STUDENTS} students"
    if math.isnan(item.discrimination):
        return "everybody has the same points"
    if item.is_surely_poor:
        return "does not discriminate"
    return "seems not to discriminate; the class is small for certainty" if item.is_poor else ""


def _paint(canvas: Canvas, items: Sequence[Item], tasks: dict[str, Task]) -> None:
    left, right = canvas.subplots(1, 2, sharey=True)
    places = range(len(items))
    left.barh(places, [item.difficulty for item in items], color=BLUE, edgecolor=INK, linewidth=0.8)
    left.set(xlim=(0, 1), xlabel="difficulty (1: everybody has all points)")
    left.set_yticks(places, [tasks[item.name].label for item in items])
    left.invert_yaxis()
    for place, item in zip(places, items, strict=True):
        if math.isfinite(item.discrimination):
            right.plot([item.low, item.high], [place, place], color=INK, linewidth=1.2)
            fill = ORANGE if item.is_poor else BLUE
            right.plot(
                item.discrimination, place, "D" if item.is_poor else "o", color=fill, markeredgecolor=INK, markersize=8
            )
    right.axvline(POOR, color=INK, linestyle="--", linewidth=1)
    right.set(xlim=(min([-0.3, *(item.low for item in items)]), 1), xlabel=f"discrimination (◆: below {POOR})")
