"""uv, by which packages are resolved and installed, and other people's tools are run."""

import subprocess
import sys

from course.errors import CourseError


class PlatformError(CourseError):
    """A set of packages cannot be made, or the page that names it is wrong."""


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
