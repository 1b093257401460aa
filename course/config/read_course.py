"""Reading course.toml, which is refused if anything in it is unknown, missing or of the wrong type."""

import tomllib
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from course import COURSE_FILE
from course.config.course import Course, Lab
from course.config.late import NO_PENALTY, LateRule, read_late_rule
from course.config.numbers import read_numbers
from course.config.repositories import read_repositories
from course.config.rules import DEFAULT_RULES, Rules
from course.config.unknown_keys import refuse_unknown_keys
from course.errors import CourseError
from course.limits import DEFAULT_LIMITS, Limits
from course.text.times import TimeError, in_zone

_KEYS = ("id", "title", "description", "time_zone", "instructors", "students", "limits", "rules", "late", "labs")
LAB_KEYS = ("name", "work_minutes", "budget", "limits", "rules", "due", "late")


def load_course(start: Path | None = None) -> Course:
    """Read course.toml from the folder `start` (default: the working directory) or the nearest one above it.

    Raises
    ------
    CourseError
        There is no course.toml, it is not valid TOML, an entry is missing, unknown or of the wrong type, or it does
        not agree with the folder of sources.
    """
    start_folder = (start or Path.cwd()).resolve()
    for folder in (start_folder, *start_folder.parents):
        if (folder / COURSE_FILE).is_file():
            return _read(folder / COURSE_FILE)
    raise CourseError(f"No {COURSE_FILE} in {start_folder} or above it. Run this inside the course's repository.")


def _read(path: Path) -> Course:
    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CourseError(f"{path} is not valid TOML: {error}.") from error
    refuse_unknown_keys(str(path), table, _KEYS)
    entries = _entry(path, table, "labs", list)
    limits = read_numbers(str(path), "limit", table.get("limits", {}), DEFAULT_LIMITS)
    rules = read_numbers(str(path), "rule", table.get("rules", {}), DEFAULT_RULES)
    late_rule = read_late_rule(str(path), table.get("late", {}), NO_PENALTY)
    zone = _zone(path, table)
    labs = tuple(_lab(path, entry, limits, rules, late_rule, zone) for entry in entries)
    texts = {key: _entry(path, {"description": ""} | table, key, str) for key in ("id", "title", "description")}
    repositories = read_repositories(str(path), table)
    course = Course(path.parent, repositories=repositories, labs=labs, limits=limits, zone=zone or UTC, **texts)
    _check_sources(path, course)
    return course


def _lab(
    path: Path,
    entry: dict[str, Any],
    default_limits: Limits,
    default_rules: Rules,
    default_late_rule: LateRule,
    zone: tzinfo | None,
) -> Lab:
    name = _entry(path, entry, "name", str)
    where = f"{path}, lab {name!r}"
    refuse_unknown_keys(where, entry, LAB_KEYS)
    limits = read_numbers(where, "limit", entry.get("limits", {}), default_limits)
    budget = _entry(path, {"budget": {}} | entry, "budget", dict)
    due = _due(where, entry["due"], zone) if "due" in entry else None
    late_rule = read_late_rule(where, entry.get("late", {}), default_late_rule)
    rules = read_numbers(where, "rule", entry.get("rules", {}), default_rules)
    minutes = _entry(path, entry, "work_minutes", int)
    if isinstance(minutes, bool) or minutes < 1:
        raise CourseError(f"{where}: `work_minutes` must be a whole number above 0; it is {minutes!r}.")
    return Lab(name, minutes, limits, budget, due, late_rule, rules)


def _zone(path: Path, table: dict[str, Any]) -> tzinfo | None:
    if "time_zone" not in table:
        return None
    name = _entry(path, table, "time_zone", str)
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        text = f"{path}: there is no time zone {name!r}. Name one as in the IANA list, such as Europe/Berlin."
        raise CourseError(text) from error


def _due(where: str, value: object, zone: tzinfo | None) -> datetime:
    if not isinstance(value, datetime):
        raise CourseError(
            f"{where}: `due` must be a date and time without quotes, 2026-03-02T23:59:00; it is {value!r}."
        )
    try:
        return value if value.tzinfo else in_zone(value, zone)
    except TimeError as error:
        advice = "Set `time_zone` at the top of the file, or write the offset: 2026-03-02T23:59:00+01:00."
        raise CourseError(f"{where}: `due`: {error if zone else advice}") from error


def _entry(path: Path, table: dict[str, Any], key: str, kind: type) -> Any:
    value = table.get(key)
    if not isinstance(value, kind):
        raise CourseError(f"{path}: `{key}` must be given as a {kind.__name__}; it is {value!r}.")
    return value


def _check_sources(path: Path, course: Course) -> None:
    names = [lab.name for lab in course.labs]
    duplicates = sorted({name for name in names if names.count(name) > 1})
    if duplicates:
        raise CourseError(f"{path} lists {', '.join(duplicates)} twice. Delete one of the entries.")
    for lab in course.labs:
        if not course.source(lab).is_file():
            raise CourseError(
                f"{path} lists the lab {lab.name!r}, but {course.source(lab)} does not exist. "
                "Correct the name, write the source or delete the entry."
            )
    folders = {file.stem for file in (course.root / course.source_directory).glob("*/*.py")}
    unlisted = sorted(folders - set(names))
    if unlisted:
        raise CourseError(f"{path} does not list {', '.join(unlisted)}, found in {course.source_directory}/. Add it.")
