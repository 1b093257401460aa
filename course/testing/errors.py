"""What can go wrong between a test and a submission."""

from enum import StrEnum
from typing import NoReturn


class CutOff(StrEnum):
    """The names of the errors by which a cell's output says that it did not come to its own end."""

    CELL_TIMEOUT = "CellTimeout"
    KERNEL_ENDED = "KernelEnded"
    TEST_ENDED = "TestEnded"
    SUBMISSION_ENDED = "SubmissionEnded"
    WRONG_SCORE = "WrongScore"


class ProtocolError(BaseException):
    """The other side sent what it may not send, or has gone: the test ends, whatever errors it expects.

    The message is for the student.
    """


class UnsupportedValue(Exception):
    """A value that may not be rebuilt here, or cannot be sent; the message says why."""


class RemoteException(Exception):
    """An exception of the submission that is not one of Python's own; its class has the name of the original."""


def raise_protocol_error(reason: str) -> NoReturn:
    """Raise `ProtocolError` where an expression is needed, as in a lambda."""
    raise ProtocolError(reason)
