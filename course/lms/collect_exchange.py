"""From the inbound folder of nbgrader's exchange to submitted/STUDENT/LAB/.

`nbgrader submit` leaves a folder there, which stays the student's own: anything in it may be a link, a pipe or too
large, and may have been changed since. `nbgrader collect` follows links, stops at the first odd folder, and deletes
what was collected before; so here only plain files are copied, student by student, and everything else is reported.
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
from course.text.times import TimeError, delay, read_time

_NAME = "exchange"
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
        There is no such exchange, or it is not a folder.
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
    submissions, remarks = list[ExchangeFolder](), list[str]()
    for path in entries:
        try:
            submission = _parse_name(path, lab.name)
        except TimeError as error:
            remarks.append(f"{printable_name(path.name)}: left out; {error}")
            continue
        if submission:
            submissions.append(submission)
    submissions.sort(key=lambda submission: (submission.time, submission.path.name))
    problems = [_problem(submission, collector.check_owner) for submission in submissions]
    latest = {one.student: one for one, problem in zip(submissions, problems, strict=True) if not problem}
    rows = {student: _collect(submission, lab, folder.resolve()) for student, submission in latest.items()}
    for submission, problem in zip(submissions, problems, strict=True):
        if problem and submission.student in latest:  # nobody's folder hides that of the student whose name it has
            remarks.append(f"{printable_name(submission.path.name)}: left out; {problem}")
        elif problem:
            rows[submission.student] = _refusal(submission, problem)
    return Collected(None, tuple(row for _, row in sorted(rows.items())), tuple(remarks))


def _collector(config: Config) -> ExchangeCollect:
    """nbgrader's own collector, of which only the settings are used."""
    coursedir, authenticator = CourseDirectory(config=config), Authenticator(config=config)
    collector = ExchangeFactory(config=config).collect
    if not issubclass(collector, ExchangeCollect):
        raise CourseError(
            f"The exchange is one of {collector.__module__}, not a folder: `nbgrader collect`, then grade as usual."
        )
    return collector(coursedir=coursedir, authenticator=authenticator, config=config)


def _parse_name(path: Path, lab: str) -> ExchangeFolder | None:
    """What the name STUDENT+LAB+TIME or STUDENT+LAB+TIME+RANDOM says; None if it is of another lab."""
    match = re.fullmatch(rf"(?P<student>.+?)\+{re.escape(lab)}\+(?P<time>[^+]+)(\+[^+]*)?", path.name)
    return ExchangeFolder(match["student"], read_time(match["time"]), path) if match else None


def _collect(submission: ExchangeFolder, lab: Lab, folder: Path) -> Row:
    """Copy one student's folder to its place, whole or not at all."""
    places = Places(folder, submission.student, lab.name)
    stamp = f"{submission.time:%Y-%m-%d %H:%M:%S.%f} UTC"
    try:
        places.check()
        root = collected_root(folder, lab.name)
        root.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".collecting-", dir=root) as scratch:
            new_folder, notes = Path(scratch, "new"), list[Note]()
            last_change = _copy(submission.path, new_folder, notes)
            (new_folder / STAMP).write_text(stamp, "utf-8")
            origin = Origin(_NAME, "", "", submission.path.name, 0, late=False, time=submission.time.isoformat())
            outcome = place_submission(places, new_folder, origin)
    except SubmissionError as error:
        return _refusal(submission, str(error))
    except OSError as error:
        return _refusal(submission, f"it could not be copied: {error.strerror or error}")
    return Row(
        submission.student,
        outcome,
        printable_name(submission.path.name),
        stamp,
        tuple(_remarks(submission, outcome, notes, last_change)),
    )


def _remarks(
    submission: ExchangeFolder, outcome: Placement, notes: Sequence[Note], last_change: datetime
) -> Iterator[str]:
    if delay(submission.time, last_change) > COPYING_TIME:
        yield (
            f"its name says when it was handed in, but files in it were written until "
            f"{last_change:%Y-%m-%d %H:%M:%S} UTC: the student did that, or the exchange was copied"
        )
    if outcome is Placement.NOT_TAKEN:
        yield "another submission is there that is as new, or was put there in another way; delete it to take this one"
    yield from (f"{note.where}: {note.text}" for note in notes)


def _refusal(submission: ExchangeFolder, reason: str) -> Row:
    """The row of a student whose folder is not collected."""
    name = printable_name(submission.student)
    return Row(name, Placement.REFUSED, printable_name(submission.path.name), remarks=(reason,))


def _problem(submission: ExchangeFolder, check_owner: bool) -> str:
    """Why a folder cannot be the student's; empty if it can."""
    if reason := id_problem(submission.student):
        return f"the student's name is not possible: {reason}"
    if submission.path.is_symlink() or not submission.path.is_dir():
        return "it is no folder"
    if check_owner and (owner := _owner(submission.path)) != submission.student:
        return (
            f"it belongs to the user {owner}, who is not {submission.student}. Where students are no users of the "
            "machine, say so in nbgrader_config.py: c.ExchangeCollect.check_owner = False"
        )
    return ""


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
    bytes_left, last_change = limits.student, source.stat().st_ctime
    for path, status in plain_files(source, notes):
        data = read_plain_file(source / path, min(MAX_FILE, bytes_left) + 1)
        bytes_left -= len(data)
        if bytes_left < 0:
            raise SubmissionError(f"it is larger than {limits.student // 2**20} MiB")
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        (target / path).write_bytes(data)
        last_change = max(last_change, status.st_ctime)
    target.mkdir(exist_ok=True)
    return datetime.fromtimestamp(last_change, UTC)
