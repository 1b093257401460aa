"""Exceptions as data: raised on one side, raised again on the other, as one of Python's own classes or by name."""

import builtins
import re
from types import TracebackType
from typing import Any

from course.testing.errors import ProtocolError, RemoteException

MOST_TEXT, MOST_NAME, _MOST_LINES = 4_000, 200, 6
# Python takes these for the end of an iterator: raised again here, they would end a loop of the test.
ITERATION_ENDS = (StopIteration, StopAsyncIteration)
BUILTIN_EXCEPTIONS = {
    name: kind
    for name, kind in vars(builtins).items()
    if isinstance(kind, type) and issubclass(kind, Exception) and kind not in ITERATION_ENDS
}
OWN_CELLS = re.compile(r"ipykernel_\d+|<ipython-input|<beside the answer>")


def exception_data(error: BaseException) -> dict[str, Any]:
    """An exception as data: its name, Python's own classes that it belongs to, its text, and its lines in cells."""
    kind = type(error)
    bases = [
        base.__name__
        for base in kind.__mro__
        if BUILTIN_EXCEPTIONS.get(base.__name__) is base and base is not Exception
    ]
    try:
        text = error.args[0] if len(error.args) == 1 and type(error.args[0]) is str else str(error)
    except BaseException:  # noqa: BLE001 - its text is made by code of the submission
        text = "(its message cannot be shown)"
    return {
        "name": truncate(kind.__name__, MOST_NAME),
        "bases": bases,
        "text": truncate(text, MOST_TEXT),
        "lines": lines_in_cells(error),
    }


def lines_in_cells(error: BaseException) -> list[str]:
    """Where in the submission's cells it was raised, the innermost last."""
    import linecache

    lines, traceback = [], error.__traceback__
    while isinstance(traceback, TracebackType):
        code = traceback.tb_frame.f_code
        if OWN_CELLS.search(str(code.co_filename)):
            line = linecache.getline(code.co_filename, traceback.tb_lineno).strip()
            lines.append(truncate(f"in {code.co_name}, line {traceback.tb_lineno}: {line}", MOST_NAME))
        traceback = traceback.tb_next
    return lines[-_MOST_LINES:]


def truncate(text: Any, length: int) -> str:
    """A text of limited length that can be written in any encoding."""
    return str(text)[:length].encode("utf-8", "replace").decode()


def rebuild_exception(data: Any) -> Exception:
    """The exception that the data describe.

    Raises
    ------
    ProtocolError
        The data describe no exception.
    """
    if not isinstance(data, dict):
        raise ProtocolError("it sent an error of no known form")
    name, bases, text, lines = (data.get(key) for key in ("name", "bases", "text", "lines"))
    if not isinstance(name, str) or not isinstance(text, str) or not isinstance(bases, list) or len(bases) > 20:
        raise ProtocolError("it sent an error of no known form")
    builtin_bases = [BUILTIN_EXCEPTIONS[base] for base in bases if isinstance(base, str) and base in BUILTIN_EXCEPTIONS]
    error = build_exception(truncate(name, MOST_NAME), builtin_bases, truncate(text, MOST_TEXT))
    if isinstance(lines, list):
        error.lines = [truncate(line, MOST_NAME) for line in lines[:_MOST_LINES]]  # type: ignore[attr-defined]
    return error


def build_exception(name: str, bases: list[type[Exception]], text: str) -> Exception:
    """An exception of that name: a built-in one if possible, else a `RemoteException` caught like its bases."""
    if bases and bases[0].__name__ == name:
        try:
            return bases[0](text)
        except TypeError:  # UnicodeError and its like need more arguments
            bases = bases[1:]
    for candidates in (bases, bases[:1], []):
        try:
            # A class that is a base of another one in the list is implied.
            direct_bases = [
                base
                for base in candidates
                if not any(other is not base and issubclass(other, base) for other in candidates)
            ]
            kind: type[Exception] = type(name, (RemoteException, *direct_bases), {"__module__": "submission"})
            return kind(text)
        except TypeError:  # these bases do not go together
            continue
    return RemoteException(text)
