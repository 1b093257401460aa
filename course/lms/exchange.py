"""From the inbound folder of nbgrader's exchange to submitted/STUDENT/LAB/.

`nbgrader submit` leaves a folder there, which stays the student's own: anything in it may be a link, a pipe or too
large, and may have been changed since. `nbgrader collect` follows links, stops at the first odd folder, and deletes
what was collected before; so here only plain files are copied, student by student, and the rest is told.
"""

import pwd
import re
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from nbgrader.auth import Authenticator
from nbgrader.coursedir import CourseDirectory
from nbgrader.exchange import ExchangeFactory
from nbgrader.exchange.default import ExchangeCollect
from traitlets.config import Config

from course.config import Course, Lab
from course.errors import CourseError, SubmissionError
from course.inbox.filenames import id_problem, printable_name
from course.inbox.notes import Note
from course.inbox.origin import STAMP, Origin
from course.inbox.places import Placement, Places, collected_root, place_submission
from course.inbox.regular_files import MAX_FILE, plain_files, read_plain_file
from course.lms.collect import Collected
from course.lms.collect_one import Row
from course.lms.unpack import ArchiveLimits
from course.times import TimeError, delay, read_time

NAME = "exchange"
# `nbgrader submit` writes the time first and copies then, which takes a moment.
COPYING_TIME = timedelta(minutes=5)


@dataclass(frozen=True)
class ExchangeFolder:
    """One folder that was handed in, with what its name says; files of a later submission lie in another one."""

    student: str
    time: datetime
    path: Path


def collect_exchange(course: Course, lab: Lab, folder: Path, config: Config) -> Collected:
    """Put the latest submission of every student into `folder`; one row a student, by name.

    Parameters
    ----------
    config
        nbgrader's settings, with the place of the exchange.

    Raises
    ------
    CourseError
        There is no such exchange, or it is not one of folders.
    """
    collector = _collector(config)
    inbound = Path(collector.root) / course.id / "inbound"
    try:
        entries = sorted(inbound.iterdir())
    except OSError as error:
        raise CourseError(
            f"{inbound} cannot be opened ({error.strerror}). `nbgrader release_assignment {lab.name}` makes it; the "
            "exchange's place is `c.Exchange.root` in nbgrader_config.py."
        ) from error
    handed, remarks = list[ExchangeFolder](), list[str]()
    for path in entries:
        try:
            found = _handed(path, lab.name)
        except TimeError as error:
            remarks.append(f"{printable_name(path.name)}: left out; {error}")
            continue
        if found:
            handed.append(found)
    latest = {one.student: one for one in sorted(handed, key=lambda one: (one.time, one.path.name))}
    rows = [_collect(one, lab, folder.resolve(), collector.check_owner) for _, one in sorted(latest.items())]
    return Collected(None, tuple(rows), tuple(remarks))


def _collector(config: Config) -> ExchangeCollect:
    """nbgrader's own collector, not to collect but to ask it for its settings."""
    coursedir, authenticator = CourseDirectory(config=config), Authenticator(config=config)
    kind = ExchangeFactory(config=config).collect
    if not issubclass(kind, ExchangeCollect):
        raise CourseError(
            f"The exchange is one of {kind.__module__}, not a folder: `nbgrader collect`, then grade as usual."
        )
    return kind(coursedir=coursedir, authenticator=authenticator, config=config)


def _handed(path: Path, lab: str) -> ExchangeFolder | None:
    """What the name STUDENT+LAB+TIME or STUDENT+LAB+TIME+RANDOM says; None if it is of another lab."""
    match = re.fullmatch(rf"(?P<student>.+?)\+{re.escape(lab)}\+(?P<time>[^+]+)(\+[^+]*)?", path.name)
    return ExchangeFolder(match["student"], read_time(match["time"]), path) if match else None


def _collect(handed: ExchangeFolder, lab: Lab, folder: Path, check_owner: bool) -> Row:
    """Copy one student's folder to its place, whole or not at all."""
    places = Places(folder, handed.student, lab.name)
    stamp = f"{handed.time:%Y-%m-%d %H:%M:%S.%f} UTC"
    try:
        _refuse(handed, check_owner)
        places.check()
        keep = collected_root(folder, lab.name)
        keep.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".collecting-", dir=keep) as desk:
            new, notes = Path(desk, "new"), list[Note]()
            changed = _copy(handed.path, new, notes)
            (new / STAMP).write_text(stamp, "utf-8")
            origin = Origin(NAME, "", "", handed.path.name, 0, late=False, time=handed.time.isoformat())
            outcome = place_submission(places, new, origin)
    except SubmissionError as error:
        return Row(
            printable_name(handed.student), Placement.REFUSED, printable_name(handed.path.name), remarks=(str(error),)
        )
    except OSError as error:
        reason = f"it could not be copied: {error.strerror or error}"
        return Row(
            printable_name(handed.student), Placement.REFUSED, printable_name(handed.path.name), remarks=(reason,)
        )
    return Row(
        handed.student,
        outcome,
        printable_name(handed.path.name),
        stamp,
        tuple(_remarks(handed, outcome, notes, changed)),
    )


def _remarks(handed: ExchangeFolder, outcome: Placement, notes: Sequence[Note], changed: datetime) -> Iterator[str]:
    if delay(handed.time, changed) > COPYING_TIME:
        yield (
            f"its name says when it was handed in, but files in it were written until {changed:%Y-%m-%d %H:%M:%S} UTC: "
            "the student did that, or the exchange was copied"
        )
    if outcome is Placement.KEPT:
        yield "another submission is there that is as new, or was put there in another way; delete it to take this one"
    yield from (f"{note.where}: {note.text}" for note in notes)


def _refuse(handed: ExchangeFolder, check_owner: bool) -> None:
    """Raise `SubmissionError` for what cannot be the student's."""
    if reason := id_problem(handed.student):
        raise SubmissionError(f"the student's name is not possible: {reason}")
    if handed.path.is_symlink() or not handed.path.is_dir():
        raise SubmissionError("it is no folder")
    if check_owner and (owner := _owner(handed.path)) != handed.student:
        raise SubmissionError(
            f"it belongs to the user {owner}, who is not {handed.student}. Where students are no users of the machine, "
            "say so in nbgrader_config.py: c.ExchangeCollect.check_owner = False"
        )


def _owner(path: Path) -> str:
    number = path.stat().st_uid
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:  # a user who has been deleted
        return str(number)


def _copy(source: Path, target: Path, notes: list[Note]) -> datetime:
    """Copy the plain files of a folder; return when the last of them was written, as the file system knows it.

    A student can set a file's time of modification, but not that of its last change of any kind.
    """
    limits = ArchiveLimits()
    room, last = limits.student, source.stat().st_ctime
    for path, about in plain_files(source, notes):
        data = read_plain_file(source / path, min(MAX_FILE, room) + 1)
        room -= len(data)
        if room < 0:
            raise SubmissionError(f"it is larger than {limits.student // 2**20} MiB")
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        (target / path).write_bytes(data)
        last = max(last, about.st_ctime)
    target.mkdir(exist_ok=True)
    return datetime.fromtimestamp(last, UTC)
