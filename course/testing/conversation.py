"""The tests' side of a conversation: asking the submission's kernel for values, and answering what it calls back."""

import functools
import types
from collections.abc import Callable
from typing import Any

from course.testing import exceptions
from course.testing.all_values import READERS, WRITERS
from course.testing.channel import Channel
from course.testing.codec import TESTS, Codec, Node
from course.testing.errors import ProtocolError, UnsupportedValue
from course.testing.placeholders import ABSENT, PLACEHOLDER_FORMS, RemoteObject, placeholder
from course.testing.scratch_folder import ScratchFolder

LEFT = "the submission left with {}"
MOST_DEPTH = 20  # calls back within calls
HANDED = (types.FunctionType, types.MethodType, functools.partial)


class Conversation:
    """One test's questions to the submission, and its answers to calls back."""

    def __init__(self, channel: Channel, scratch: ScratchFolder, is_own: Callable[[type], bool]) -> None:
        """Begin; `is_own` tells whether a class is one that the test defines, whose objects may be handed out."""
        self.channel, self.scratch, self.is_own = channel, scratch, is_own
        writers, readers = (self._write_remote, *WRITERS, self._hand_out), READERS | {"there": self._read_remote}
        self.codec = Codec(TESTS, writers, readers)
        self.broken: ProtocolError | None = None
        self.failed: AssertionError | None = None  # of the test, where the submission could catch it
        self._handed_methods: dict[str, tuple[str, ...]] = {}
        self._remote_objects: dict[int, RemoteObject] = {}
        self._questions = self._depth = 0

    # --- what stays on one side ---------------------------------------------------------------------------------

    def _read_remote(self, codec: Codec, parts: list[Any]) -> RemoteObject:
        place, form, name, text = parts
        if (
            type(place) is not int
            or form not in PLACEHOLDER_FORMS
            or not isinstance(name, str)
            or not isinstance(text, str)
        ):
            raise ProtocolError("it sent an object of no known form")
        if place not in self._remote_objects:
            self._remote_objects[place] = placeholder(form, name, text, place, self.ask)
        return self._remote_objects[place]

    def _write_remote(self, codec: Codec, value: Any) -> Node | None:
        return ["over", vars(value)["_place"]] if isinstance(value, RemoteObject) else None

    def _hand_out(self, codec: Codec, value: Any) -> Node:
        kind = type(value)
        methods: tuple[str, ...]
        if isinstance(value, HANDED):
            name, methods = getattr(value, "__name__", kind.__name__), ("__call__",)
        elif self.is_own(kind):
            public_methods = {
                method
                for base in kind.__mro__
                if self.is_own(base)
                for method, function in vars(base).items()
                if callable(function) and (not method.startswith("_") or method == "__call__")
            }
            name, methods = kind.__name__, tuple(sorted(public_methods))
        else:
            raise UnsupportedValue(f"a test cannot hand out a {kind.__name__}")
        node: list[Any] = codec.write_object("handed", value, lambda: [name, list(methods)])
        self._handed_methods[node[1]] = methods
        return node

    # --- asking -------------------------------------------------------------------------------------------------

    def ask(self, question: dict[str, Any], **values: Any) -> Any:
        """The answer to a question; ABSENT if there is nothing of that name.

        Raises
        ------
        ProtocolError
            There is no answer, or not a valid one.
        Exception
            What the submission raised.
        """
        if self.broken:
            raise self.broken
        try:
            return self._ask(question, values)
        except ProtocolError as error:
            self.broken = error
            raise

    def _ask(self, question: dict[str, Any], values: dict[str, Any]) -> Any:
        self._questions += 1
        number, changeable_before = self._questions, self.codec.may_change
        self.codec.begin()
        try:
            content = {name: self.codec.write(value) for name, value in values.items()}
        except UnsupportedValue:
            self.codec.forget_states()
            raise
        news = self.scratch.changes(self.codec)
        self.channel.send({"id": number, **question, **content, "news": news}, self.codec.buffers)
        handed_out = {part for part in self.codec.written_numbers if part[0] == TESTS}
        self.codec.may_change = (changeable_before or set()) | handed_out
        try:
            return self._answer(number)
        finally:
            self.codec.may_change = changeable_before

    def _answer(self, number: int) -> Any:
        while True:
            message = self.channel.receive()
            self.codec.receive(message.buffers)
            content = message.content
            self.scratch.apply(content.get("news"), self.codec)
            if "call" in content:
                self._call_back(content)
                continue
            if content.get("reply") != number:
                raise ProtocolError("it answered what was not asked")
            if "left" in content:
                raise ProtocolError(LEFT.format(exceptions.truncate(content["left"], exceptions.MOST_NAME)))
            value = self.codec.read(content.get("value"))
            changed = content.get("changed", [])
            if not isinstance(changed, list):
                raise ProtocolError("it sent a reply of no known form")
            for node in changed:
                self.codec.read(node)
            if "error" in content:
                raise exceptions.rebuild_exception(content["error"])
            return ABSENT if content.get("absent") is True else value

    def _call_back(self, content: dict[str, Any]) -> None:
        number, method = content.get("call"), content.get("method")
        if not isinstance(number, str) or method not in self._handed_methods.get(number, ()):
            raise ProtocolError("it called what the test has not handed out")
        if self._depth >= MOST_DEPTH:
            raise ProtocolError(f"calls are nested more than {MOST_DEPTH} deep")
        args, kwargs = self.codec.read(content.get("args")), self.codec.read(content.get("kwargs"))
        if not isinstance(args, tuple) or not isinstance(kwargs, dict) or not all(type(key) is str for key in kwargs):
            raise ProtocolError("it called with arguments of no known form")
        self._depth += 1
        try:
            value = getattr(self.codec.objects[number], str(method))(*args, **kwargs)
            self.codec.begin()
            answer = {"answer": self.codec.write(value), "changed": [self.codec.write(part) for part in (args, kwargs)]}
        except Exception as error:  # noqa: BLE001 - what the test's function raises is for whoever called it
            if isinstance(error, AssertionError):
                self.failed = self.failed or error
            self.codec.begin()
            self.codec.forget_states()
            answer = {"answer": None, "error": exceptions.exception_data(error)}
        finally:
            self._depth -= 1
        self.channel.send({**answer, "news": self.scratch.changes(self.codec)}, self.codec.buffers)
        if self.codec.may_change is not None:
            self.codec.may_change = self.codec.may_change | {
                part for part in self.codec.written_numbers if part[0] == TESTS
            }

    def pause(self, last: bool) -> None:
        """Let the submission's kernel go on with something else; for good if the test is over."""
        if not self.broken:
            try:
                self.channel.send({"do": "end" if last else "pause"})
            except ProtocolError as error:
                self.broken = error
