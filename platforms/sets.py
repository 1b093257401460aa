"""Which sets of packages there are, and the exact requirements of each."""

import tempfile
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path

from course.config import Course
from course.config.unknown_keys import refuse_unknown_keys
from platforms.tools import PlatformError, uv

FILE = Path(__file__).with_name("sets.toml")
STUDENTS = "tensorflow", "keras", "ipykernel"  # declared among the course's own packages; students need them, too


@dataclass(frozen=True)
class PackageSet:
    """One set of packages: the version of Python, and a file of requirements or bounds that uv resolves.

    `variables` are those of the environment, beside the usual ones. `grades` says whether the course itself is
    installed there, too, and tries right and wrong answers; `replayed` whether the set is made by the steps that
    repo2docker writes for Binder.
    """

    name: str
    what: str
    python: str
    lock: str = ""
    resolution: str = ""
    pins: tuple[str, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    grades: bool = False
    replayed: bool = False


def read_sets(path: Path = FILE) -> dict[str, PackageSet]:
    """All sets by their names.

    Raises
    ------
    CourseError
        A set has a key that is not known, or names neither a lock nor a resolution, or both.
    """
    sets = {}
    for table in tomllib.loads(path.read_text("utf-8"))["sets"]:
        where = f"{path.name}, {table.get('name', 'a set without a name')}"
        refuse_unknown_keys(where, table, tuple(known.name for known in fields(PackageSet)))
        if ("lock" in table) == ("resolution" in table):
            raise PlatformError(f"{where}: one of `lock` and `resolution` is needed.")
        sets[table["name"]] = PackageSet(**table | {"pins": tuple(table.get("pins", ()))})
    return sets


def requirements(course: Course, chosen: PackageSet) -> str:
    """The text of a file of requirements with every version.

    Raises
    ------
    PlatformError
        There are no versions that fit together, or no index of packages can be reached; the message is uv's.
    """
    if chosen.lock:
        return (course.root / chosen.lock).read_text("utf-8")
    with tempfile.TemporaryDirectory() as place:
        wanted, pins = Path(place, "wanted.in"), Path(place, "pins.txt")
        wanted.write_text("\n".join(lab_packages(course)), "utf-8")
        pins.write_text("\n".join(chosen.pins), "utf-8")
        options = ("--python-version", chosen.python, "--resolution", chosen.resolution, "--constraint", str(pins))
        listed = Path(place, "requirements.txt")
        plain = ("--quiet", "--no-header", "--no-annotate", "--output-file", str(listed))
        uv("pip", "compile", *plain, *options, str(wanted), about=chosen.name)
        return listed.read_text("utf-8")


def lab_packages(course: Course) -> list[str]:
    """What data_utils and the labs import, and what opens notebooks, with the bounds of pyproject.toml."""
    project = tomllib.loads((course.root / "pyproject.toml").read_text("utf-8"))["project"]
    bounds = [spec for spec in project["optional-dependencies"]["course"] if spec.startswith(STUDENTS)]
    return [*project["dependencies"], *bounds]
