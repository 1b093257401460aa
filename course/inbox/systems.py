"""The learning management systems and other choices of the command line; imports nothing heavy."""

from enum import StrEnum


class System(StrEnum):
    """A learning management system."""

    CANVAS = "canvas"
    MOODLE = "moodle"


class GradesTo(StrEnum):
    """Where grades can go: into a file for one of these systems, or over LTI to any that speaks it."""

    CANVAS = System.CANVAS
    MOODLE = System.MOODLE
    LTI = "lti"


class Times(StrEnum):
    """Whether the times in an archive count as those of handing in."""

    AUTO = "auto"  # if they are more than an hour apart
    ZIP = "zip"
    NONE = "none"
