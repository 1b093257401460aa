"""An environment for each set of packages, kept in build/platforms as long as its requirements stay the same."""

import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from course.config import Course
from course.text.files import text_if_any
from platforms.sets import PackageSet, requirements
from platforms.tools import NotHereError, uv


def environment(course: Course, chosen: PackageSet) -> Path:
    """The Python of the set's environment, made if need be. The course's helper package is not in it.

    Raises
    ------
    NotHereError
        That Python is not on this machine.
    PlatformError
        The packages cannot be had.
    """
    inside = installed(course, chosen.name, chosen.python, requirements(course, chosen))
    uninstall_helper(course, inside)
    return inside


def grader(course: Course, chosen: PackageSet) -> Path:
    """The Python of an environment of the same version in which the course itself is installed, as instructors do."""
    wanted = (course.root / "requirements.txt").read_text("utf-8")
    inside = installed(course, f"{chosen.name}-grader", chosen.python, f"{wanted}setuptools\n")
    options = ("--quiet", "--no-deps", "--no-build-isolation", "--editable", str(course.root))
    uv("pip", "install", "--python", str(inside), *options)
    return inside


def installed(course: Course, name: str, version: str, wanted: str) -> Path:
    """The Python of an environment with these requirements: the one of that name, if it was made from the same."""
    python = find_python(version)
    folder = course.root / "build" / "platforms" / name
    inside, made, listed = folder / "bin" / "python", folder / "made-from", folder / "requirements.txt"
    key = hashlib.sha256(f"{python}\n{wanted}".encode()).hexdigest()
    if text_if_any(made) != key:
        shutil.rmtree(folder, ignore_errors=True)
        uv("venv", "--quiet", "--seed", "--python", str(python), str(folder))
        listed.write_text(wanted, "utf-8")
        uv("pip", "install", "--quiet", "--python", str(inside), "--requirement", str(listed), about=name)
        made.write_text(key, "utf-8")
    return inside


def find_python(version: str) -> Path:
    """A Python of this version: on the path, or one that pyenv has.

    Raises
    ------
    NotHereError
        There is none; the message says where was looked.
    """
    for program in _candidates(version):
        asked = [str(program), "-c", "import sys; print('%d.%d' % sys.version_info[:2], sys.executable)"]
        done = subprocess.run(asked, capture_output=True, text=True, check=False)
        found, _, where = done.stdout.strip().partition(" ")
        if done.returncode == 0 and found == version:
            return Path(where)
    raise NotHereError(f"There is no Python {version} on this machine, neither on the path nor in pyenv's folder.")


def _candidates(version: str) -> Iterator[Path]:
    for folder in os.get_exec_path():
        if (program := Path(folder, f"python{version}")).is_file():
            yield program
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    yield from sorted(root.glob(f"versions/{version}.*/bin/python"))


def versions(python: Path) -> dict[str, str]:
    """The version of each package of an environment, by name."""
    listed = uv("pip", "freeze", "--python", str(python)).splitlines()
    return dict(line.split("==") for line in listed if "==" in line)


def uninstall_helper(course: Course, python: Path) -> None:
    """Take the course's helper package out of an environment, where a set-up cell has put it; if not, nothing is done.

    `versions` does not list it, as it is installed from a file.
    """
    uv("pip", "uninstall", "--quiet", "--python", str(python), f"{course.id}-data-utils")
