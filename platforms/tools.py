"""uv, by which packages are resolved and installed, and other people's tools are run."""

import subprocess
import sys
import tempfile

from course.errors import CourseError


class PlatformError(CourseError):
    """A set of packages cannot be made, or the page that names it is wrong."""


class NotHereError(PlatformError):
    """This machine lacks what a set needs, which is not the set's fault."""


def uv(*words: str, about: str = "") -> str:
    """What a command of uv prints, on both channels.

    Raises
    ------
    PlatformError
        It failed; the message is its own, after what it was about.
    """
    done = subprocess.run([sys.executable, "-m", "uv", *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise PlatformError(f"{about or f'uv {words[0]}'}: {done.stderr.strip()[-1000:]}")
    return done.stdout + done.stderr


def index_answers() -> bool:
    """Whether a package that is surely there can be had now, with nothing from uv's cache."""
    with tempfile.TemporaryDirectory() as place:
        try:
            uv("pip", "install", "--quiet", "--dry-run", "--no-cache", "--no-deps", "--target", place, "pip")
        except PlatformError:
            return False
    return True
