"""The sections of the term's page."""

import numpy as np
from matplotlib.figure import Figure as Canvas

from course.config import Course
from course.grading.report.blocks import Block, Cell, Section, TableBlock, TextBlock
from course.grading.report.classroom import Status
from course.grading.report.drawing import BLUE, GREY, INK, draw
from course.grading.report.heatmap_section import MOST_NAMES, ORDERS, paint_shares
from course.grading.report.options import Order
from course.grading.report.points_section import QUARTILES
from course.grading.report.term import Term, late_count, with_status
from course.text.times import time_text


def labs_section(course: Course, term: Term) -> Section:
    """The labs side by side: a box plot, and a table with minutes, quartiles and who is late or missing."""
    shares = {
        lab.name: [student.total / (classroom.max_points or 1) for student in classroom.known]
        for lab, classroom in term.labs
    }
    medians = ", ".join(f"{name} {np.median(values):.0%}" for name, values in shares.items() if values)
    alt = f"A box plot for each lab, of the share of its points that students have. The medians: {medians}."
    height = 1.0 + 0.5 * len(shares)
    columns = (
        "lab",
        "points",
        "minutes planned",
        "due",
        "with points",
        "to be marked",
        "not graded",
        "handed in nothing",
    )
    more = ("late", "quartile 1", "median", "quartile 3", "mean")
    rows: list[list[Cell]] = []
    for lab, classroom in term.labs:
        values = shares[lab.name]
        due = time_text(classroom.due, course.zone) if classroom.due else ""
        waiting, failed = (
            with_status(classroom, [Status.WAITING]),
            with_status(classroom, [Status.FAILED, Status.NOT_YET]),
        )
        nothing = with_status(classroom, [Status.NOTHING])
        numbers = (
            [f"{value:.0%}" for value in (*np.percentile(values, QUARTILES), np.mean(values))] if values else [""] * 4
        )
        counts = [len(values), waiting, failed, nothing, late_count(classroom)]
        rows.append([classroom.title, classroom.max_points, lab.work_minutes, due, *counts, *numbers])
    figure = draw(lambda canvas: _paint_boxes(canvas, shares), alt, 8, height)
    return Section("labs", "The labs", [figure, TableBlock("The labs, with penalties", (*columns, *more), rows)])


def _paint_boxes(canvas: Canvas, shares: dict[str, list[float]]) -> None:
    axes = canvas.subplots()
    lines = {"color": INK, "linewidth": 1.4}
    axes.boxplot(
        list(shares.values()),
        orientation="horizontal",
        tick_labels=list(shares),
        widths=0.6,
        patch_artist=True,
        boxprops={"facecolor": GREY, "edgecolor": INK},
        medianprops={"color": BLUE, "linewidth": 3},
        whiskerprops=lines,
        capprops=lines,
    )
    axes.invert_yaxis()
    axes.set(xlim=(-0.02, 1.02), xlabel="share of the points, with penalties", ylabel="")


def students_section(term: Term, order: Order) -> Section:
    """Each student over the labs, as a heatmap and as a table."""
    shares, totals, statuses = term.shares(), term.totals(), term.statuses()
    sums, by_student = totals.sum(axis=1).to_dict(), totals.to_dict("index")
    alt = (
        f"A heatmap of {shares.shape[1]} labs, one a row, by {len(shares)} students, one a column, {ORDERS[order]}. "
        "Light is all points of a lab, dark is none, grey is not known. The table below holds the same numbers."
    )
    legend = (
        f"Each column is a student ({ORDERS[order]}), each row a lab. Light: all its points; dark: none; grey: not "
        "known yet."
    )
    named = len(shares) <= MOST_NAMES
    height = 1.0 + 0.4 * shares.shape[1] + (1.3 if named else 0)
    figure = draw(lambda canvas: paint_shares(canvas, shares.T, named), alt, 11, height, wide=True)
    rows: list[list[Cell]] = []
    for name in term.names:
        states = [statuses[lab].get(name) for lab in totals.columns]
        values = by_student[name].values()
        cells = ["nothing" if state == Status.NOTHING else value for value, state in zip(values, states, strict=True)]
        rows.append([name, sums[name], *cells])
    columns = ("student", f"all, of {term.max_points:g}", *totals.columns)
    table = TableBlock("Points of each student by lab, with penalties", columns, rows, folded=True)
    blocks: list[Block] = [TextBlock(legend), figure, table]
    return Section("students", "Students over the labs", blocks)
