"""An environment for each set of packages, kept in build/platforms as long as its requirements stay the same."""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from course.config import Course
from platforms.sets import PackageSet, PlatformError, requirements


def environment(course: Course, chosen: PackageSet) -> Path:
    """The Python of the set's environment, made if need be. The course's helper package is not in it.

    Raises
    ------
    PlatformError
        That Python is not on this machine, or the packages cannot be had.
    """
    python = find_python(chosen.python)
    wanted = requirements(course, chosen)
    folder = course.root / "build" / "platforms" / chosen.name
    key = hashlib.sha256(f"{python}\n{wanted}".encode()).hexdigest()
    made = folder / "made-from"
    inside = folder / "bin" / "python"
    if not made.is_file() or made.read_text("utf-8") != key:
        shutil.rmtree(folder, ignore_errors=True)
        uv("venv", "--quiet", "--seed", "--python", str(python), str(folder))
        listed = folder / "requirements.txt"
        listed.write_text(wanted, "utf-8")
        uv("pip", "install", "--quiet", "--python", str(inside), "--requirement", str(listed))
        made.write_text(key, "utf-8")
    uninstall_helper(course, inside)
    return inside


def grader(course: Course, chosen: PackageSet) -> Path:
    """The Python of an environment of the same version in which the course itself is installed, as instructors do."""
    folder = course.root / "build" / "platforms" / f"{chosen.name}-grader"
    inside, listed = folder / "bin" / "python", course.root / "requirements.txt"
    key = hashlib.sha256(listed.read_bytes() + str(course.root).encode()).hexdigest()
    made = folder / "made-from"
    if not made.is_file() or made.read_text("utf-8") != key:
        shutil.rmtree(folder, ignore_errors=True)
        uv("venv", "--quiet", "--python", str(find_python(chosen.python)), str(folder))
        uv("pip", "install", "--quiet", "--python", str(inside), "--requirement", str(listed), "setuptools")
        options = ("--quiet", "--no-deps", "--no-build-isolation", "--editable", str(course.root))
        uv("pip", "install", "--python", str(inside), *options)
        made.write_text(key, "utf-8")
    return inside


def find_python(version: str) -> Path:
    """A Python of this version: on the path, or one that pyenv has.

    Raises
    ------
    PlatformError
        There is none; the message says where was looked.
    """
    for program in _candidates(version):
        asked = [str(program), "-c", "import sys; print('%d.%d' % sys.version_info[:2], sys.executable)"]
        done = subprocess.run(asked, capture_output=True, text=True, check=False)
        found, _, where = done.stdout.strip().partition(" ")
        if done.returncode == 0 and found == version:
            return Path(where)
    raise PlatformError(f"There is no Python {version} on this machine, neither on the path nor in pyenv's folder.")


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
    """Take the course's helper package out of an environment, where a set-up cell has put it."""
    name = f"{course.id}-data-utils"
    if name in versions(python):
        uv("pip", "uninstall", "--quiet", "--python", str(python), name)


def uv(*words: str) -> str:
    """What a command of uv prints.

    Raises
    ------
    PlatformError
        It failed; the message is its own.
    """
    done = subprocess.run([sys.executable, "-m", "uv", *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise PlatformError(f"uv {' '.join(words[:2])}: {done.stderr.strip()}")
    return done.stdout
