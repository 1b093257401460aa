"""What can go wrong between a test and a submission."""

from typing import NoReturn


class Broken(BaseException):
    """The other side sent what it may not send, or nothing more: the test ends, whatever errors it expects.

    The message is for the student.
    """


class Refused(Exception):
    """A value that may not be rebuilt here, or cannot travel; the message says why."""


class RaisedThere(Exception):
    """An exception of the submission that is none of Python's own; the class's name is that of the original."""


def refuse(reason: str) -> NoReturn:
    """Raise `Broken`, where only an expression can stand."""
    raise Broken(reason)
