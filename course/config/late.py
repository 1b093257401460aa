"""What late work loses: the rule of course.toml and the penalty that follows from it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import timedelta
from typing import Any

from course.errors import CourseError

DAY = timedelta(days=1)


@dataclass(frozen=True)
class LateRule:
    """What late work loses, in per cent of all points of the lab, as Canvas and Moodle count it.

    course.toml sets it for the course ([late]) and for single labs (late = {…}). A penalty never takes more than the
    points that there are.
    """

    percent_per_day: float = 0  # for each day begun after the due date
    grace_minutes: float = 0  # no penalty up to this much after the due date; beyond it, time counts from the due date
    zero_after_days: float | None = None  # beyond this, no points
    marked_late_percent: float = 0  # once, where Canvas says LATE and the time is unknown


NO_PENALTY = LateRule()


def penalty(rule: LateRule, late: timedelta, max_points: float) -> float:
    """The points that a submission loses which is `late` by this much, in a lab of `max_points`."""
    if late <= timedelta(minutes=rule.grace_minutes):
        return 0.0
    if rule.zero_after_days is not None and late > rule.zero_after_days * DAY:
        return max_points
    return min(max_points, round(math.ceil(late / DAY) * rule.percent_per_day / 100 * max_points, 4))


def marked_late_penalty(rule: LateRule, max_points: float) -> float:
    """The points that a submission loses which Canvas marked as late, if its time is not known."""
    return min(max_points, round(rule.marked_late_percent / 100 * max_points, 4))


def read_late_rule(where: str, table: object, default: LateRule) -> LateRule:
    """The rule of `default`, except for what the table sets.

    Raises
    ------
    CourseError
        It is not a table, has an unknown key, or a value is not a number from 0 on, or a percentage above 100; the
        message begins with `where`.
    """
    if not isinstance(table, Mapping):
        raise CourseError(f"{where}: `late` must be a table such as {{ percent_per_day = 10 }}; it is {table!r}.")
    keys = [field.name for field in fields(LateRule)]
    return replace(default, **{key: _number(where, key, value, keys) for key, value in table.items()})


def _number(where: str, key: str, value: Any, keys: list[str]) -> float:
    if key not in keys:
        raise CourseError(f"{where}: a late rule has no `{key}`. It has: {', '.join(keys)}.")
    maximum = 100 if "percent" in key else math.inf
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= maximum or math.isinf(value):
        raise CourseError(
            f"{where}: `{key}` must be a number from 0{' to 100' if maximum == 100 else ' on'}; it is {value!r}."
        )
    return value


def span_in_words(span: timedelta) -> str:
    """A span of time in words: "2 days 3 hours", "20 minutes"."""
    minutes = math.ceil(span.total_seconds() / 60)
    days, hours = divmod(minutes // 60, 24)
    parts = [(days, "day"), (hours, "hour"), (minutes % 60 if not days else 0, "minute")]
    return " ".join(f"{count} {unit}{'s' if count != 1 else ''}" for count, unit in parts if count) or "0 minutes"


def rule_in_words(rule: LateRule) -> str:
    """The rule in words, for the terminal."""
    parts = [f"{rule.percent_per_day:g} % of the points for each day begun"] if rule.percent_per_day else []
    parts += [f"nothing counts after {rule.zero_after_days:g} days"] if rule.zero_after_days is not None else []
    parts += [f"{rule.grace_minutes:g} minutes of grace"] if rule.grace_minutes and parts else []
    parts += [f"{rule.marked_late_percent:g} % where Canvas says LATE"] if rule.marked_late_percent else []
    return "; ".join(parts) or "nothing is taken off"
