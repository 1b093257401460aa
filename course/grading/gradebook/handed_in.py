"""When a submission was handed in, as far as that is known."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from course.errors import SubmissionError
from course.inbox.companion_files import TIMESTAMP
from course.inbox.origin import contents, read_record
from course.inbox.regular_files import read_plain_file
from course.text.times import TimeError, read_time

_MOST_BYTES = 200


@dataclass(frozen=True)
class HandedIn:
    """The time in UTC if it is known, whether a system marked it as late, and what an instructor has to correct."""

    time: datetime | None = None
    marked_late: bool = False
    problem: str = ""


def read_handed_in(submitted: Path, collected: Path) -> HandedIn:
    """When a submission was handed in.

    Parameters
    ----------
    submitted
        Its folder; timestamp.txt in it says when.
    collected
        The folder where collecting noted from which archive it came, and whether that marked it as late.
    """
    path = submitted / TIMESTAMP
    if submitted.is_symlink() or submitted.parent.is_symlink() or not submitted.is_dir():
        return HandedIn()
    if not path.exists() and not path.is_symlink():
        return HandedIn(marked_late=_marked_late(submitted, collected))
    try:
        return HandedIn(read_time(read_plain_file(path, _MOST_BYTES).decode("utf-8-sig", "replace")))
    except (TimeError, SubmissionError) as error:
        return HandedIn(problem=f"{TIMESTAMP}: {error} Nothing is taken off for being late until it is put right.")


def _marked_late(submitted: Path, collected: Path) -> bool:
    """Whether the system from which this very submission was collected called it late."""
    try:
        record = read_record(collected)
    except SubmissionError:
        return False  # `course collect` says what to do about a damaged record
    return bool(record and record.late and record.contents == contents(submitted))
