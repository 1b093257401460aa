"""Plain files below an untrusted folder: no link is followed, and no pipe or device is opened."""

import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from course.errors import SubmissionError
from course.inbox.notes import Note, printable

MAX_FILE = 100 * 2**20  # bytes
MAX_ENTRIES = 500
MAX_DEPTH = 8

# Left out without a note: what operating systems and Jupyter add on their own.
CLUTTER = re.compile(r"\.ipynb_checkpoints|__pycache__|__MACOSX|\._.*|\.DS_Store|Thumbs\.db|desktop\.ini")


def names_notebook(name: str) -> bool:
    """Whether a file of this name is meant to be a notebook; browsers add endings, lab.ipynb.json or lab.ipynb.txt."""
    return ".ipynb" in name.lower()


def read_plain_file(path: Path, limit: int) -> bytes:
    """At most `limit` bytes of a plain file; a link is not followed, and a pipe or device is not waited for.

    Raises
    ------
    SubmissionError
        It is not a plain file, or it cannot be opened.
    """
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise SubmissionError(f"{printable(path.name)} is not a plain file. Hand in the file itself.")
            return file.read(limit)
    except OSError as error:
        raise SubmissionError(f"{printable(path.name)} cannot be opened ({error.strerror}).") from error


def plain_files(folder: Path, notes: list[Note]) -> Iterator[tuple[PurePosixPath, os.stat_result]]:
    """All plain files below the folder, by path; adds notes on everything else."""
    pending, count = [PurePosixPath()], 0
    while pending:
        subfolder = pending.pop()
        try:
            entries = sorted(os.scandir(folder / subfolder), key=_notebooks_first)
        except OSError as error:
            notes.append(left_out_note(subfolder, f"it cannot be opened ({error.strerror})"))
            continue
        for entry in entries:
            path = subfolder / entry.name
            if CLUTTER.fullmatch(entry.name):
                continue
            count += 1
            if count > MAX_ENTRIES:
                notes.append(Note("left-out", "folder", f"Of its files only {MAX_ENTRIES} are used.", review=True))
                return
            try:
                status = entry.stat(follow_symlinks=False)
            except OSError as error:  # the folder may be listed and not entered, or the file has just gone
                notes.append(left_out_note(path, f"it cannot be opened ({error.strerror})"))
                continue
            if reason := _unusable(path, status):
                notes.append(left_out_note(path, reason))
            elif stat.S_ISDIR(status.st_mode):
                pending.append(path)
            elif not os.access(entry.path, os.R_OK):
                notes.append(left_out_note(path, "its permissions forbid to read it"))
            else:
                yield path, status


def _notebooks_first(entry: os.DirEntry[str]) -> tuple[bool, str]:
    """The order of files, in which a notebook is not among those beyond the limit."""
    return not names_notebook(entry.name), entry.name


def _unusable(path: PurePosixPath, status: os.stat_result) -> str | None:
    if stat.S_ISLNK(status.st_mode):
        return "it is a symbolic link, not a file"
    if stat.S_ISDIR(status.st_mode):
        return "folders are nested too deeply" if len(path.parts) > MAX_DEPTH else None
    if not stat.S_ISREG(status.st_mode):
        return "it is a device or a pipe, not a file"
    if status.st_size > MAX_FILE:
        return f"it is larger than {MAX_FILE // 2**20} MiB"
    return None


def left_out_note(path: PurePosixPath, reason: str, review: bool = False) -> Note:
    """The note on a file that is not used."""
    return Note("left-out", printable(str(path)), f"It was left out: {reason}.", review)
