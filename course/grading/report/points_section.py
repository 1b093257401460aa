"""The section on the points of the class: their distribution, with and without penalties."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import seaborn as sns
from matplotlib.figure import Figure as Canvas

from course.grading.report.blocks import Block, Section, TableBlock, TextBlock
from course.grading.report.classroom import Classroom, Status
from course.grading.report.drawing import BLUE, INK, ORANGE, draw, whole_numbers
from course.grading.report.item_analysis import reliability

QUARTILES = (25, 50, 75)
BINS = 10


def points_section(classroom: Classroom) -> Section:
    """Points as a figure and as tables, and how many are graded."""
    points = np.array([student.points for student in classroom.known])
    totals = np.array([student.total for student in classroom.known])
    blocks: list[Block] = [_status_table(classroom)]
    if not len(points):
        return Section("points", "Points", [*blocks, TextBlock("Nobody's points are known.")])
    edges = np.linspace(0, classroom.max_points or 1, BINS + 1)
    medians = f"{np.median(totals):g} with penalties, {np.median(points):g} without"
    alt = (
        f"Two histograms of the points of {len(points)} students, out of {classroom.max_points:g}, with the quartiles "
        f"as lines. The medians are {medians}. The tables below hold the same numbers."
    )
    blocks.append(draw(lambda canvas: _paint(canvas, totals, points, edges), alt, 8, 3.4))
    blocks.append(_statistics("Points of the class", classroom.max_points, totals, points))
    blocks.append(_histogram_table(edges, totals, points))
    alpha = reliability(classroom.points())
    if np.isfinite(alpha):
        blocks.append(TextBlock(f"Reliability of the points as a whole (Cronbach's alpha): {alpha:.2f}."))
    return Section("points", "Points", blocks)


def _status_table(classroom: Classroom) -> TableBlock:
    counts = {status: sum(student.status == status for student in classroom.students) for status in Status}
    waiting = [attempt for one in classroom.known for attempt in one.attempts.values() if attempt.points is None]
    rows = [(str(status), count) for status, count in counts.items() if count]
    if waiting:
        rows.append(("answers that wait to be marked", len(waiting)))
    return TableBlock("How far the class is graded", ("", "students"), rows)


def _paint(canvas: Canvas, totals: np.ndarray, points: np.ndarray, edges: np.ndarray) -> None:
    panels = canvas.subplots(1, 2, sharey=True)
    looks = (("with penalties", totals, BLUE, ""), ("without penalties", points, ORANGE, "///"))
    for axes, (title, values, colour, hatch) in zip(panels, looks, strict=True):
        sns.histplot(x=values, bins=edges, ax=axes, color=colour, alpha=1, edgecolor=INK, linewidth=0.8, hatch=hatch)
        for share, dashes in zip(QUARTILES, (":", "-", ":"), strict=True):
            axes.axvline(np.percentile(values, share), color=INK, linestyle=dashes, linewidth=1.6)
        axes.set(title=title, xlabel="points", ylabel="students")
        whole_numbers(axes.yaxis)


def _statistics(caption: str, max_points: float, totals: np.ndarray, points: np.ndarray) -> TableBlock:
    columns = ("", "students", "lowest", "quartile 1", "median", "quartile 3", "highest", "mean", "standard deviation")
    rows = [(name, *summary_numbers(values)) for name, values in (("with penalties", totals), ("without", points))]
    return TableBlock(f"{caption}, out of {max_points:g}", columns, rows)


def summary_numbers(values: np.ndarray) -> Sequence[float | None]:
    """Count, lowest, quartiles, highest, mean and standard deviation of a sample; the last only from two values on."""
    deviation = float(values.std(ddof=1)) if len(values) > 1 else None
    quartiles = [float(value) for value in np.percentile(values, QUARTILES)]
    return (len(values), float(values.min()), *quartiles, float(values.max()), float(values.mean()), deviation)


def _histogram_table(edges: np.ndarray, totals: np.ndarray, points: np.ndarray) -> TableBlock:
    counts = [np.histogram(values, edges)[0].tolist() for values in (totals, points)]
    last = len(edges) - 2
    names = [
        f"{low:g} to {'' if place == last else 'under '}{high:g}" for place, (low, high) in enumerate(pairwise(edges))
    ]
    rows = list(zip(names, *counts, strict=True))
    return TableBlock("Students by points", ("points", "with penalties", "without"), rows, folded=True)
