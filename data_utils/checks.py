"""What the tests of the labs share."""

from collections.abc import Callable
from types import TracebackType

LONGEST = 300  # characters of an error's text in a sentence


class explain_errors:
    """A block that calls an answer: an error in it is told in a sentence, as an AssertionError that it causes.

    Parameters
    ----------
    call
        What was called, with what: the sentence begins with it, "`call` stopped with KeyError: 'x'".
    advice
        A second sentence: what may be the matter; or a function that makes it of the error.
    """

    def __init__(self, call: str, advice: str | Callable[[Exception], str] = "") -> None:
        """Keep what the sentence is made of."""
        self.call, self.advice = call, advice

    def __enter__(self) -> None:
        """Nothing is done before the block."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Raise an AssertionError if the block ended with an error; an interruption goes on as it is."""
        __tracebackhide__ = True  # IPython shows the lines of the test and of the answer
        if isinstance(error, NotImplementedError) and str(error).startswith("Not done yet"):
            return  # what an answer says that nobody has begun; there is nothing to advise
        if isinstance(error, Exception):
            text = str(error) if len(str(error)) <= LONGEST else f"{str(error)[:LONGEST]} …"
            sentence = f"{self.call} stopped with {type(error).__name__}: {text}"
            advice = self.advice(error) if callable(self.advice) else self.advice
            raise AssertionError(f"{sentence.rstrip('.')}. {advice}" if advice else sentence) from error
