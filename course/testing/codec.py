"""Values as data: what one side sends is rebuilt on the other, and objects that both have stay the same objects.

A value is written as JSON: None, truth values, decimals, texts and small whole numbers as themselves, everything else
as a list that begins with a tag. An object that can change has a number, by which both sides know it: when it crosses
again, its present state is put into the other side's object. Reading checks everything before it uses it, and builds
nothing but the classes that are named in this package.
"""

import re
from collections.abc import Callable, Iterable
from typing import Any

from course.testing.errors import ProtocolError, UnsupportedValue

Node = Any  # what JSON can say
Reader = Callable[["Codec", list[Any]], Any]
Writer = Callable[["Codec", Any], Node | None]
TESTS, SUBMISSION = "t", "s"  # the two sides, with which their objects' numbers begin
NUMBER = re.compile(rf"[{TESTS}{SUBMISSION}][0-9]{{1,9}}")
MOST_VALUES, _DEEPEST = 5_000_000, 80


class Codec:
    """Writes and reads the values of one conversation; `side` is TESTS or SUBMISSION.

    `writers` are tried in turn and return None for values of other kinds; `readers` are found by tag.
    """

    def __init__(self, side: str, writers: Iterable[Writer], readers: dict[str, Reader]) -> None:
        """Begin without any objects."""
        self.side, self._writers, self._readers = side, tuple(writers), readers
        self.objects: dict[str, Any] = {}
        self._numbers: dict[int, str] = {}  # by the object's id; `objects` keeps it alive
        self._states: dict[str, bytes] = {}
        self.buffers: list[bytes] = []
        self.written_numbers: set[str] = set()  # numbers in the message that is being written
        self.may_change: set[str] | None = set()  # objects of this side that the other may change now; None: all
        self._received: list[bytes] = []
        self._depth = self._count = 0

    # --- writing ------------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Begin a new message."""
        self.buffers, self.written_numbers = [], set()

    def write(self, value: Any) -> Node:
        """The value as data.

        Raises
        ------
        UnsupportedValue
            It is nested too deeply.
        """
        if value is None or type(value) in (bool, float, str):
            return value
        if self._depth > _DEEPEST:
            raise UnsupportedValue(f"it is nested more than {_DEEPEST} levels deep")
        self._depth += 1
        try:
            for writer in self._writers:
                if (node := writer(self, value)) is not None:
                    return node
        finally:
            self._depth -= 1
        raise UnsupportedValue(f"a {type(value).__name__} cannot travel")

    def write_object(self, tag: str, value: Any, state: Callable[[], list[Node]]) -> Node:
        """A mutable object: its number, with its state where it occurs first in a message."""
        number = self._number(value)
        if number in self.written_numbers:
            return ["@", number]
        self.written_numbers.add(number)
        return [tag, number, *state()]

    def buffer(self, content: bytes) -> int:
        """Add bytes to the message's buffers; return their place."""
        self.buffers.append(content)
        return len(self.buffers) - 1

    def has_changed(self, value: Any, state: bytes) -> bool:
        """Whether an object's state differs from what the other side has; `state` is a digest of it."""
        number = self._number(value)
        changed = self._states.get(number) != state
        self._states[number] = state
        return changed

    def forget_states(self) -> None:
        """Send all states again, as a message that was begun was not sent."""
        self._states.clear()

    def _number(self, value: Any) -> str:
        number = self._numbers.get(id(value))
        if number is None:
            number = f"{self.side}{len(self._numbers)}"
            self._register(number, value)
        return number

    def _register(self, number: str, value: Any) -> None:
        self.objects[number], self._numbers[id(value)] = value, number

    # --- reading ------------------------------------------------------------------------------------------------

    def receive(self, buffers: list[bytes]) -> None:
        """Begin to read a message that came with these buffers."""
        self._received, self._count = buffers, 0

    def read(self, node: Node) -> Any:
        """The value that the data describe.

        Raises
        ------
        ProtocolError
            They describe none.
        """
        self._count += 1
        if self._count > MOST_VALUES:
            raise ProtocolError(f"what was returned is too large: more than {MOST_VALUES:,} values")
        if node is None or isinstance(node, bool | int | float | str):
            return node
        if not isinstance(node, list) or not node or not isinstance(node[0], str) or self._depth > _DEEPEST:
            raise ProtocolError("it sent a value of no known form")
        tag, *parts = node
        reader = self._seen if tag == "@" else self._readers.get(tag)
        if reader is None:
            raise ProtocolError("it sent a value of no known form")
        self._depth += 1
        try:
            return reader(self, parts)
        except Exception as error:  # what a reader does not check, a library may reject with any error
            raise ProtocolError(f"it sent a value of no known form ({type(error).__name__})") from error
        finally:
            self._depth -= 1

    def _seen(self, codec: "Codec", parts: list[Any]) -> Any:
        number = self.check_number(parts[0])
        if number not in self.objects:
            raise ProtocolError("it sent an object that is not known")
        return self.objects[number]

    def received_buffer(self, place: Any) -> bytes:
        """The buffer at this place of the message."""
        if type(place) is not int or not 0 <= place < len(self._received):
            raise ProtocolError("it sent an array without its numbers")
        return self._received[place]

    def get_or_create(self, number: Any, kind: type[Any], new: Callable[[], Any]) -> Any:
        """The object with that number, to have its state set, or a new one.

        Raises
        ------
        ProtocolError
            It is of another kind, or belongs to this side and may not be changed now.
        """
        if self.check_number(number) in self.objects:
            value = self.objects[number]
            if not isinstance(value, kind):
                raise ProtocolError(f"a {type(value).__name__} was changed into a {kind.__name__}")
            if self.may_change is not None and number[0] == self.side and number not in self.may_change:
                raise ProtocolError("it changed what it was not given")
            return value
        if number[0] == self.side:
            raise ProtocolError("it sent an object that is not known")
        value = new()
        self._register(number, value)
        return value

    def has_object(self, number: Any) -> bool:
        """Whether there is an object with that number."""
        return self.check_number(number) in self.objects

    def note_state(self, number: str, state: bytes) -> None:
        """Note the state that an object now has on both sides."""
        self._states[number] = state

    def check_number(self, number: Any) -> str:
        """The number, if it has the form of an object's number."""
        if not isinstance(number, str) or not NUMBER.fullmatch(number):
            raise ProtocolError("it sent an object without a number")
        return number
