"""The submission's side: answers what a test asks, in the kernel of the submission, while a cell would run there.

Nothing depends on it: it is code among that of the submission, and whatever it says is read as data on the other side.
"""

import itertools
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from course.testing import exceptions
from course.testing.agent_objects import ObjectTable
from course.testing.all_values import READERS, WRITERS
from course.testing.channel import Channel, connect
from course.testing.codec import SUBMISSION, Codec
from course.testing.errors import ProtocolError, UnsupportedValue
from course.testing.scratch_folder import ScratchFolder, make_writable

MOST_ITEMS = 100_000
MISSING = object()


class Agent:
    """One conversation with a test."""

    def __init__(self, channel: Channel, names: dict[str, Any]) -> None:
        """Answer from this namespace."""
        self.channel, self.names = channel, names
        objects = ObjectTable(self.call_back)
        self.local_objects = objects.local_objects
        readers = READERS | {"over": objects.read_local, "handed": objects.read_test_object}
        self.codec = Codec(SUBMISSION, (objects.write_test_object, *WRITERS, objects.write_local), readers)
        self.codec.may_change = None
        self.scratch: ScratchFolder | None = None
        self.test_namespace: dict[str, Any] | None = None

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
            self.scratch.apply(message.content.get("news"), self.codec)
        return message.content

    def _answer(self, request: dict[str, Any]) -> None:
        changed: list[Any] = []
        try:
            value = getattr(self, f"do_{request['do']}")(request, changed)
            self._reply(request, changed, lambda: {"value": MISSING if value is MISSING else value})
        except ProtocolError:
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
        def write(outcome: dict[str, Any]) -> dict[str, Any]:
            self.codec.begin()
            answer: dict[str, Any] = {"reply": request["id"]}
            if outcome.get("value") is MISSING:
                answer["absent"] = True
            elif "value" in outcome:
                answer["value"] = self.codec.write(outcome["value"])
            else:
                answer |= outcome
            answer["changed"] = self.codec.write(changed)[-1] if changed else []
            answer["news"] = self.scratch.changes(self.codec) if self.scratch else {}
            return answer

        try:
            answer = write(content())
            self.channel.send(answer, self.codec.buffers)
        except (UnsupportedValue, ProtocolError, RecursionError) as error:
            why = exceptions.exception_data(ValueError(f"What was returned cannot be looked at: {error}."))
            self.codec.begin()
            self.codec.forget_states()
            self.channel.send({"reply": request["id"], "error": why}, [])

    # --- requests ----------------------------------------------------------------------------------------------

    def do_begin(self, request: dict[str, Any], changed: list[Any]) -> None:
        """Note the scratch folder that both sides keep equal."""
        folder = Path(request["folder"])
        make_writable(folder)
        self.scratch = ScratchFolder(folder)

    def do_name(self, request: dict[str, Any], changed: list[Any]) -> Any:
        """The value of a name; MISSING if it is not defined."""
        return self.names.get(request["name"], MISSING)

    def do_call(self, request: dict[str, Any], changed: list[Any]) -> Any:
        """Call an object that stays here."""
        args, kwargs = self.codec.read(request["args"]), self.codec.read(request["kwargs"])
        changed += [args, kwargs]
        return self.local_objects[request["on"]](*args, **kwargs)

    def do_attribute(self, request: dict[str, Any], changed: list[Any]) -> Any:
        """An attribute of an object that stays here; MISSING if it has none."""
        return getattr(self.local_objects[request["on"]], request["name"], MISSING)

    def do_items(self, request: dict[str, Any], changed: list[Any]) -> list[Any]:
        """All items of an iterator."""
        return list(itertools.islice(self.local_objects[request["on"]], MOST_ITEMS))

    def do_define(self, request: dict[str, Any], changed: list[Any]) -> Any:
        """Define a function of the test that is to run here, and return it."""
        if self.test_namespace is None:
            self.test_namespace = {**self.names, **self.codec.read(request["values"])}
            exec(compile(request["imports"], "<imports>", "exec"), self.test_namespace)
        exec(compile(request["imports_of_test"], "<imports>", "exec"), self.test_namespace)
        exec(compile(request["text"], "<beside the answer>", "exec"), self.test_namespace)
        return self.test_namespace[request["name"]]

    def call_back(self, number: str, method: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Have the test run a method of an object that it handed out."""
        self.codec.begin()
        content = {"call": number, "method": method, "args": self.codec.write(args), "kwargs": self.codec.write(kwargs)}
        content["news"] = self.scratch.changes(self.codec) if self.scratch else {}
        self.channel.send(content, self.codec.buffers)
        while "answer" not in (reply := self._next()):
            self._answer(reply)  # the test asks for something before it answers
        if "error" in reply:
            raise exceptions.rebuild_exception(reply["error"])
        for node in reply["changed"]:
            self.codec.read(node)
        return self.codec.read(reply["answer"])


_agents: dict[int, Agent] = {}


def serve(path: str, number: int) -> None:
    """Answer the questions of the test with that number, or go on with it after its pause."""
    if number not in _agents:
        close_agents()
        _agents[number] = Agent(connect(path), vars(sys.modules["__main__"]))
    paused = False
    try:
        paused = _agents[number].serve()
    except ProtocolError:
        pass  # the test is over, or was given up
    finally:
        if not paused:
            close_agents()


def close_agents() -> None:
    """End the conversations that are still open."""
    for agent in _agents.values():
        agent.channel.close()
    _agents.clear()
