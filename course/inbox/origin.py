"""Where a submission came from, written down to tell later whether another one is newer, and whose grade it is."""

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from course.errors import SubmissionError
from course.text.files import checksum, write_whole

RECORD, STAMP = "collected.json", "timestamp.txt"


@dataclass(frozen=True)
class Origin:
    """Where a submission came from.

    `lms_id` is the system's number of the student, empty if it is only known that a team with this `name` handed in.
    `time` is that of the archive, as text in UTC, or empty; `contents` the checksum of what was collected.
    """

    system: str
    lms_id: str
    name: str
    file: str
    attempt: int
    late: bool
    time: str
    contents: str = ""

    def is_newer(self, other: "Origin") -> bool:
        """Whether this was handed in, or at least downloaded, after the other."""
        if self.system == other.system and self.attempt:
            return self.attempt > other.attempt
        return bool(self.time and other.time) and self.time > other.time


def timestamp_text(time: datetime) -> str:
    """The text of nbgrader's timestamp.txt for a time in UTC."""
    return f"{time:%Y-%m-%d %H:%M:%S} UTC"


def contents(folder: Path) -> str:
    """A checksum of all plain files of a folder with their names, except nbgrader's timestamp.txt."""
    sha256 = hashlib.sha256()
    for current, folders, files in os.walk(folder):
        folders.sort()
        for file in sorted(files):
            path = Path(current, file)
            if path != folder / STAMP and not path.is_symlink() and path.is_file():
                name = path.relative_to(folder).as_posix()
                sha256.update(f"{name}\0{checksum(path)}\0".encode("utf-8", "surrogateescape"))
    return sha256.hexdigest()


def read_record(folder: Path) -> Origin | None:
    """Where the submission in its place came from; None if it was put there by hand.

    Raises
    ------
    SubmissionError
        The record is damaged.
    """
    path = folder / RECORD
    if not path.is_file():
        return None
    try:
        origin = Origin(**json.loads(path.read_text("utf-8")))
        if any(type(value).__name__ != Origin.__annotations__[key].__name__ for key, value in asdict(origin).items()):
            raise TypeError
    except (ValueError, TypeError) as error:
        text = f"{path} is damaged; delete it, and the submission counts as put there by hand"
        raise SubmissionError(text) from error
    return origin


def write_record(folder: Path, origin: Origin) -> None:
    """Write the record, whole or not at all."""
    write_whole(folder / RECORD, json.dumps(asdict(origin), indent=1, ensure_ascii=False))
