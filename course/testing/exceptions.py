"""Exceptions as data: raised on one side, raised again on the other, as one of Python's own classes or by name."""

import builtins
import re
from types import TracebackType
from typing import Any

from course.testing.errors import Broken, RaisedThere

MOST_TEXT, MOST_NAME, MOST_LINES = 4_000, 200, 6
# Those that Python takes for the end of what it goes through would end a loop of the test.
ENDS = (StopIteration, StopAsyncIteration)
BUILTIN = {name: one for name, one in vars(builtins).items() if isinstance(one, type) and issubclass(one, Exception)}
BUILTIN = {name: one for name, one in BUILTIN.items() if one not in ENDS}
OWN_CELLS = re.compile(r"ipykernel_\d+|<ipython-input|<beside the answer>")


def exception_data(error: BaseException) -> dict[str, Any]:
    """An exception as data: its name, Python's own classes that it belongs to, its text, and its lines in cells."""
    kind = type(error)
    bases = [one.__name__ for one in kind.__mro__ if BUILTIN.get(one.__name__) is one and one is not Exception]
    try:
        whole = error.args[0] if len(error.args) == 1 and type(error.args[0]) is str else str(error)
    except BaseException:  # noqa: BLE001 - its text is made by code of the submission
        whole = "(its message cannot be shown)"
    return {"name": cut(kind.__name__, MOST_NAME), "bases": bases, "text": cut(whole, MOST_TEXT), "lines": lines(error)}


def lines(error: BaseException) -> list[str]:
    """Where in the submission's cells it was raised, the innermost last."""
    import linecache

    found, place = [], error.__traceback__
    while isinstance(place, TracebackType):
        code = place.tb_frame.f_code
        if OWN_CELLS.search(str(code.co_filename)):
            line = linecache.getline(code.co_filename, place.tb_lineno).strip()
            found.append(cut(f"in {code.co_name}, line {place.tb_lineno}: {line}", MOST_NAME))
        place = place.tb_next
    return found[-MOST_LINES:]


def cut(text: Any, most: int) -> str:
    """A text of limited length that can be written in any encoding."""
    return str(text)[:most].encode("utf-8", "replace").decode()


def rebuild_exception(told: Any) -> Exception:
    """The exception that data tell of.

    Raises
    ------
    Broken
        They tell of none.
    """
    if not isinstance(told, dict):
        raise Broken("it sent an error of no known form")
    name, bases, text, where = (told.get(key) for key in ("name", "bases", "text", "lines"))
    if not isinstance(name, str) or not isinstance(text, str) or not isinstance(bases, list) or len(bases) > 20:
        raise Broken("it sent an error of no known form")
    text, own = cut(text, MOST_TEXT), [BUILTIN[one] for one in bases if isinstance(one, str) and one in BUILTIN]
    error = made(cut(name, MOST_NAME), own, text)
    if isinstance(where, list):
        error.lines = [cut(line, MOST_NAME) for line in where[:MOST_LINES]]  # type: ignore[attr-defined]
    return error


def made(name: str, bases: list[type[Exception]], text: str) -> Exception:
    """An exception of that name: Python's own if it is one, else one of ours that is caught like its bases."""
    if bases and bases[0].__name__ == name:
        try:
            return bases[0](text)
        except TypeError:  # UnicodeError and its like want more to be said
            bases = bases[1:]
    for some in (bases, bases[:1], []):
        try:
            # Those that are bases of others in the list are implied.
            chosen = [one for one in some if not any(other is not one and issubclass(other, one) for other in some)]
            kind: type[Exception] = type(name, (RaisedThere, *chosen), {"__module__": "submission"})
            return kind(text)
        except TypeError:  # these bases do not go together
            continue
    return RaisedThere(text)
