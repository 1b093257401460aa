"""Difficulty, discrimination and reliability against values worked out by hand or by another way."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from course.grading.report.item_analysis import analyse, correlation, reliability, rest_shares

MOST = {"a": 1.0, "b": 1.0, "c": 2.0}
RIGHT = pd.DataFrame(
    {"a": [1, 1, 1, 1, 1, 1, 0, 0, 0, 0], "b": [1, 1, 1, 0, 1, 0, 1, 0, 0, 0], "c": [2, 2, 1, 2, 1, 0, 1, 0, 0, 0]},
    dtype=float,
)


def test_discrimination_is_the_point_biserial_correlation_with_the_rest():
    item = analyse(RIGHT, MOST)[0]
    expected = stats.pointbiserialr(RIGHT["a"] == 1, RIGHT["b"] + RIGHT["c"])
    assert item.discrimination == pytest.approx(expected.statistic) and item.difficulty == 0.6


def test_the_interval_is_fishers():
    """By hand: r = 0.5 and n = 28 give z = 0.549 ± 1.96 / 5, so 0.156 to 0.736."""
    first, second = np.repeat([1.0, -1.0], 14), np.zeros(28)
    noise = np.array([1.0, -1.0] * 14)
    second = 0.5 * first + math.sqrt(0.75) * noise
    low, r, high = correlation(first, second)
    assert r == pytest.approx(0.5)
    assert (low, high) == pytest.approx((0.156, 0.736), abs=1e-3)


def test_what_is_not_defined_is_nan():
    everybody = pd.DataFrame({"a": [1.0] * 12, "b": [0.0, 1.0] * 6, "c": [2.0, 0.0] * 6})
    items = {item.name: item for item in analyse(everybody, MOST)}
    assert math.isnan(items["a"].discrimination) and not items["a"].is_poor and items["a"].difficulty == 1
    assert items["b"].discrimination == items["b"].low == -1 and items["b"].is_surely_poor
    few = analyse(RIGHT.head(9), MOST)
    assert all(math.isnan(item.discrimination) for item in few)
    assert analyse(RIGHT.head(0), MOST)[0].students == 0


def test_a_task_that_waits_is_judged_by_those_who_have_its_points_and_left_out_of_the_rest():
    waits = RIGHT.copy()
    waits = pd.concat([waits, waits], ignore_index=True)
    waits.loc[[0, 3], "c"] = math.nan
    items = {item.name: item for item in analyse(waits, MOST)}
    marked = waits.dropna()
    assert items["c"].students == 18
    assert items["c"].discrimination == pytest.approx(np.corrcoef(marked["c"], marked["a"] + marked["b"])[0, 1])
    assert items["a"].discrimination == pytest.approx(np.corrcoef(waits["a"], waits["b"])[0, 1])
    assert rest_shares(waits, MOST, "a").tolist() == waits["b"].tolist()


def test_alpha():
    """By hand: of two tasks that agree always it is 1; of those that have nothing to do with each other, 0."""
    same = pd.DataFrame({"a": [0.0, 1.0] * 6, "b": [0.0, 1.0] * 6})
    unrelated = pd.DataFrame({"a": [0.0, 0.0, 1.0, 1.0] * 3, "b": [0.0, 1.0, 0.0, 1.0] * 3})
    assert reliability(same) == pytest.approx(1) and reliability(unrelated) == pytest.approx(0)
    assert math.isnan(reliability(same.head(3))) and math.isnan(reliability(same[["a"]]))
