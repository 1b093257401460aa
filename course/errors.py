"""Errors that an author or instructor can mend; the command line prints their message without a traceback."""


class CourseError(Exception):
    """Something in the course's files is wrong; the message names the file and says what to do."""


class UnknownLabError(CourseError):
    """A lab was named that course.toml does not list."""


class LintError(CourseError):
    """A lab's source breaks a rule of the course."""


class BuildError(CourseError):
    """A lab's source could not be executed or released."""


class DriftError(CourseError):
    """Generated files do not match the sources they are made from."""


class PublishError(CourseError):
    """The students' edition cannot be written; nothing of it has been."""


class SubmissionError(CourseError):
    """One submission cannot be graded; the message is the reason shown to the instructor."""


class KernelError(CourseError):
    """No kernel can be started here."""


class SandboxError(KernelError):
    """No sandbox can be made to run a submission in; without a sandbox nothing is run."""


class MachineFault(CourseError):
    """A run was spoilt by the machine and says nothing about the submission; it has to be run again."""


class GradingError(CourseError):
    """Grading cannot go on; what is finished is kept."""


class EditionError(GradingError):
    """Source, built lab and gradebook are not of one edition; nobody is graded."""


class ArchiveError(CourseError):
    """A submission archive cannot be opened, or its form is not that of a learning management system."""


class EntryError(CourseError):
    """One file of an archive cannot be unpacked; the message is the reason, without the file's name."""


class RosterError(CourseError):
    """A list of students is wrong; the message names the file and every line to put right."""


class ExportError(CourseError):
    """The gradebook cannot be exported."""


class LtiError(ExportError):
    """No grade can be sent over LTI, or no further one; those sent before are noted."""


class ScoreError(ExportError):
    """The platform did not take one student's grade; the message is the reason, without the student's name."""
