"""Nothing of what a cell shows is lost because it takes another way than the reply, or because the machine is slow."""

import asyncio
import math
import time
from queue import Empty
from types import SimpleNamespace

import pytest

from course.grading.execution import client
from course.grading.execution.cell_outputs import OutputAllowance, OutputCollector
from course.grading.execution.client import KernelClient
from course.grading.execution.clock import Clock
from course.grading.execution.faults import CellInterrupted, KernelEnded

REQUEST = "the request"


class Channel:
    """Gives each message when so many seconds have passed since it was made."""

    def __init__(self, *messages: tuple[float, dict]) -> None:
        self._began, self._messages = time.monotonic(), list(messages)

    def send(self, message: dict) -> None:
        pass

    async def get_msg(self, timeout: float) -> dict:
        await asyncio.sleep(min(max(self._due(), 0), timeout))
        if self._due() > 0:
            raise Empty
        return self._messages.pop(0)[1]

    def _due(self) -> float:
        """Seconds until the next message is there."""
        return self._messages[0][0] + self._began - time.monotonic() if self._messages else math.inf


class Manager:
    provisioner = None

    async def is_alive(self) -> bool:
        return True

    async def interrupt_kernel(self) -> None:
        raise AssertionError("the cell had ended")


def message(kind: str, **content) -> dict:
    return {"msg_type": kind, "content": content, "parent_header": {"msg_id": REQUEST}}


def talking(iopub: Channel, shell: Channel) -> KernelClient:
    session = SimpleNamespace(msg=lambda kind, content: {"header": {"msg_id": REQUEST}})
    client = SimpleNamespace(session=session, iopub_channel=iopub, shell_channel=shell)
    return KernelClient(Manager(), client, Clock(2), 60, alone=True)


def heard(iopub: Channel, shell: Channel, seconds: float) -> tuple[dict, list[str]]:
    """The reply, and the texts that were heard."""
    texts: list[str] = []
    one = talking(iopub, shell)
    reply = asyncio.run(one.request("execute_request", {}, seconds, lambda said: texts.append(said["content"]["text"])))
    return reply, texts


@pytest.fixture(autouse=True)
def _short_times(monkeypatch):
    monkeypatch.setattr(client, "POLL_SECONDS", 0.05)
    monkeypatch.setattr(client, "QUIET_SECONDS", 0.3)


@pytest.mark.slow
def test_what_comes_later_than_the_reply_of_a_long_quiet_cell_is_heard(monkeypatch):
    monkeypatch.setattr(client, "QUIET_SECONDS", 2)  # less than before the reply, far more than a busy machine stalls
    shell = Channel((2.5, message("execute_reply", status="ok")))
    iopub = Channel(
        (0, message("status", execution_state="busy")),
        (2.6, message("stream", text="late")),
        (2.7, message("status", execution_state="idle")),
    )
    assert heard(iopub, shell, 30) == ({"status": "ok"}, ["late"])


class StandingStill(Channel):
    """This process stands still while it waits for a second message, which arrives meanwhile."""

    async def get_msg(self, timeout: float) -> dict:
        if len(self._messages) == 1 and timeout > client.SOON_SECONDS:
            time.sleep(2 * client.QUIET_SECONDS)
            raise Empty
        return await super().get_msg(timeout)


@pytest.mark.slow
def test_what_arrives_while_this_process_stands_still_is_heard():
    shell = Channel((0, message("execute_reply", status="ok")))
    iopub = StandingStill((0, message("status", execution_state="busy")), (0.1, message("stream", text="late")))
    assert heard(iopub, shell, 30) == ({"status": "ok"}, ["late"])


class Hanging(Manager):
    async def interrupt_kernel(self) -> None:
        self.interrupted = True

    async def shutdown_kernel(self, now: bool) -> None:
        pass


@pytest.mark.slow
def test_the_limit_is_told_and_not_what_was_left_of_it(monkeypatch):
    monkeypatch.setattr(client, "GRACE_SECONDS", 0.6)
    one = talking(Channel(), Channel())
    one.manager = Hanging()
    with pytest.raises(KernelEnded, match="A cell took longer than 300 seconds and did not let itself be interrupted"):
        asyncio.run(one.request("execute_request", {}, 0.6, lambda _: None, limit=300))
    one = talking(Channel(), Channel((1.5, message("execute_reply", status="error"))))
    one.manager = Hanging()
    monkeypatch.setattr(client, "GRACE_SECONDS", 30)
    with pytest.raises(CellInterrupted, match="The cell took longer than 300 seconds and was interrupted"):
        asyncio.run(one.request("execute_request", {}, 0.6, lambda _: None, limit=300))


def test_a_reply_counts_if_the_kernel_is_never_heard_to_be_idle():
    shell = Channel((0.1, message("execute_reply", status="ok")))
    assert heard(Channel((0, message("stream", text="flood"))), shell, 30) == ({"status": "ok"}, ["flood"])


def test_a_reply_counts_if_the_time_is_over_before_the_kernel_is_idle(monkeypatch):
    monkeypatch.setattr(client, "QUIET_SECONDS", 30)
    shell = Channel((0.1, message("execute_reply", status="ok")))
    assert heard(Channel(), shell, 0.5) == ({"status": "ok"}, [])


def test_a_kernel_is_ready_only_when_it_is_heard_too():
    shell = Channel(*((0.1 * number, message("kernel_info_reply", status="ok")) for number in range(20)))
    began = time.monotonic()
    asyncio.run(talking(Channel((0.8, message("status", execution_state="idle"))), shell).wait_until_ready(30))
    assert time.monotonic() - began >= 0.8


def printed(text: str) -> dict:
    about = {"name": "stdout", "text": text}
    return {"msg_type": "stream", "content": about, "parent_header": {}, "header": {"msg_type": "stream"}}


class OddChannel(Channel):
    """First says what jupyter_client says of a message of an odd version."""

    async def get_msg(self, timeout: float) -> dict:
        if self._messages and self._messages[0][1] is None:
            self._messages.pop(0)
            raise AttributeError("'int' object has no attribute 'split'")
        return await super().get_msg(timeout)


def test_what_is_no_message_is_left_out():
    iopub = OddChannel((0, None), (0, message("stream", text="later")), (0, message("status", execution_state="idle")))
    reply, texts = heard(iopub, Channel((0, message("execute_reply", status="ok"))), 5)
    assert reply == {"status": "ok"} and texts == ["later"]


def test_all_cells_share_the_room_for_outputs():
    room = OutputAllowance(3)
    cells = [OutputCollector(2, room) for _ in range(4)]
    for one in cells:
        for _ in range(9):
            one.add(printed("x" * 450))
    sizes = [sum(len(output.text) for output in one.outputs if output.name == "stdout") for one in cells]
    assert sizes == [4 * 450, 2 * 450, 0, 0]
    assert all(one.outputs[-1].text == "\n[Further output was cut off.]\n" for one in cells)


def test_what_is_small_is_still_shown_after_what_was_too_large():
    room = OutputAllowance(3)
    large, small = OutputCollector(2, room), OutputCollector(2, room)
    large.add(printed("x" * 5000))
    small.add(printed("here"))
    assert [output.text for output in large.outputs] == ["\n[Further output was cut off.]\n"]
    assert [output.text for output in small.outputs] == ["here"]
