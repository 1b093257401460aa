"""One student's files of an archive: which is the notebook, which go along, and which are set aside."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from course.config import Lab
from course.errors import EntryError, SubmissionError
from course.inbox.companion_files import place_beside
from course.inbox.filenames import flattened, folded, printable_name
from course.inbox.origin import STAMP, Origin
from course.inbox.places import Placement, Places, collected_root, keep_beside, place_submission
from course.inbox.systems import System
from course.lms.choose_notebook import NOTEBOOK, is_notebook, rank, unnumbered, why_set_aside
from course.lms.teams import FileOwner
from course.lms.unpack import Archive, unpack
from course.lms.uploads import UploadedFile, named_after_lab
from course.lms.zip_entry import timestamp_text

TWIN = "some systems take its name for that of another file"


@dataclass(frozen=True)
class Row:
    """What became of one student's submission; `student` is the course's id, or who it is if there is none."""

    student: str
    outcome: Placement
    file: str = ""
    time: str = ""
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Bundle:
    """All files of one student, and what is common to the students of an archive."""

    archive: Archive
    system: System
    lab: Lab
    places: Places
    files: Sequence[UploadedFile]
    trusted: bool  # whether the archive's times are those of handing in
    share: int  # bytes
    whose: FileOwner


@dataclass
class _Desk:
    """Where a student's files are unpacked, and how much may still be."""

    bundle: Bundle
    folder: Path
    room: int
    remarks: list[str] = field(default_factory=list)
    aside: list[tuple[Path, str]] = field(default_factory=list)

    def unpack(self, one: UploadedFile, target: Path) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        self.room -= unpack(self.bundle.archive, one.entry, target, self.room)

    def put_aside(self, one: UploadedFile, reason: str) -> None:
        target = self.folder / f"aside-{len(self.aside)}"
        try:
            self.unpack(one, target)
        except EntryError as error:
            self.remarks.append(f"{printable_name(str(one.file))} not unpacked: {error}")
            return
        self.aside.append((target, flattened(one.file)))
        self.remarks.append(f"{printable_name(str(one.file))} set aside: {reason}")

    def clear(self) -> None:
        for path, name in self.aside:
            keep_beside(self.bundle.places, path, name)
        self.aside = []


def collect_one(bundle: Bundle) -> Row:
    """Put one student's submission in its place, whole or not at all.

    A file beside the notebook that cannot be unpacked is left out; the notebook that counts must be whole.
    """
    student = bundle.places.student
    try:
        bundle.places.check()
        keep = collected_root(bundle.places.folder, bundle.lab.name)
        keep.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".collecting-", dir=keep) as folder:
            return _collect(bundle, _Desk(bundle, Path(folder), bundle.share))
    except SubmissionError as error:
        return Row(student, Placement.REFUSED, remarks=(str(error),))
    except OSError as error:
        reason = f"it could not be written: {error.strerror or error}"
        return Row(student, Placement.REFUSED, remarks=(reason,))


def _collect(bundle: Bundle, desk: _Desk) -> Row:
    places, name = bundle.places, f"{bundle.lab.name}{NOTEBOOK}"
    notebooks = sorted(
        filter(is_notebook, bundle.files), key=lambda one: rank(one, bundle.lab.name, bundle.trusted), reverse=True
    )
    most = bundle.archive.limits.files
    if not notebooks:
        for one in bundle.files[:most]:
            desk.put_aside(one, "not a notebook")
        desk.clear()
        return Row(places.student, Placement.REFUSED, remarks=("no notebook", *desk.remarks))
    chosen, new = notebooks[0], desk.folder / "new"
    file = printable_name(str(chosen.file))
    try:
        desk.unpack(chosen, new / name)
    except EntryError as error:
        return Row(places.student, Placement.REFUSED, file, remarks=(f"{file} not unpacked: {error}",))
    if not named_after_lab(chosen.file, bundle.lab.name):
        desk.remarks.append(f"{file} is not named after the lab")
    if bundle.whose.team:
        others = ", ".join(bundle.whose.others) or "nobody else"
        desk.remarks.append(f"handed in by the team “{printable_name(bundle.whose.team)}”, with {others}")
    for one in notebooks[1:most]:
        desk.put_aside(one, f"{file} counts")
    _along(bundle, desk, new, chosen.file)
    time = chosen.entry.time
    if bundle.trusted and time:
        (new / STAMP).write_text(timestamp_text(time), "utf-8")
    origin = Origin(
        system=bundle.system,
        lms_id=chosen.owner if bundle.whose.is_own else "",
        name=chosen.name,
        file=str(chosen.entry.path),
        attempt=chosen.attempt,
        late=chosen.late,
        time=time.isoformat(timespec="seconds") if time else "",
    )
    desk.clear()
    outcome = place_submission(places, new, origin)
    if chosen.late:
        known = (places.submitted / STAMP).exists()  # an earlier submission's time went away with it
        unknown = "" if known else "; the time is not known, so nothing is taken off for each day"
        desk.remarks.insert(0, f"late, says {bundle.system.title()}{unknown}")
    if outcome is Placement.KEPT:
        desk.aside.append((new / name, flattened(chosen.file)))
        desk.remarks.append(f"another submission is there that is as new; delete {places.submitted} to take this one")
        desk.clear()
    return Row(
        places.student, outcome, file, timestamp_text(time) if bundle.trusted and time else "", tuple(desk.remarks)
    )


def _along(bundle: Bundle, desk: _Desk, new: Path, notebook: PurePosixPath) -> None:
    """Unpack what was handed in beside the notebook of this name, so that it finds what it found before."""
    files, folders = {folded(f"{bundle.lab.name}{NOTEBOOK}"), folded(STAMP)}, set[str]()
    others = [one for one in bundle.files if not is_notebook(one)]
    most = bundle.archive.limits.files
    placed: list[tuple[UploadedFile, PurePosixPath]] = []
    for one in others[:most]:
        path = place_beside(one.file, notebook)
        above = {folded(folder) for folder in path.parents if folder.name}
        clash = folded(path) in files | folders or above & files
        if reason := why_set_aside(path) or (TWIN if clash else None):
            desk.put_aside(one, reason)
            continue
        try:
            desk.unpack(one, new / path)
            placed.append((one, path))
        except EntryError as error:
            desk.remarks.append(f"{printable_name(str(one.file))} not unpacked: {error}")
        files.add(folded(path))
        folders |= above
    if len(others) > most:
        desk.remarks.append(f"{len(others) - most} files not unpacked: only {most} of a student are")
    if bundle.system is System.CANVAS:
        _without_numbers(desk, new, placed, files | folders)


def _without_numbers(
    desk: _Desk, new: Path, placed: Sequence[tuple[UploadedFile, PurePosixPath]], taken: set[str]
) -> None:
    """Put files that Canvas numbered also where the notebook looks for them, under the names that the student gave."""
    for one, path in sorted(placed, key=lambda pair: str(pair[1]), reverse=True):  # of several the highest number
        name = unnumbered(path)
        if not name or folded(name) in taken or why_set_aside(name):
            continue
        try:
            desk.unpack(one, new / name)
        except EntryError as error:
            desk.remarks.append(f"{printable_name(str(name))} not unpacked: {error}")
            continue
        taken.add(folded(name))
        desk.remarks.append(
            f"{printable_name(str(path))} is there as {printable_name(name.name)}, too, as Canvas numbers what comes "
            "again"
        )
