"""One student's files of an archive: which is the notebook, which go along, and which are set aside."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from course.config import Lab
from course.errors import EntryError, SubmissionError
from course.inbox.companion_files import place_beside
from course.inbox.filenames import flat_name, folded, printable_name
from course.inbox.origin import STAMP, Origin, timestamp_text
from course.inbox.places import Placement, Places, collected_root, keep_beside, place_submission
from course.inbox.systems import System
from course.lms.choose_notebook import NOTEBOOK, is_notebook, rank, unnumbered, why_set_aside
from course.lms.teams import FileOwner
from course.lms.unpack import Archive, unpack
from course.lms.uploads import UploadedFile, named_after_lab

NAME_CLASH = "some systems take its name for that of another file"


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
    times_trusted: bool  # whether the archive's times are those of handing in
    share: int  # bytes
    file_owner: FileOwner


@dataclass
class _Workspace:
    """Where a student's files are unpacked, and how many bytes more may be."""

    bundle: Bundle
    folder: Path
    bytes_left: int
    remarks: list[str] = field(default_factory=list)
    set_aside: list[tuple[Path, str]] = field(default_factory=list)

    def unpack(self, upload: UploadedFile, target: Path) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        self.bytes_left -= unpack(self.bundle.archive, upload.entry, target, self.bytes_left)

    def put_aside(self, upload: UploadedFile, reason: str) -> None:
        target = self.folder / f"aside-{len(self.set_aside)}"
        try:
            self.unpack(upload, target)
        except EntryError as error:
            self.remarks.append(f"{printable_name(str(upload.file))} not unpacked: {error}")
            return
        self.set_aside.append((target, flat_name(upload.file)))
        self.remarks.append(f"{printable_name(str(upload.file))} set aside: {reason}")

    def store_set_aside(self) -> None:
        for path, name in self.set_aside:
            keep_beside(self.bundle.places, path, name)
        self.set_aside = []


def collect_one(bundle: Bundle) -> Row:
    """Put one student's submission in its place, whole or not at all.

    A file beside the notebook that cannot be unpacked is left out; the notebook that counts must be whole.
    """
    student = bundle.places.student
    try:
        bundle.places.check()
        root = collected_root(bundle.places.folder, bundle.lab.name)
        root.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".collecting-", dir=root) as folder:
            return _collect(bundle, _Workspace(bundle, Path(folder), bundle.share))
    except SubmissionError as error:
        return Row(student, Placement.REFUSED, remarks=(str(error),))
    except OSError as error:
        reason = f"it could not be written: {error.strerror or error}"
        return Row(student, Placement.REFUSED, remarks=(reason,))


def _collect(bundle: Bundle, workspace: _Workspace) -> Row:
    places, name = bundle.places, f"{bundle.lab.name}{NOTEBOOK}"
    notebooks = sorted(
        filter(is_notebook, bundle.files),
        key=lambda upload: rank(upload, bundle.lab.name, bundle.times_trusted),
        reverse=True,
    )
    max_files = bundle.archive.limits.files
    if not notebooks:
        for upload in bundle.files[:max_files]:
            workspace.put_aside(upload, "not a notebook")
        workspace.store_set_aside()
        return Row(places.student, Placement.REFUSED, remarks=("no notebook", *workspace.remarks))
    chosen, new_folder = notebooks[0], workspace.folder / "new"
    file = printable_name(str(chosen.file))
    try:
        workspace.unpack(chosen, new_folder / name)
    except EntryError as error:
        return Row(places.student, Placement.REFUSED, file, remarks=(f"{file} not unpacked: {error}",))
    if not named_after_lab(chosen.file, bundle.lab.name):
        workspace.remarks.append(f"{file} is not named after the lab")
    if bundle.file_owner.team:
        others = ", ".join(bundle.file_owner.others) or "nobody else"
        workspace.remarks.append(f"handed in by the team “{printable_name(bundle.file_owner.team)}”, with {others}")
    for upload in notebooks[1:max_files]:
        workspace.put_aside(upload, f"{file} counts")
    _unpack_companions(bundle, workspace, new_folder, chosen.file)
    time = chosen.entry.time
    if bundle.times_trusted and time:
        (new_folder / STAMP).write_text(timestamp_text(time), "utf-8")
    origin = Origin(
        system=bundle.system,
        lms_id=chosen.owner if bundle.file_owner.is_own else "",
        name=chosen.name,
        file=str(chosen.entry.path),
        attempt=chosen.attempt,
        late=chosen.late,
        time=time.isoformat(timespec="seconds") if time else "",
    )
    workspace.store_set_aside()
    outcome = place_submission(places, new_folder, origin)
    if chosen.late:
        time_known = (places.submitted / STAMP).exists()  # an earlier submission's time went away with it
        consequence = "" if time_known else "; when is not known"
        workspace.remarks.insert(0, f"late, says {bundle.system.title()}{consequence}")
    if outcome is Placement.NOT_TAKEN:
        workspace.set_aside.append((new_folder / name, flat_name(chosen.file)))
        workspace.remarks.append(
            f"another submission is there that is as new; delete {places.submitted} to take this one"
        )
        workspace.store_set_aside()
    return Row(
        places.student,
        outcome,
        file,
        timestamp_text(time) if bundle.times_trusted and time else "",
        tuple(workspace.remarks),
    )


def _unpack_companions(bundle: Bundle, workspace: _Workspace, new_folder: Path, notebook: PurePosixPath) -> None:
    """Unpack what was handed in beside the notebook of this name, to where the notebook looks for it."""
    files, folders = {folded(f"{bundle.lab.name}{NOTEBOOK}"), folded(STAMP)}, set[str]()
    others = [upload for upload in bundle.files if not is_notebook(upload)]
    max_files = bundle.archive.limits.files
    unpacked: list[tuple[UploadedFile, PurePosixPath]] = []
    for upload in others[:max_files]:
        path = place_beside(upload.file, notebook)
        parents = {folded(folder) for folder in path.parents if folder.name}
        clash = folded(path) in files | folders or parents & files
        if reason := why_set_aside(path) or (NAME_CLASH if clash else None):
            workspace.put_aside(upload, reason)
            continue
        try:
            workspace.unpack(upload, new_folder / path)
            unpacked.append((upload, path))
        except EntryError as error:
            workspace.remarks.append(f"{printable_name(str(upload.file))} not unpacked: {error}")
        files.add(folded(path))
        folders |= parents
    if len(others) > max_files:
        workspace.remarks.append(f"{len(others) - max_files} files not unpacked: only {max_files} of a student are")
    if bundle.system is System.CANVAS:
        _add_unnumbered_copies(workspace, new_folder, unpacked, files | folders)


def _add_unnumbered_copies(
    workspace: _Workspace, new_folder: Path, unpacked: Sequence[tuple[UploadedFile, PurePosixPath]], taken: set[str]
) -> None:
    """Put files that Canvas numbered also where the notebook looks for them, under the names that the student gave."""
    for upload, path in sorted(unpacked, key=lambda pair: str(pair[1]), reverse=True):  # of several the highest number
        name = unnumbered(path)
        if not name or folded(name) in taken or why_set_aside(name):
            continue
        try:
            workspace.unpack(upload, new_folder / name)
        except EntryError as error:
            workspace.remarks.append(f"{printable_name(str(name))} not unpacked: {error}")
            continue
        taken.add(folded(name))
        workspace.remarks.append(
            f"{printable_name(str(path))} is there as {printable_name(name.name)}, too, as Canvas numbers what comes "
            "again"
        )
