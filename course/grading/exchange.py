"""nbgrader's exchange, the folder on a shared machine through which students hand in: returning feedback through it.

`nbgrader submit` puts a time and a secret beside the notebook. Whoever has the secret can fetch the feedback that
`nbgrader release_feedback` finds beside a time and the same secret.
"""

import glob
import re
from datetime import datetime
from pathlib import Path

from nbgrader.exchange.default import ExchangeReleaseFeedback
from nbgrader.utils import temp_attrs

from course.errors import SubmissionError
from course.grading.gradebook import cache
from course.inbox.companion_files import SECRET, TIMESTAMP
from course.inbox.origin import timestamp_text
from course.inbox.regular_files import read_plain_file
from course.text.files import write_whole

_TOKEN = re.compile(rb"[0-9a-f]{128}\n?")  # as nbgrader makes it


def copy_exchange_files(submitted: Path, folder: Path, student: str, lab: str, handed_in: datetime | None) -> None:
    """Put the time and the secret of a submission where nbgrader looks for them when it returns feedback.

    They never go where the submission runs. nbgrader copies them from step to step when it makes feedback again.
    """
    if submitted.is_symlink():
        return
    contents = {SECRET: read_secret(submitted / SECRET)}
    contents[TIMESTAMP] = timestamp_text(handed_in) if handed_in else ""
    for step in (cache.MENDED, "autograded", "feedback"):
        for name, text in contents.items():
            _write_or_delete(cache.step_folder(folder, step, student, lab) / name, text)


def read_secret(path: Path) -> str:
    """The secret in a regular file, if it has nbgrader's form; else an empty text."""
    try:
        content = read_plain_file(path, 200)
    except SubmissionError:  # most submissions have no such file
        return ""
    return content.decode().strip() if _TOKEN.fullmatch(content) else ""


def _write_or_delete(path: Path, text: str) -> None:
    if not text:
        path.unlink(missing_ok=True)
    elif path.parent.is_dir() and not (path.is_file() and path.read_text("utf-8") == text):
        write_whole(path, text)


class ReleaseFeedback(ExchangeReleaseFeedback):
    """nbgrader's release of feedback, which would stop at a student who did not hand in through the exchange."""

    def copy_files(self) -> None:
        """Release the feedback of all students whose submissions came through the exchange; name the others."""
        excluded = [name for name in self.coursedir.student_id_exclude.split(",") if name]
        others = []
        for page in map(Path, sorted(glob.glob(f"{self.src_path}/*.html"))):  # noqa: PTH207 - a pattern of nbgrader's
            student = page.parent.parent.name
            if not all((page.parent / name).is_file() for name in (SECRET, TIMESTAMP)):
                others.append(student)
                self.log.warning("%s did not hand in through the exchange: give %s in another way", student, page)
        with temp_attrs(self.coursedir, student_id_exclude=",".join([*excluded, *others])):
            super().copy_files()
