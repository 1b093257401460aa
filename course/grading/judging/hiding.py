"""Hides the frames of the judge and of test cells, so that code called by a test sees no caller.

CPython passes over a frame that has not reached its code's first traceable instruction: in `f_back`, in tracebacks and
in what a signal handler is given. Here that instruction is put beyond the code's end. Where the number lies differs
between versions of Python, so it is looked for, and what was found is tried out.

Frames of generators are never passed over; the judge refuses to hand those out.
"""

import ctypes
import sys
from collections.abc import Callable
from types import CodeType

BEYOND = 2**24
# Functions whose first traceable instruction is number 2, 4 and 9: cells and free variables come before it.
PROBES = """
def outer():
    x = y = 0
    def two():
        a = b = 0
        return lambda: (a, b)
    def four():
        a = b = c = 0
        return lambda: (a, b, c, x, y)
    def nine():
        a = b = c = d = e = f = g = h = 0
        return lambda: (a, b, c, d, e, f, g, h, x)
    return two, four, nine
"""


def hiding() -> Callable[[CodeType], None] | None:
    """A function that hides all frames of a code object and of those inside it; None if this Python is not known."""
    read, code_type = ctypes.c_int.from_address, CodeType
    names: dict[str, Callable[[], tuple[Callable[[], object], ...]]] = {}
    exec(PROBES, names)
    places: set[int] | None = None
    for function, number in zip(names["outer"](), (2, 4, 9), strict=True):
        code = function.__code__
        room = range(0, code.__sizeof__() - len(code.co_code), 4)
        here = {place for place in room if read(id(code) + place).value == number}
        places = here if places is None else places & here
    if not places or len(places) > 1:
        return None
    place = places.pop()

    def hide(code: CodeType) -> None:
        read(id(code) + place).value = BEYOND
        for constant in code.co_consts:
            if isinstance(constant, code_type):
                hide(constant)

    def caller() -> str:
        return sys._getframe(1).f_code.co_name

    def passed_over() -> str:
        return caller()

    hide(passed_over.__code__)
    return hide if passed_over() == "hiding" else None
