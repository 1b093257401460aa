"""Which of a student's notebooks counts, and which files must not lie beside it."""

import re
from pathlib import PurePosixPath

from course.inbox.filenames import folded, why_unportable
from course.inbox.origin import STAMP
from course.inbox.regular_files import names_notebook
from course.lms.uploads import UploadedFile, named_after_lab

NOTEBOOK = ".ipynb"
NUMBERED = re.compile(r"(?P<stem>.+)-\d{1,3}")  # Canvas's names for the files of a second upload, and of further ones
ARCHIVE_SUFFIXES = (".zip", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar", ".tar", ".zst")


def is_notebook(upload: UploadedFile) -> bool:
    """By its name; whether it can be read shows when it is graded."""
    return names_notebook(upload.file.name)


def rank(upload: UploadedFile, lab: str, trusted: bool) -> tuple[bool, bool, int, str, int, str]:
    """What makes a notebook count before others: lab's name, a plain ending, the latest upload, the highest number."""
    time = upload.entry.time.isoformat() if trusted and upload.entry.time else ""
    number = re.search(r"(?:-|\()(\d{1,9})\)?$", upload.file.stem)
    ending = upload.file.suffix.casefold() == NOTEBOOK
    return (
        named_after_lab(upload.file, lab),
        ending,
        upload.attempt,
        time,
        int(number[1]) if number else 0,
        str(upload.file),
    )


def unnumbered(file: PurePosixPath) -> PurePosixPath | None:
    """The name that a file had before Canvas numbered it, mytools.py of mytools-1.py; None if it is not numbered."""
    match = NUMBERED.fullmatch(file.stem)
    return file.with_name(f"{match['stem']}{file.suffix}") if match else None


def why_set_aside(file: PurePosixPath) -> str | None:
    """Why a file must not lie beside the notebook, or None."""
    if file.suffix.casefold() in ARCHIVE_SUFFIXES:
        return "an archive in the archive"
    if folded(file) == folded(STAMP):
        return "nbgrader would take it for the time of handing in"
    if any(part.startswith(".") for part in file.parts):
        return "its name begins with a dot"
    return why_unportable(file)
