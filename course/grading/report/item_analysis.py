"""How hard each task was, and whether it tells strong students from weak ones.

Difficulty is the mean share of a task's points: 1 if everybody had all of them. Discrimination is the correlation of a
task's points with those of all other tasks together, which for a task with two outcomes is the point-biserial
correlation (Lord and Novick, Statistical Theories of Mental Test Scores, 1968, chapter 15); the task itself is left out
of the sum, as it would correlate with itself (Henrysson, Psychometrika 28, 1963, pages 211 to 218). The interval is
Fisher's (Metron 1, 1921, pages 3 to 32). What is below 0.2 is a poor item by the usual rule (Ebel and Frisbie,
Essentials of Educational Measurement, 5th edition, 1991, page 232). Reliability is Cronbach's alpha (Psychometrika 16,
1951, pages 297 to 334).
"""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

POOR = 0.2  # a discrimination below that
FEWEST_STUDENTS = 10  # students, below which no discrimination is given


@dataclass(frozen=True)
class Item:
    """One task: the number of students whose points are known, its difficulty, its discrimination and interval.

    The discrimination is NaN if it is not defined, since everybody has the same points, or too few students are known.
    """

    name: str
    students: int
    difficulty: float
    discrimination: float
    low: float
    high: float

    @property
    def is_poor(self) -> bool:
        """Whether it does not tell strong students from weak ones."""
        return self.discrimination < POOR

    @property
    def is_surely_poor(self) -> bool:
        """Whether its whole interval says so."""
        return self.high < POOR


def analyse(points: pd.DataFrame, max_points: dict[str, float]) -> list[Item]:
    """One item a column of `points`, which holds a row for each student and NaN where points wait for a person.

    Tasks of which any points wait are left out of the sum that others are compared with.
    """
    complete = points.loc[:, points.notna().all()] if len(points) else points
    total = complete.sum(axis=1)
    items = []
    for name in points.columns:
        own = points[name].dropna()
        rest = (total - complete[name] if name in complete else total)[own.index]
        low, r, high = correlation(own.to_numpy(dtype=float), rest.to_numpy(dtype=float))
        difficulty = float(own.mean() / max_points[name]) if len(own) and max_points[name] else math.nan
        items.append(Item(str(name), len(own), difficulty, r, low, high))
    return items


def rest_shares(points: pd.DataFrame, max_points: dict[str, float], task: str) -> pd.Series:
    """For each student the share of all points but those of one task, among tasks of which none waits."""
    names = [name for name in points.columns if name != task and points[name].notna().all()]
    return points[names].sum(axis=1) / (sum(max_points[name] for name in names) or 1)


def correlation(first: np.ndarray, second: np.ndarray) -> tuple[float, float, float]:
    """Pearson's correlation in its 95 % interval by Fisher's transformation: low, estimate, high; or NaN."""
    if len(first) < FEWEST_STUDENTS or np.ptp(first) == 0 or np.ptp(second) == 0:
        return math.nan, math.nan, math.nan
    found = stats.pearsonr(first, second)
    r = float(found.statistic)
    if abs(r) > 1 - 1e-12:  # the transformation is infinite there
        return r, r, r
    low, high = found.confidence_interval(0.95)
    return float(low), r, float(high)


def reliability(points: pd.DataFrame) -> float:
    """Cronbach's alpha over the students whose points are all known; NaN for fewer than ten, or than two tasks."""
    complete = points.dropna()
    count = complete.shape[1]
    total = complete.sum(axis=1)
    if len(complete) < FEWEST_STUDENTS or count < 2 or np.ptp(total.to_numpy()) == 0:
        return math.nan
    return float(count / (count - 1) * (1 - complete.var(ddof=1).sum() / total.var(ddof=1)))
