"""What the tests of the labs share."""

from types import TracebackType


class explain_errors:
    """A block that calls an answer: an error in it is told in a sentence, as an AssertionError that it causes.

    Parameters
    ----------
    call
        What was called, with what: the sentence begins with it, "`call` stopped with KeyError: 'x'".
    advice
        A second sentence: what may be the matter.
    """

    def __init__(self, call: str, advice: str = "") -> None:
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
            sentence = f"{self.call} stopped with {type(error).__name__}: {error}"
            raise AssertionError(f"{sentence.rstrip('.')}. {self.advice}" if self.advice else sentence) from error
