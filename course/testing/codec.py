"""Values as data: what one side sends is rebuilt on the other, and objects that both have stay the same objects.

A value is written as JSON: None, truth values, decimals, texts and small whole numbers as themselves, everything else
as a list that begins with a tag. An object that can change has a number, by which both sides know it: when it crosses
again, its present state is put into the other side's object. Reading checks everything before it uses it, and builds
nothing but the classes that are named in this package.
"""

import re
from collections.abc import Callable, Iterable
from typing import Any

from course.testing.errors import Broken, Refused

Node = Any  # what JSON can say
Reader = Callable[["Codec", list[Any]], Any]
Writer = Callable[["Codec", Any], Node | None]
NUMBER = re.compile(r"[ts][0-9]{1,9}")
MOST_VALUES, DEEPEST = 5_000_000, 80


class Codec:
    """Writes and reads the values of one conversation; `side` is "t" with the tests, "s" with the submission.

    `writers` are asked one after the other and return None for what they do not know; `readers` are found by tag.
    """

    def __init__(self, side: str, writers: Iterable[Writer], readers: dict[str, Reader]) -> None:
        """Begin with nothing known."""
        self.side, self._writers, self._readers = side, tuple(writers), readers
        self.known: dict[str, Any] = {}
        self._numbers: dict[int, str] = {}  # by the object's id; `known` keeps it alive
        self._states: dict[str, bytes] = {}
        self.buffers: list[bytes] = []
        self.written: set[str] = set()  # numbers in the message that is being written
        self.may_change: set[str] | None = set()  # objects of this side that the other may change now; None: all
        self._received: list[bytes] = []
        self._depth = self._count = 0

    # --- writing ------------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Begin a new message."""
        self.buffers, self.written = [], set()

    def write(self, value: Any) -> Node:
        """The value as data.

        Raises
        ------
        Refused
            It is nested too deeply.
        """
        if value is None or type(value) in (bool, float, str):
            return value
        if self._depth > DEEPEST:
            raise Refused(f"it is nested more than {DEEPEST} levels deep")
        self._depth += 1
        try:
            for writer in self._writers:
                if (node := writer(self, value)) is not None:
                    return node
        finally:
            self._depth -= 1
        raise Refused(f"a {type(value).__name__} cannot travel")

    def object(self, tag: str, value: Any, state: Callable[[], list[Node]]) -> Node:
        """An object that can change: its number, and its state where it occurs first in a message."""
        number = self._number(value)
        if number in self.written:
            return ["@", number]
        self.written.add(number)
        return [tag, number, *state()]

    def buffer(self, content: bytes) -> int:
        """Put bytes beside the message; their place."""
        self.buffers.append(content)
        return len(self.buffers) - 1

    def is_news(self, value: Any, state: bytes) -> bool:
        """Whether the other side does not have this state of an object yet; `state` is a digest of it."""
        number = self._number(value)
        news = self._states.get(number) != state
        self._states[number] = state
        return news

    def forget_states(self) -> None:
        """Send all states anew: a message that was begun was not sent."""
        self._states.clear()

    def _number(self, value: Any) -> str:
        number = self._numbers.get(id(value))
        if number is None:
            number = f"{self.side}{len(self._numbers)}"
            self._register(number, value)
        return number

    def _register(self, number: str, value: Any) -> None:
        self.known[number], self._numbers[id(value)] = value, number

    # --- reading ------------------------------------------------------------------------------------------------

    def receive(self, buffers: list[bytes]) -> None:
        """Begin to read a message that came with these buffers."""
        self._received, self._count = buffers, 0

    def read(self, node: Node) -> Any:
        """The value that the data says.

        Raises
        ------
        Broken
            They say none.
        """
        self._count += 1
        if self._count > MOST_VALUES:
            raise Broken(f"what was returned is too large: more than {MOST_VALUES:,} values")
        if node is None or isinstance(node, bool | int | float | str):
            return node
        if not isinstance(node, list) or not node or not isinstance(node[0], str) or self._depth > DEEPEST:
            raise Broken("it sent a value of no known form")
        tag, *parts = node
        reader = self._seen if tag == "@" else self._readers.get(tag)
        if reader is None:
            raise Broken("it sent a value of no known form")
        self._depth += 1
        try:
            return reader(self, parts)
        except Exception as error:  # what a reader does not check itself, a library may find in any way
            raise Broken(f"it sent a value of no known form ({type(error).__name__})") from error
        finally:
            self._depth -= 1

    def _seen(self, codec: "Codec", parts: list[Any]) -> Any:
        number = self.checked(parts[0])
        if number not in self.known:
            raise Broken("it sent an object that is not known")
        return self.known[number]

    def taken(self, place: Any) -> bytes:
        """The buffer at this place of the message."""
        if type(place) is not int or not 0 <= place < len(self._received):
            raise Broken("it sent an array without its numbers")
        return self._received[place]

    def claim(self, number: Any, kind: type[Any], new: Callable[[], Any]) -> Any:
        """The object of that number, whose state is to be set, or a new one.

        Raises
        ------
        Broken
            It is of another kind, or of this side and not to be changed now.
        """
        if self.checked(number) in self.known:
            value = self.known[number]
            if not isinstance(value, kind):
                raise Broken(f"a {type(value).__name__} was changed into a {kind.__name__}")
            if self.may_change is not None and number[0] == self.side and number not in self.may_change:
                raise Broken("it changed what it was not given")
            return value
        if number[0] == self.side:
            raise Broken("it sent an object that is not known")
        value = new()
        self._register(number, value)
        return value

    def has(self, number: Any) -> bool:
        """Whether an object of that number is known."""
        return self.checked(number) in self.known

    def note(self, number: str, state: bytes) -> None:
        """The state that an object has on both sides now."""
        self._states[number] = state

    def checked(self, number: Any) -> str:
        """The number, if it has the form of one."""
        if not isinstance(number, str) or not NUMBER.fullmatch(number):
            raise Broken("it sent an object without a number")
        return number
