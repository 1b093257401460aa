"""Who handed in which file of a submission archive, read from its names."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from traitlets.config import Config

from course.errors import ArchiveError
from course.inbox.filenames import printable_name, refusal
from course.inbox.regular_files import CLUTTER
from course.inbox.systems import System
from course.lms.name_patterns import COLLECTORS, LmsCollector, MoodleCollector
from course.lms.zip_entry import ZipEntry

# Moodle's name for what those handed in who are in no team, all together; it has no number.
TEAMLESS = re.compile(r"[^/_]+_assignsubmission_[a-z]+(_?/|_).+")
# Where a student's number may stand in a name of a Canvas quiz.
QUIZ_NUMBER = re.compile(r"(?<![0-9])(?=([1-9][0-9]{0,19})_question_[0-9]+_[0-9]+_)")


@dataclass(frozen=True)
class UploadedFile:
    """One file that was handed in: by whom, under which name, and what the system says about it."""

    entry: ZipEntry
    owner: str  # the system's number of the student; Moodle's is another one in every assignment
    name: str
    file: PurePosixPath
    attempt: int
    late: bool
    in_quiz: bool = False


def read_uploads(
    entries: Sequence[ZipEntry], system: System | None, config: Config | None = None
) -> tuple[System, list[UploadedFile], list[str]]:
    """Recognise the system; return it, the files handed in, and the names of another form.

    Raises
    ------
    ArchiveError
        No system was given, and the names fit none or two of them equally.
    """
    entries = _without_wrapper([entry for entry in entries if not any(map(CLUTTER.fullmatch, entry.path.parts))])
    collectors = {
        kind: [collector(config=config) for collector in COLLECTORS[kind]] for kind in ([system] if system else System)
    }
    parsed = {kind: [_parse_name(entry, possible) for entry in entries] for kind, possible in collectors.items()}
    counts = Counter({kind: sum(1 for upload in files if upload) for kind, files in parsed.items()})
    (best, count), *others = counts.most_common()
    if not system and (count == 0 or count == others[0][1]):
        names = ", ".join(printable_name(str(entry.path)) for entry in entries[:3]) or "none"
        raise ArchiveError(f"The names are neither those of Canvas nor of Moodle: {names}. Name it with --system.")
    unknown = [
        printable_name(str(entry.path)) for entry, upload in zip(entries, parsed[best], strict=True) if not upload
    ]
    return best, [upload for upload in parsed[best] if upload], unknown


def _parse_name(entry: ZipEntry, collectors: Sequence[LmsCollector]) -> UploadedFile | None:
    name = str(entry.path)
    parts = next((parts for collector in collectors if (parts := collector.collect(name))), None)
    if not parts or not parts.get("student_id") or not parts.get("file_id") or refusal(str(parts["file_id"])):
        return None
    attempt = parts.get("attempt") or ""
    return UploadedFile(
        entry=entry,
        owner=str(parts["student_id"]),
        name=parts.get("name") or "",
        file=PurePosixPath(str(parts["file_id"])),
        attempt=int(attempt) if re.fullmatch("[0-9]{1,20}", attempt) else 0,
        late=bool(parts.get("late")),
        in_quiz=bool(parts.get("question")),
    )


def _without_wrapper(entries: list[ZipEntry]) -> list[ZipEntry]:
    """The entries without the one folder around all of them that packing an archive anew may add."""
    tops = {entry.path.parts[0] for entry in entries}
    if len(tops) != 1 or any(len(entry.path.parts) == 1 for entry in entries):
        return entries
    if MoodleCollector().collect(f"{tops.pop()}/x"):
        return entries
    return [replace(entry, path=PurePosixPath(*entry.path.parts[1:])) for entry in entries]


def why_left_out(name: str, system: System) -> str:
    """Why a file of this name belongs to nobody."""
    if system is System.MOODLE and TEAMLESS.fullmatch(name):
        return "Moodle's name for all students who are in no team, so it is nobody's. Put them in teams in Moodle"
    return f"{system.title()} gives no such names"


def why_ambiguous(upload: UploadedFile, lab: str, student_ids: set[str]) -> str | None:
    """Why it cannot be told whose a file is, or None.

    A student called "x_999" hands in x_999_123_456_lab.ipynb, which reads as an upload of student 999. So a number
    before a file's own name is doubted, unless the lab's name begins with it, it begins with 0, or, if it is known who
    has which number, only one of them is a student's. In a quiz, whoever is called "5 question 3 4" writes names that
    read as those of student 5.
    """
    if upload.in_quiz:
        return _doubt(upload, QUIZ_NUMBER.findall(str(upload.entry.path))[1:], student_ids)
    number_prefix = re.match(r"([1-9]\d*_)+", str(upload.file))
    if (
        not upload.attempt
        or not number_prefix
        or letters_and_digits(upload.file.name).startswith(letters_and_digits(lab))
    ):
        return None
    return _doubt(upload, [str(upload.attempt), *number_prefix[0].split("_")[:-2]], student_ids)


def _doubt(upload: UploadedFile, others: Sequence[str], student_ids: set[str]) -> str | None:
    doubts = [other for other in others if not student_ids or other in student_ids]
    return f"it could be of student {upload.owner} or {' or '.join(doubts)}" if doubts else None


def named_after_lab(file: PurePosixPath, lab: str) -> bool:
    """Whether a file is named after the lab, whatever was put around its name."""
    return letters_and_digits(lab) in letters_and_digits(file.name)


def letters_and_digits(name: str) -> str:
    """A name in lower case, with _ for all but letters and digits."""
    return re.sub(r"[^a-z0-9]+", "_", name.casefold())
