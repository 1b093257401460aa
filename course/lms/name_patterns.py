"""The form of names that Canvas and Moodle give to the files of a submission archive.

The patterns are plug-ins of the kind that `nbgrader zip_collect` has for them, with its named groups, so a course can
change one in nbgrader_config.py: `c.CanvasCollector.named_regexp = …`. The group `name` is the student's name,
`attempt` a number that grows with every upload, and `late` is there if the system marked the submission as late.
`zip_collect` itself is not used: it unpacks whatever an archive holds to wherever it says, stops at the first doubtful
file, and clears away what was collected before.
"""

import re

from nbgrader.plugins import FileNameCollectorPlugin
from traitlets import Unicode

from course.inbox.systems import System


class LmsCollector(FileNameCollectorPlugin):
    """A name's parts by nbgrader's convention; of any kind of file, and without a warning for every other name."""

    def collect(self, submitted_file: str) -> dict[str, str | None] | None:
        """The named groups of `named_regexp`, or None if the name is of another form."""
        match = re.match(self.named_regexp, submitted_file)
        return match.groupdict() if match else None


class CanvasCollector(LmsCollector):
    """`lastnamefirstname_[LATE_]USERID_SUBMISSIONID_original name.ipynb`, or `anon_…` in place of name and number.

    What was typed in or linked to is `lastnamefirstname_[LATE_]USERID_text.html`, or `…_link.html`.
    """

    named_regexp = Unicode(
        r"(?:(?!LATE_)(?P<name>(?:(?![0-9]_question_)[^/])+?)_)?(?:(?P<late>LATE|late)_)?"
        r"(?P<student_id>[1-9][0-9]{0,19}|anon_[A-Za-z0-9]+)"
        r"_(?:(?P<attempt>[1-9][0-9]{0,19})_|(?=(?:text|link)\.html$))(?P<file_id>[^/]+)$"
    ).tag(config=True)


class CanvasQuizCollector(LmsCollector):
    """`lastname_firstnameUSERID_question_QUESTIONID_FILEID_original name.ipynb`, for a question of a quiz.

    A file of an assignment, whatever a student has called it, has two numbers or `anon_…` before its name, and this
    one does not. Source: Canvas's `Quizzes::QuizSubmissionZipper`.
    """

    named_regexp = Unicode(
        r"(?P<name>(?:(?!(?:^|_)[0-9]+_[0-9]+_|anon_[A-Za-z0-9]+_[0-9]+_)[^/])*?)(?P<student_id>[1-9][0-9]{0,19})"
        r"_question_(?P<question>[0-9]+)_(?P<attempt>[1-9][0-9]{0,19})_(?P<file_id>[^/]+)$"
    ).tag(config=True)


class MoodleCollector(LmsCollector):
    """`Full Name_12345_assignsubmission_file_/file.ipynb`, the same without a folder, or with `_file/`."""

    named_regexp = Unicode(
        r"(?P<name>[^/_]+)_(?P<student_id>[0-9]{1,20})_assignsubmission_[a-z]+(?:_?/|_)(?P<file_id>.+)$"
    ).tag(config=True)


# The first whose form a name has counts.
COLLECTORS: dict[System, tuple[type[LmsCollector], ...]] = {
    System.CANVAS: (CanvasQuizCollector, CanvasCollector),
    System.MOODLE: (MoodleCollector,),
}
