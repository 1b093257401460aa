"""The section on what changed against an earlier class."""

from collections.abc import Sequence
from itertools import groupby

from matplotlib.figure import Figure as Canvas

from course.grading.gradebook.read_only import shown_address
from course.grading.report.blocks import Block, Cell, Heading, Section, TableBlock, TextBlock
from course.grading.report.classroom import short_label
from course.grading.report.drawing import BLUE, INK, ORANGE, draw
from course.grading.report.earlier import LARGE, Change
from course.grading.report.items_section import with_minus

_HOW = (
    "The mean share of the points before and now, and the difference with its 95 % interval (Welch, Biometrika 34, "
    f"1947, pages 28 to 35). ◆ marks a change of at least {LARGE:g} whose interval does not hold 0. Of many tasks, one "
    "in twenty stands out by chance. Tasks are compared by their grade ids; whether one was changed, you know."
)


def earlier_section(changes: Sequence[Change], gradebook: str) -> Section:
    """Each lab with its tasks, as a figure and a table; `gradebook` is the earlier one."""
    blocks: list[Block] = [TextBlock(f"Compared with {shown_address(gradebook)}."), TextBlock(_HOW)]
    for _, group in groupby(changes, key=lambda change: change.lab):
        own = list(group)
        both = [change for change in own if change.difference is not None]
        title = f"{own[0].lab}: {own[0].title}"
        blocks.append(Heading(title))
        if both:
            out = ", ".join(change.title for change in both if change.stands_out) or "nothing"
            alt = (
                f"The mean share of the points before and now, for {title} and each of its tasks. What stands "
                f"out: {out}. The table below holds the same numbers."
            )
            height = 1.1 + 0.33 * len(both)
            blocks.append(draw(lambda canvas, both=both: _paint(canvas, both), alt, 8, height))  # type: ignore[misc]
        columns = ("", "before", "now", "difference", "95 % interval", "students before", "students now", "stands out")
        blocks.append(TableBlock(f"Before and now, {title}", columns, [_row(change) for change in own]))
    return Section("earlier", "Against an earlier class", blocks)


def _row(change: Change) -> list[Cell]:
    difference = "" if change.difference is None else with_minus(change.difference)
    interval = (
        "" if change.low is None or change.high is None else f"{with_minus(change.low)} to {with_minus(change.high)}"
    )
    name = change.title if change.task else "all points, with penalties"
    only = "new" if change.before is None else "gone" if change.now is None else "◆" if change.stands_out else ""
    return [name, change.before, change.now, difference, interval, *change.students, only]


def _paint(canvas: Canvas, changes: Sequence[Change]) -> None:
    axes = canvas.subplots()
    for place, change in enumerate(changes):
        axes.plot([change.before or 0, change.now or 0], [place, place], color=INK, linewidth=1)
    places = range(len(changes))
    looks = (("before", "o", "white", 7), ("now", "o", BLUE, 7))
    for name, marker, colour, size in looks:
        values = [getattr(change, name) for change in changes]
        axes.plot(values, places, marker, color=colour, markeredgecolor=INK, markersize=size, label=name)
    out = [(change.now, place) for place, change in enumerate(changes) if change.stands_out]
    if out:
        axes.plot(
            *zip(*out, strict=True), "D", color=ORANGE, markeredgecolor=INK, markersize=8, label="now, stands out"
        )
    axes.set_yticks(places, [short_label(change.title) if change.task else "all points" for change in changes])
    axes.invert_yaxis()
    axes.set(xlim=(-0.02, 1.02), xlabel="mean share of the points")
    canvas.legend(loc="outside upper center", ncols=3, frameon=False, fontsize=9)
