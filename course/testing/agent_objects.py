"""Objects that are not copied, on the submission's side: its own, which stay here, and the test's, which call back."""

import functools
import types
from collections.abc import Callable
from typing import Any

from course.testing import exceptions
from course.testing.codec import Codec, Node

_FUNCTIONS = (types.FunctionType, types.BuiltinFunctionType, types.MethodType, functools.partial)
VIEWS = (type({}.keys()), type({}.values()), type({}.items()))  # type: ignore[var-annotated]
MOST_REPR = 300
CallBack = Callable[[str, str, tuple[Any, ...], dict[str, Any]], Any]  # the object's number, method, arguments


class ObjectTable:
    """The objects of one conversation that both sides know by a number or place."""

    def __init__(self, call_back: CallBack) -> None:
        """Begin empty; `call_back` has the test run a method of its object."""
        self.local_objects: list[Any] = []  # what stays here, by its place
        self._places: dict[int, int] = {}
        self._test_objects: dict[int, str] = {}  # objects that call back, by id
        self._call_back = call_back

    def write_local(self, codec: Codec, value: Any) -> Node:
        """An object that stays here, as its place, what can be done with it, its type's name and its repr."""
        kind, text = type(value), ""
        if isinstance(value, type):
            form = "class"
        elif isinstance(value, _FUNCTIONS) or kind.__name__ in ("ufunc", "Function", "_lru_cache_wrapper"):
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
        place = self._places.setdefault(id(value), len(self.local_objects))
        if place == len(self.local_objects):
            self.local_objects.append(value)
        return [
            "there",
            place,
            form,
            exceptions.truncate(name, exceptions.MOST_NAME),
            exceptions.truncate(text, MOST_REPR),
        ]

    def read_local(self, codec: Codec, parts: list[Any]) -> Any:
        """The object at that place."""
        return self.local_objects[parts[0]]

    def read_test_object(self, codec: Codec, parts: list[Any]) -> Any:
        """A proxy for an object of the test, whose methods call back."""
        number, name, methods = parts
        if codec.has_object(number):
            return codec.objects[number]
        kind = type(
            name,
            (),
            {"__module__": "test", **{method: callback_method(self._call_back, number, method) for method in methods}},
        )
        proxy = codec.get_or_create(number, object, kind)
        if methods == ["__call__"]:
            # A function has a name, and is not an object of a class that looks odd.
            def function(*args: Any, **kwargs: Any) -> Any:
                return proxy(*args, **kwargs)

            function.__name__ = function.__qualname__ = name
            self._test_objects[id(function)] = number
            codec.objects[number] = function
            self.local_objects.append((proxy, function))
            return function
        self._test_objects[id(proxy)] = number
        return proxy

    def write_test_object(self, codec: Codec, value: Any) -> Node | None:
        """A proxy on its way back to the test; None for any other value."""
        number = self._test_objects.get(id(value))
        return ["@", number] if number is not None else None


def callback_method(call_back: CallBack, number: str, method: str) -> Any:
    """A method that calls back."""

    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        return call_back(number, method, args, kwargs)

    call.__name__ = method
    return call
