"""The submission's side: answers what a test asks, in the kernel of the submission, while a cell would run there.

Nothing depends on it: it is code among that of the submission, and whatever it says is read as data on the other side.
"""

import itertools
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from course.testing import exceptions
from course.testing.agent_objects import Objects
from course.testing.all_values import READERS, WRITERS
from course.testing.channel import Channel, connect
from course.testing.codec import Codec
from course.testing.errors import Broken, Refused
from course.testing.scratch_folder import Scratch, restore

MOST_ITEMS = 100_000
MISSING = object()


class Agent:
    """One conversation."""

    def __init__(self, channel: Channel, names: dict[str, Any]) -> None:
        """Answer for these names."""
        self.channel, self.names = channel, names
        objects = Objects(self.call_back)
        self.own = objects.own
        readers = READERS | {"over": objects.read_own, "handed": objects.read_handed}
        self.codec = Codec("s", (objects.write_handed, *WRITERS, objects.write_own), readers)
        self.codec.may_change = None
        self.scratch: Scratch | None = None
        self.beside: dict[str, Any] | None = None

    # --- conversation ------------------------------------------------------------------------------------------

    def serve(self) -> bool:
        """Answer until the test pauses (True) or ends (False)."""
        while True:
            request = self._next()
            if request["do"] in ("pause", "end"):
                return bool(request["do"] == "pause")
            self._answer(request)

    def _next(self) -> dict[str, Any]:
        message = self.channel.receive()
        self.codec.receive(message.buffers)
        if self.scratch:
            self.scratch.take(message.content.get("news"), self.codec)
        return message.content

    def _answer(self, request: dict[str, Any]) -> None:
        changed: list[Any] = []
        try:
            value = getattr(self, f"do_{request['do']}")(request, changed)
            self._reply(request, changed, lambda: {"value": MISSING if value is MISSING else value})
        except Broken:
            raise
        except (SystemExit, GeneratorExit, KeyboardInterrupt) as error:
            name = type(error).__name__
            self._reply(request, [], lambda: {"left": name})
            if isinstance(error, KeyboardInterrupt):
                raise
        except BaseException as error:  # noqa: BLE001 - whatever an answer raises is an answer
            failure = exceptions.exception_data(error)
            self._reply(request, changed, lambda: {"error": failure})

    def _reply(self, request: dict[str, Any], changed: list[Any], content: Callable[[], dict[str, Any]]) -> None:
        def write(found: dict[str, Any]) -> dict[str, Any]:
            self.codec.begin()
            answer: dict[str, Any] = {"reply": request["id"]}
            if found.get("value") is MISSING:
                answer["absent"] = True
            elif "value" in found:
                answer["value"] = self.codec.write(found["value"])
            else:
                answer |= found
            answer["changed"] = self.codec.write(changed)[-1] if changed else []
            answer["news"] = self.scratch.news(self.codec) if self.scratch else {}
            return answer

        try:
            answer = write(content())
            self.channel.send(answer, self.codec.buffers)
        except (Refused, Broken, RecursionError) as error:
            why = exceptions.exception_data(ValueError(f"What was returned cannot be looked at: {error}."))
            self.codec.begin()
            self.codec.forget_states()
            self.channel.send({"reply": request["id"], "error": why}, [])

    # --- requests ----------------------------------------------------------------------------------------------

    def do_begin(self, request: dict[str, Any], changed: list[Any]) -> None:
        """Take note of the folder that both sides have."""
        folder = Path(request["folder"])
        restore(folder)
        self.scratch = Scratch(folder)

    def do_name(self, request: dict[str, Any], changed: list[Any]) -> Any:
        """The value of a name; without one, MISSING."""
        return self.names.get(request["name"], MISSING)

    def do_call(self, request: dict[str, Any], changed: list[Any]) -> Any:
        """Call what stays here."""
        args, kwargs = self.codec.read(request["args"]), self.codec.read(request["kwargs"])
        changed += [args, kwargs]
        return self.own[request["on"]](*args, **kwargs)

    def do_attribute(self, request: dict[str, Any], changed: list[Any]) -> Any:
        """An attribute of what stays here; without one, MISSING."""
        return getattr(self.own[request["on"]], request["name"], MISSING)

    def do_items(self, request: dict[str, Any], changed: list[Any]) -> list[Any]:
        """All that an iterator gives."""
        return list(itertools.islice(self.own[request["on"]], MOST_ITEMS))

    def do_define(self, request: dict[str, Any], changed: list[Any]) -> Any:
        """Define a function of the test that is to run here; give it back."""
        if self.beside is None:
            self.beside = {**self.names, **self.codec.read(request["values"])}
            exec(compile(request["imports"], "<imports>", "exec"), self.beside)
        exec(compile(request["imports_of_test"], "<imports>", "exec"), self.beside)
        exec(compile(request["text"], "<beside the answer>", "exec"), self.beside)
        return self.beside[request["name"]]

    def call_back(self, number: str, method: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Let the test do what a method of an object that it handed out does."""
        self.codec.begin()
        content = {"call": number, "method": method, "args": self.codec.write(args), "kwargs": self.codec.write(kwargs)}
        content["news"] = self.scratch.news(self.codec) if self.scratch else {}
        self.channel.send(content, self.codec.buffers)
        while "answer" not in (reply := self._next()):
            self._answer(reply)  # the test asks for something before it answers
        if "error" in reply:
            raise exceptions.rebuild_exception(reply["error"])
        for node in reply["changed"]:
            self.codec.read(node)
        return self.codec.read(reply["answer"])


_now: dict[int, Agent] = {}


def serve(path: str, number: int) -> None:
    """Answer the questions of the test of that number, or go on with it after its pause."""
    if number not in _now:
        forget()
        _now[number] = Agent(connect(path), vars(sys.modules["__main__"]))
    goes_on = False
    try:
        goes_on = _now[number].serve()
    except Broken:
        pass  # the test is over, or was given up
    finally:
        if not goes_on:
            forget()


def forget() -> None:
    """End what is left of a conversation."""
    for agent in _now.values():
        agent.channel.close()
    _now.clear()
