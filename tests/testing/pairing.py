"""Both sides of a test in one process, without kernels: an agent in a thread, and the test's side here."""

import socket
import threading
from contextlib import contextmanager, suppress

from course.testing.agent import Agent
from course.testing.channel import Channel
from course.testing.conversation import Conversation
from course.testing.errors import ProtocolError
from course.testing.runner import MODULE, Test, Tests
from course.testing.scratch_folder import ScratchFolder

IMPORTS = "import numpy as np"


@contextmanager
def sides(serve):
    """A channel to whatever `serve` does with its end of the line, in a thread."""
    here, there = socket.socketpair()

    def work():
        with there, suppress(ProtocolError, OSError, KeyboardInterrupt):  # the test is over, or was left
            serve(there)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        yield Channel(here)
    finally:
        here.close()
        thread.join(10)


def judged(folder, cells, test, imports=IMPORTS, values=None):
    """The verdict on a test cell, with the names that the submission's cells define."""
    names = {"__name__": "submission"}
    exec(imports, names)
    exec(cells, names)

    def serve(connection):
        agent = Agent(Channel(connection), names)
        while agent.serve():
            pass

    return judged_by(folder, serve, test, imports, values)


def judged_by(folder, serve, test, imports=IMPORTS, values=None):
    """The verdict on a test cell, with something else than an agent on the other side."""
    with sides(serve) as channel:
        tests = Tests(imports, values or {}, str(folder / "here"), "")
        conversation = Conversation(channel, ScratchFolder(tests.folder), lambda kind: kind.__module__ == MODULE)
        verdict = Test(tests, conversation, test).verdict()
        conversation.pause(last=True)
    return verdict


def answering(*replies):
    """A submission that greets, knows `answer` as a function, and then answers what it likes."""

    def serve(connection):
        line = Channel(connection)
        for number, reply in enumerate(
            [{"value": None}, {"value": ["there", 0, "function", "answer", "answer"]}, *replies]
        ):
            line.receive()
            line.send({"reply": number + 1, "changed": [], "news": {}, **reply})
        while True:
            line.receive()

    return serve
