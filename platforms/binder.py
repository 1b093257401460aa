"""Binder without a container: the steps that repo2docker writes for the students' edition, run in an environment."""

import os
import re
import shutil
import subprocess
from pathlib import Path

from course.config import Course
from platforms.environments import find_python
from platforms.sets import PackageSet
from platforms.tools import PlatformError, uv

TOOL = "jupyter-repo2docker"
STEPS = re.compile(r"^RUN (.*(?:binder/requirements\.txt|\./binder/postBuild).*)$", re.MULTILINE)
PREFIX = re.compile(r"\$\{(?:KERNEL|NB)_PYTHON_PREFIX\}")


def binder_environment(course: Course, chosen: PackageSet, edition: Path) -> Path:
    """The Python of an environment in which the steps were run, in a copy of the edition.

    Raises
    ------
    PlatformError
        repo2docker cannot be had, its Dockerfile has other steps than known, or one of them failed.
    """
    folder = course.root / "build" / "platforms" / chosen.name
    shutil.rmtree(folder, ignore_errors=True)
    uv("venv", "--quiet", "--seed", "--python", str(find_python(chosen.python)), str(folder))
    checkout = folder / "checkout"
    shutil.copytree(edition, checkout)
    variables = os.environ | {"PATH": f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"}
    for step in steps(dockerfile(edition)):
        command = PREFIX.sub(str(folder), step)
        done = subprocess.run(
            ["bash", "-c", command], cwd=checkout, env=variables, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise PlatformError(f"{chosen.name}: {step}: {(done.stdout + done.stderr).strip()[-1000:]}")
    return folder / "bin" / "python"


def dockerfile(edition: Path) -> str:
    """What repo2docker would build from the edition."""
    options = ("--no-build", "--no-run", "--debug", str(edition))
    return uv("tool", "run", "--quiet", "--from", TOOL, TOOL, *options, about=TOOL)


def steps(text: str) -> list[str]:
    """The commands of a Dockerfile that install the edition's requirements and run its postBuild, in their order."""
    found = STEPS.findall(text.replace("\\\n", " "))
    if len(found) != 2 or "requirements" not in found[0]:
        raise PlatformError("repo2docker's Dockerfile installs the edition in other steps than `binder.py` knows.")
    return found
