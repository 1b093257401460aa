"""The course as course.toml describes it, and where its files are."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from course.errors import CourseError, UnknownLabError
from course.known_keys import refuse_unknown_keys
from course.late import NO_PENALTY, LateRule, read_late_rule
from course.limits import DEFAULTS, Limits, read_limits
from course.repositories import Repositories, read_repositories
from course.rules import DEFAULTS as USUAL_RULES
from course.rules import Rules, read_rules
from course.times import TimeError, in_zone

COURSE_FILE = "course.toml"
KEYS = ("id", "title", "description", "time_zone", "instructors", "students", "limits", "rules", "late", "labs")
LAB_KEYS = ("name", "work_minutes", "budget", "limits", "rules", "due", "late")


@dataclass(frozen=True)
class Lab:
    """One lab: its name, such as "03_mlp_baseline", the minutes a student should plan, and how it is graded.

    `budget` holds the parameters injected while grading, by name; `limits` what a submission may use. `due` is when it
    has to be handed in, in the time zone of course.toml or its own, if that is set; `late` what late work loses;
    `rules` what the linter demands of its size.
    """

    name: str
    work_minutes: int
    limits: Limits = DEFAULTS
    budget: Mapping[str, Any] = field(default_factory=dict, hash=False)
    due: datetime | None = None
    late: LateRule = NO_PENALTY
    rules: Rules = USUAL_RULES


@dataclass(frozen=True)
class Course:
    """The labs in order, the repositories of instructors and students, and the folders the labs lie in.

    `description` is a sentence on what the course is about. `limits` are those of a lab that sets none of its own.
    `zone` is the time zone that times are read and shown in.
    """

    root: Path
    id: str
    title: str
    repositories: Repositories
    labs: tuple[Lab, ...]
    limits: Limits = DEFAULTS
    zone: tzinfo = UTC
    description: str = ""

    source_directory = "solutions"
    release_directory = "labs"

    def lab(self, name: str) -> Lab:
        """The lab of that name.

        Raises
        ------
        UnknownLabError
            course.toml does not list it; the message lists the names there are.
        """
        for lab in self.labs:
            if lab.name == name:
                return lab
        raise UnknownLabError(f"There is no lab {name!r} in {COURSE_FILE}. The labs are: {self.names()}.")

    def choose(self, names: list[str] | None) -> list[Lab]:
        """The labs of those names, or all of them for an empty list, in the order of the course."""
        chosen = {self.lab(name) for name in names or []}
        return [lab for lab in self.labs if not chosen or lab in chosen]

    def names(self) -> str:
        """All names, for messages."""
        return ", ".join(lab.name for lab in self.labs)

    def source(self, lab: Lab) -> Path:
        """The text that is edited by hand."""
        return self.root / self.source_directory / lab.name / f"{lab.name}.py"

    def solution(self, lab: Lab) -> Path:
        """The answer key made from it."""
        return self.source(lab).with_suffix(".ipynb")

    def released(self, lab: Lab) -> Path:
        """What students get."""
        return self.root / self.release_directory / lab.name / f"{lab.name}.ipynb"

    @property
    def measurements(self) -> Path:
        """What `make bench` measured; the labs' headers quote it."""
        return self.root / "docs" / "benchmarks.json"

    @property
    def reproduction(self) -> Path:
        """What `python -m reproduction` measured; docs/reproduction.md is made from it."""
        return self.root / "docs" / "reproduction.json"


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
    refuse_unknown_keys(str(path), table, KEYS)
    entries = _entry(path, table, "labs", list)
    limits = read_limits(str(path), table.get("limits", {}), DEFAULTS)
    rules = read_rules(str(path), table.get("rules", {}), USUAL_RULES)
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
    limits = read_limits(where, entry.get("limits", {}), default_limits)
    budget = _entry(path, {"budget": {}} | entry, "budget", dict)
    due = _due(where, entry["due"], zone) if "due" in entry else None
    late_rule = read_late_rule(where, entry.get("late", {}), default_late_rule)
    rules = read_rules(where, entry.get("rules", {}), default_rules)
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
