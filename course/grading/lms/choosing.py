"""Of what a student handed in: which notebook counts, and what must not lie beside it."""

import re
from pathlib import PurePosixPath

from course.grading.lms.filenames import folded, unportable
from course.grading.lms.lms import Handed, like
from course.grading.lms.origin import STAMP

NOTEBOOK = ".ipynb"
PACKED = (".zip", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar", ".tar", ".zst")


def is_notebook(one: Handed) -> bool:
    """By its name; whether it can be read is for the grading to tell."""
    return one.file.suffix.casefold() == NOTEBOOK


def rank(one: Handed, lab: str, trusted: bool) -> tuple[bool, int, str, int, str]:
    """What makes a notebook count before others: the lab's name, then the latest upload, then the highest number."""
    time = one.entry.time.isoformat() if trusted and one.entry.time else ""
    number = re.search(r"(?:-|\()(\d{1,9})\)?$", one.file.stem)
    return like(one.file, lab), one.attempt, time, int(number[1]) if number else 0, str(one.file)


def must_stay(file: PurePosixPath) -> str | None:
    """Why a file must not lie beside the notebook, or None."""
    if file.suffix.casefold() in PACKED:
        return "an archive in the archive"
    if folded(file) == folded(STAMP):
        return "nbgrader would take it for the time of handing in"
    if any(part.startswith(".") for part in file.parts):
        return "its name begins with a dot"
    return unportable(file)
