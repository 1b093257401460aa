"""Putting one student's submission in its place: all of it or nothing, and nothing is lost on the way.

FOLDER/submitted/STUDENT/LAB/                              what is graded
FOLDER/downloaded/LAB/collected/STUDENT/collected.json     where it came from
FOLDER/downloaded/LAB/collected/STUDENT/replaced-1/        what lay in its place before
FOLDER/downloaded/LAB/collected/STUDENT/aside/             what was handed in beside it and is not graded
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from course.errors import SubmissionError
from course.inbox.filenames import folded
from course.inbox.origin import STAMP, Origin, contents, read_record, write_record
from course.text.files import checksum


class Placement(StrEnum):
    """What became of a submission."""

    NEW = "new"
    REPLACED = "replaced"
    SAME = "as before"
    NOT_TAKEN = "not taken"
    REFUSED = "not collected"


@dataclass(frozen=True)
class Places:
    """Where everything of one student and lab lies, below a folder whose path holds no links."""

    folder: Path
    student: str
    lab: str

    @property
    def submitted(self) -> Path:
        """What is graded."""
        return self.folder / "submitted" / self.student / self.lab

    @property
    def collected(self) -> Path:
        """What is not graded, and the record of where the submission came from."""
        return collected_root(self.folder, self.lab) / self.student

    def check(self) -> None:
        """Refuse places that are not in the folder, or that another student has on a system that ignores case.

        Raises
        ------
        SubmissionError
            The message says which, and what to do.
        """
        for path in (self.submitted, self.collected):
            if path.resolve() != path:
                raise SubmissionError(f"{path} leads over a link to {path.resolve()}; delete the link")
            if path.exists() and not path.is_dir():
                raise SubmissionError(f"{path} is a file; move it away")
        for parent in (self.submitted.parent.parent, self.collected.parent):
            names = [other.name for other in parent.iterdir()] if parent.is_dir() else []
            twins = [name for name in names if name != self.student and folded(name) == folded(self.student)]
            if twins:
                raise SubmissionError(f"{parent / twins[0]} is there, which some systems take for {self.student}")


def collected_root(folder: Path, lab: str) -> Path:
    """Where collecting keeps what is not graded."""
    return folder / "downloaded" / lab / "collected"


def collected_origins(folder: Path, lab: str) -> Iterator[tuple[str, Origin]]:
    """Each student of whom a submission was collected and still lies in its place, with where it came from.

    A damaged record is passed over here: who collects or exports that student's submission is told.
    """
    for collected in sorted(collected_root(folder, lab).glob("[!.]*/")):
        places = Places(folder, collected.name, lab)
        try:
            origin = read_record(places.collected)
        except SubmissionError:
            continue
        if origin and places.submitted.is_dir():
            yield collected.name, origin


def place_submission(places: Places, new: Path, origin: Origin) -> Placement:
    """Move the folder `new` to its place, unless what lies there is as new; what it replaces is kept."""
    target, before = places.submitted, read_record(places.collected)
    origin = replace(origin, contents=contents(new))
    places.collected.mkdir(parents=True, exist_ok=True)
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        new.rename(target)
        write_record(places.collected, origin)
        return Placement.NEW
    if origin.contents == contents(target) or (before and origin.contents == before.contents):
        # Nothing new; what an instructor has put right in the meantime stays.
        if (new / STAMP).is_file() and not (target / STAMP).exists():
            (new / STAMP).rename(target / STAMP)
        if before is None or origin.is_newer(before):
            write_record(places.collected, origin)
        return Placement.SAME
    if before is None or not origin.is_newer(before):
        return Placement.NOT_TAKEN
    old = next(path for path in _numbered_paths(places.collected, "replaced") if not path.exists())
    target.rename(old)
    try:
        new.rename(target)
    except OSError:
        old.rename(target)
        raise
    write_record(places.collected, origin)
    return Placement.REPLACED


def _numbered_paths(folder: Path, name: str) -> Iterator[Path]:
    number = 0
    while True:
        number += 1
        yield folder / f"{name}-{number}"


def keep_beside(places: Places, file: Path, name: str) -> Path:
    """Keep a file beside the submission under this name, or under the next free one; the same file only once."""
    aside = places.collected / "aside"
    aside.mkdir(parents=True, exist_ok=True)
    stem, dot, suffix = name.rpartition(".")
    number = 1
    path = aside / name
    while path.exists() or path.is_symlink():
        if path.is_file() and not path.is_symlink() and checksum(path) == checksum(file):
            file.unlink()
            return path
        number += 1
        path = aside / (f"{stem} ({number}).{suffix}" if dot and stem else f"{name} ({number})")
    file.rename(path)
    return path
