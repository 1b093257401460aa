"""What was published, and how the labs' runs are compared with it: the files in reproduction/.

`reproduction/systems.toml` names the published systems. A file `reproduction/NN_name.toml` belongs to a lab. Its
`[[figure]]` tables are the published figures, each with the Python expression that gives the same figure at the end
of the lab; its `[[second]]` tables are settings chosen by the course, to be run beside the published ones.
"""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple, cast, get_args

from course.config import Course, Lab
from course.errors import CourseError

FOLDER = "reproduction"
Rule = Literal["equal", "at least", "at most", "about", "only reported"]
ABOUT = 0.02  # how far, in the figure's own unit, "about" may be off: two points of accuracy


@dataclass(frozen=True)
class Figure:
    """A published figure.

    `value` is evaluated in the finished lab. `time` names the cell, by grade id or tag, whose running time stands
    beside it. `note` says in one line where a difference comes from.
    """

    system: str
    name: str
    published: Any
    value: str
    rule: Rule
    time: str | None = None
    note: str = ""

    def reached(self, measured: Any) -> bool | None:
        """Whether a run reproduces the figure; None where it is only reported, such as a time on another machine."""
        match self.rule:
            case "equal":
                return bool(measured == self.published)
            case "at least":
                return bool(measured >= self.published)
            case "at most":
                return bool(measured <= self.published)
            case "about":
                return bool(abs(measured - self.published) <= ABOUT)
            case "only reported":
                return None


@dataclass(frozen=True)
class SecondSetting:
    """A setting of the course's own for the same architecture.

    It is run as the cell `code` after the lab's set-up and the answers `needs`; `value` is the accuracy it reaches.
    The published setting's training is the lab's cell `beside`, named by grade id or tag. `before` is run first and not
    timed, where the clock would else count the library's start, which the published setting's clock does not.
    """

    system: str
    what: str
    published: float
    beside: str
    needs: tuple[str, ...]
    code: str
    value: str
    before: str = ""


@dataclass(frozen=True)
class Plan:
    """What is compared in one lab."""

    lab: Lab
    figures: tuple[Figure, ...]
    seconds: tuple[SecondSetting, ...]


class PublishedSystem(NamedTuple):
    """A published system: what it is, and how its source names itself."""

    title: str
    source: str


def read_systems(course: Course) -> dict[str, PublishedSystem]:
    """Each published system by its letter."""
    entries = _table(course.root / FOLDER / "systems.toml")
    return {letter: PublishedSystem(str(entry["title"]), str(entry["source"])) for letter, entry in entries.items()}


def read_plans(course: Course) -> list[Plan]:
    """The plan of every lab that has one, in the order of the course."""
    return [plan for lab in course.labs if (plan := read_plan(course, lab))]


def read_plan(course: Course, lab: Lab) -> Plan | None:
    """The plan of a lab, or None if nothing published is rebuilt in it.

    Raises
    ------
    CourseError
        The file is not valid, or names an unknown system or rule.
    """
    path = plan_file(course, lab)
    if not path.is_file():
        return None
    table, systems = _table(path), read_systems(course)
    try:
        figures = tuple(Figure(**entry) for entry in table.get("figure", []))
        entries = cast(list[dict[str, Any]], table.get("second", []))
        seconds = tuple(SecondSetting(**(entry | {"needs": tuple(entry["needs"])})) for entry in entries)
    except (TypeError, KeyError) as error:
        raise CourseError(f"{path}: an entry is not complete or has an unknown key: {error}.") from error
    for figure in figures:
        if figure.rule not in get_args(Rule):
            raise CourseError(f"{path}: the rule {figure.rule!r} of {figure.name!r} is none of {get_args(Rule)}.")
    for letter in [figure.system for figure in figures] + [second.system for second in seconds]:
        if letter not in systems:
            raise CourseError(f"{path}: there is no system {letter!r} in systems.toml.")
    return Plan(lab, figures, seconds)


def plan_file(course: Course, lab: Lab) -> Path:
    """Where the published figures of a lab are listed."""
    return course.root / FOLDER / f"{lab.name}.toml"


def _table(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (FileNotFoundError, tomllib.TOMLDecodeError) as error:
        raise CourseError(f"{path} cannot be read: {error}.") from error
