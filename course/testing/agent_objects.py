"""Objects that do not travel, on the submission's side: its own, which stay here, and the test's, which call back."""

import functools
import types
from collections.abc import Callable
from typing import Any

from course.testing import exceptions
from course.testing.codec import Codec, Node

FUNCTIONS = (types.FunctionType, types.BuiltinFunctionType, types.MethodType, functools.partial)
VIEWS = (type({}.keys()), type({}.values()), type({}.items()))  # type: ignore[var-annotated]
MOST_REPR = 300
CallBack = Callable[[str, str, tuple[Any, ...], dict[str, Any]], Any]  # the object's number, method, arguments


class Objects:
    """Those of one conversation."""

    def __init__(self, call_back: CallBack) -> None:
        """None are known; `call_back` lets the test do what a method of its object does."""
        self.own: list[Any] = []  # what stays here, by its place
        self._places: dict[int, int] = {}
        self._handed: dict[int, str] = {}  # objects that call back, by id
        self._call_back = call_back

    def write_own(self, codec: Codec, value: Any) -> Node:
        """What stays here: its place, what can be done with it, the name of its type, and what it shows."""
        kind, text = type(value), ""
        if isinstance(value, type):
            form = "class"
        elif isinstance(value, FUNCTIONS) or kind.__name__ in ("ufunc", "Function", "_lru_cache_wrapper"):
            form = "function"
        elif isinstance(value, VIEWS) or hasattr(kind, "__next__"):
            form = "items"
        else:
            form = "callable" if callable(value) else "object"
        try:
            text = repr(value)
        except Exception:  # noqa: BLE001 - any code of the submission's
            text = f"<{kind.__name__}>"
        name = getattr(value, "__name__", kind.__name__) if form in ("class", "function") else kind.__name__
        place = self._places.setdefault(id(value), len(self.own))
        if place == len(self.own):
            self.own.append(value)
        return ["there", place, form, exceptions.cut(name, exceptions.MOST_NAME), exceptions.cut(text, MOST_REPR)]

    def read_own(self, codec: Codec, parts: list[Any]) -> Any:
        """What stays here, at its place."""
        return self.own[parts[0]]

    def read_handed(self, codec: Codec, parts: list[Any]) -> Any:
        """An object whose methods call back."""
        number, name, methods = parts
        if codec.has(number):
            return codec.known[number]
        kind = type(
            name, (), {"__module__": "test", **{method: calling(self._call_back, number, method) for method in methods}}
        )
        value = codec.claim(number, object, kind)
        if methods == ["__call__"]:
            # A function has a name, and is not an object of a class that looks odd.
            def function(*args: Any, **kwargs: Any) -> Any:
                return value(*args, **kwargs)

            function.__name__ = function.__qualname__ = name
            self._handed[id(function)] = number
            codec.known[number] = function
            self.own.append((value, function))
            return function
        self._handed[id(value)] = number
        return value

    def write_handed(self, codec: Codec, value: Any) -> Node | None:
        """Such an object on its way back, None if it is none."""
        number = self._handed.get(id(value))
        return ["@", number] if number is not None else None


def calling(call_back: CallBack, number: str, method: str) -> Any:
    """A method that calls back."""

    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        return call_back(number, method, args, kwargs)

    call.__name__ = method
    return call
