"""Writing files so that nobody finds half of one, and telling whether two are the same."""

import hashlib
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def write_text(path: Path, content: str) -> Path:
    """Write text, making the folder; return the path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, "utf-8")
    return path


def text_if_any(path: Path) -> str | None:
    """The file's text, or None if there is no such file."""
    return path.read_text("utf-8") if path.is_file() else None


@contextmanager
def replacement(path: Path) -> Iterator[Path]:
    """A name beside `path` for a new file, which takes the place of `path` at the end, or is deleted after an error.

    Open it with "x": in a folder that a student has filled, no link is followed then. `path` itself may be a link or
    not; it is replaced.
    """
    draft = path.with_name(f".{secrets.token_hex(8)}.draft")
    try:
        yield draft
        if path.is_file() and not path.is_symlink():
            draft.chmod(stat.S_IMODE(path.stat().st_mode))  # who may read it stays as somebody has set it
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def write_whole(path: Path, content: str) -> None:
    """Write a file so that it is there whole or not at all, even if the machine stops.

    Half of a surrogate pair, which a submission may print but no file can hold, becomes a question mark.
    """
    with replacement(path) as draft, draft.open("x", encoding="utf-8", errors="replace") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def checksum(path: Path) -> str:
    """The SHA-256 of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
