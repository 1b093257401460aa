"""What tests of the students' edition share."""

import subprocess
import sys
from pathlib import Path

import pytest
from this_course import COURSE

from course.authoring.publish import publish


@pytest.fixture(scope="session")
def published(tmp_path_factory) -> Path:
    """The folder of the students' edition, made from this repository; not to be changed."""
    folder = tmp_path_factory.mktemp("published") / "edition"
    publish(COURSE, folder)
    return folder


@pytest.fixture(scope="session")
def wheel(published, tmp_path_factory) -> Path:
    """What `pip install` makes of the edition."""
    target = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir"]
    # From a copy, as setuptools writes beside what it packs.
    copy = tmp_path_factory.mktemp("checkout") / "edition"
    subprocess.run(["cp", "-R", published, copy], check=True)
    subprocess.run([*build, target, copy], check=True)
    return next(target.glob("*.whl"))
