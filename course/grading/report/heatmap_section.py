"""The section with every student's points in every task."""

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure as Canvas

from course.grading.feedback.task_state import State
from course.grading.report.blocks import Cell, Section, TableBlock, TextBlock
from course.grading.report.classroom import Classroom, Student, short_label
from course.grading.report.drawing import GREY, draw
from course.grading.report.options import Order

_LONGEST_NAME = 24  # characters
MOST_NAMES = 80  # students whose names have room under the figure
ORDERS = {Order.POINTS: "most points first", Order.NAMES: "by name"}


def heatmap_section(classroom: Classroom, order: Order) -> Section:
    """Tasks and students as a heatmap, and the same as a table."""
    points = classroom.points().dropna(axis=1, how="all")
    title = "Tasks and students"
    table = students_table(classroom)
    if points.empty:
        return Section("students", title, [table])
    max_points = {task.name: task.max_points for task in classroom.tasks}
    shares = (points / pd.Series(max_points)[points.columns]).T
    open_tasks = _not_attempted(classroom, shares)
    alt = (
        f"A heatmap of {len(shares)} tasks, one a row, by {shares.shape[1]} students, one a column, "
        f"{ORDERS[order]}. Light is all points of a task, dark is none; – means not attempted, grey that points "
        "are not known yet. The table below holds the same numbers."
    )
    labels = {task.name: task.label for task in classroom.tasks}
    named = shares.shape[1] <= MOST_NAMES
    figure = draw(
        lambda canvas: paint_shares(canvas, shares.rename(index=labels), named, open_tasks),
        alt,
        11,
        1.0 + 0.33 * len(shares) + (1.3 if named else 0),
        wide=True,
    )
    legend = TextBlock(
        f"Each column is a student ({ORDERS[order]}), each row a task. Light: all its points; dark: none; –: not "
        "attempted; grey: points are not known yet."
    )
    return Section("students", title, [legend, figure, table])


def _not_attempted(classroom: Classroom, shares: pd.DataFrame) -> np.ndarray:
    """A sign for each task that was not attempted, in the form of the heatmap."""
    students = {student.id: student for student in classroom.known}
    return np.array(
        [
            ["–" if _state(students[student], task) == State.NOT_ATTEMPTED else "" for student in shares.columns]
            for task in shares.index
        ]
    )


def _state(student: Student, task: str) -> State | None:
    attempt = student.attempts.get(task)
    return attempt.state if attempt else None


def paint_shares(canvas: Canvas, shares: pd.DataFrame, named: bool, signs: np.ndarray | None = None) -> None:
    """Paint shares of points, students in columns; with their names, and a sign in each cell, if there is room."""
    axes = canvas.subplots()
    axes.set_facecolor(GREY)
    sns.heatmap(
        shares,
        ax=axes,
        vmin=0,
        vmax=1,
        cmap="cividis",
        annot=signs if named else None,
        fmt="",
        annot_kws={"size": 7},
        linewidths=0.4 if named else 0,
        xticklabels=[short_label(name, _LONGEST_NAME) for name in shares.columns] if named else False,
        yticklabels=True,
        rasterized=not named,
        cbar_kws={"label": "share of the points", "pad": 0.01, "aspect": 12},
    )
    axes.set(xlabel="" if named else f"{shares.shape[1]} students", ylabel="")
    axes.tick_params(axis="x", labelsize=7, rotation=90)
    axes.tick_params(axis="y", rotation=0)


def students_table(classroom: Classroom) -> TableBlock:
    """A row for each student: total, penalty, and points by task."""
    columns = ("student", "status", "total", "penalty", *(task.label for task in classroom.tasks))
    rows = [_row(classroom, student) for student in classroom.students]
    return TableBlock("Points of each student by task", columns, rows, folded=True)


def _row(classroom: Classroom, student: Student) -> list[Cell]:
    if not student.known:
        return [student.id, str(student.status), *([None] * (2 + len(classroom.tasks)))]
    attempts = [student.attempts.get(task.name) for task in classroom.tasks]
    points: list[Cell] = [attempt.points if attempt else None for attempt in attempts]
    return [student.id, str(student.status), student.total, student.penalty or None, *points]
