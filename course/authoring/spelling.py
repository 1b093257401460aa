"""Misspelt words in labs, by codespell, with its settings in pyproject.toml."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from course.config import Course, Lab
from course.errors import BuildError

_MISSPELT = 65  # the exit code of codespell if it found something (EX_DATAERR)


def misspelt_words(course: Course, labs: Sequence[Lab]) -> list[str]:
    """Each misspelt word of the labs' sources, as codespell names it: file, line, the word and what it may be.

    Raises
    ------
    BuildError
        codespell did not work.
    """
    if not labs:
        return []  # codespell would look at the whole folder
    sources = [str(course.source(lab).relative_to(course.root)) for lab in labs]
    settings = Path("pyproject.toml")
    options = ["--toml", str(settings)] if (course.root / settings).is_file() else []
    command = [sys.executable, "-m", "codespell_lib", *options, "--quiet-level", "3", "--disable-colors", *sources]
    done = subprocess.run(command, cwd=course.root, capture_output=True, text=True, check=False)
    if done.returncode not in (0, _MISSPELT):
        raise BuildError(f"Spelling could not be checked: {(done.stderr or done.stdout).strip()}")
    return done.stdout.splitlines()
