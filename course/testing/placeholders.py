"""What a test gets for an object that stays in the submission's kernel."""

from collections.abc import Callable, Iterator
from typing import Any

from course.testing import exceptions

Ask = Callable[..., Any]  # the question, and by name the values that go with it
PLACEHOLDER_FORMS = ("class", "function", "items", "callable", "object")
ABSENT = object()  # the answer where there is nothing of that name


class RemoteObject:
    """Stands for an object that stays in the submission's kernel: has its type's name and its repr, equals nothing."""

    def __init__(self, ask: Ask, place: int, text: str) -> None:
        """Refer to the object with this place in the agent's table; `ask` sends a question to the agent."""
        vars(self).update(_ask=ask, _place=place, _text=text)

    def __eq__(self, other: object) -> bool:
        """Never."""
        return False

    def __ne__(self, other: object) -> bool:
        """Always."""
        return True

    __hash__ = object.__hash__

    def __repr__(self) -> str:
        """The object's own repr."""
        return str(vars(self)["_text"])

    def __getattr__(self, name: str) -> Any:
        """A public attribute, fetched from the submission."""
        if name.startswith("_"):
            raise AttributeError(name)
        value = self._ask({"do": "attribute", "on": self._place, "name": name})
        if value is ABSENT:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        return value

    def __setattr__(self, name: str, value: Any) -> None:
        """Not allowed."""
        raise AttributeError(f"{name} cannot be set: the object belongs to the submission")


class RemoteCallable(RemoteObject):
    """A remote function, class or object with `__call__`."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Make the call in the submission's kernel."""
        return self._ask({"do": "call", "on": self._place}, args=args, kwargs=kwargs)


class RemoteIterable(RemoteObject):
    """A remote generator, iterator or dictionary view; a generator or iterator can be gone through once."""

    def __iter__(self) -> Iterator[Any]:
        """All items, fetched in one question."""
        return iter(self._ask({"do": "items", "on": self._place}))


def placeholder(form: str, name: str, text: str, place: int, ask: Ask) -> RemoteObject:
    """A placeholder of a class of its own, which has the name of the object's type."""
    base = {"items": RemoteIterable, "object": RemoteObject}.get(form, RemoteCallable)
    type_name = (
        "function"
        if form == "function"
        else "type"
        if form == "class"
        else exceptions.truncate(name, exceptions.MOST_NAME)
    )
    kind: type[RemoteObject] = type(type_name.replace("\0", ""), (base,), {"__module__": "submission"})
    return kind(ask, place, exceptions.truncate(text, exceptions.MOST_NAME))
