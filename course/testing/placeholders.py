"""What stays with the submission, as a test sees it."""

from collections.abc import Callable, Iterator
from typing import Any

from course.testing import exceptions

Ask = Callable[..., Any]  # the question, and by name the values that go with it
FORMS = ("class", "function", "items", "callable", "object")
ABSENT = object()  # the answer where there is nothing of that name


class There:
    """What stays with the submission: equal to nothing, known by its type and the text that it shows."""

    def __init__(self, ask: Ask, place: int, text: str) -> None:
        """Refer to what has this place there; `ask` gets answers from there."""
        vars(self).update(_ask=ask, _place=place, _text=text)

    def __eq__(self, other: object) -> bool:
        """Never."""
        return False

    def __ne__(self, other: object) -> bool:
        """Always."""
        return True

    __hash__ = object.__hash__

    def __repr__(self) -> str:
        """What it shows there."""
        return str(vars(self)["_text"])

    def __getattr__(self, name: str) -> Any:
        """A public attribute, asked for there."""
        if name.startswith("_"):
            raise AttributeError(name)
        found = self._ask({"do": "attribute", "on": self._place, "name": name})
        if found is ABSENT:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        return found

    def __setattr__(self, name: str, value: Any) -> None:
        """Refused."""
        raise AttributeError(f"{name} cannot be set: the object belongs to the submission")


class CallableThere(There):
    """What can be called there: a function, a class, an object with such a method."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Make the call there."""
        return self._ask({"do": "call", "on": self._place}, args=args, kwargs=kwargs)


class ItemsThere(There):
    """What can be gone through there, once: a generator, an iterator, a view of a dictionary."""

    def __iter__(self) -> Iterator[Any]:
        """All items, asked for at once."""
        return iter(self._ask({"do": "items", "on": self._place}))


def placeholder(form: str, name: str, text: str, place: int, ask: Ask) -> There:
    """A placeholder of a class of its own, which has the name of the object's type."""
    base = {"items": ItemsThere, "object": There}.get(form, CallableThere)
    shown = (
        "function" if form == "function" else "type" if form == "class" else exceptions.cut(name, exceptions.MOST_NAME)
    )
    kind: type[There] = type(shown.replace("\0", ""), (base,), {"__module__": "submission"})
    return kind(ask, place, exceptions.cut(text, exceptions.MOST_NAME))
