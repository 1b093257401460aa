"""Requests to a kernel that may die, hang, flood or lie."""

import asyncio
import json
import time
from collections.abc import Callable
from queue import Empty
from typing import Any

from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.manager import AsyncKernelManager
from nbformat import NotebookNode
from nbformat.v4 import new_output, output_from_msg
from nbformat.validator import isvalid

GRACE_SECONDS = 5.0  # how long an interrupted cell may take to end
POLL_SECONDS = 0.25
NUDGE_SECONDS = 0.05  # between two questions whether the kernel is ready
QUIET_SECONDS = 5.0  # after an answer: then the message that the kernel is idle was lost
NOISE = 1_000  # unreadable messages after which a kernel is given up


class Ended(Exception):
    """The kernel is gone; the message says why, for the student and the instructor."""


class Interrupted(Exception):
    """A cell took too long and was interrupted; the kernel lives on."""


class Room:
    """What is left of the bytes that all cells of a submission may show together."""

    def __init__(self, kib: int) -> None:
        """Begin with so many KiB."""
        self.left = kib * 1024


class Outputs:
    """What a cell showed, up to a limit; the rest is dropped while it arrives."""

    def __init__(self, kib: int, of_all: Room) -> None:
        """Keep up to so many KiB, if there is as much room for all cells."""
        self.kept: list[NotebookNode] = []
        self._own, self._of_all, self._cut = Room(kib), of_all, False

    def add(self, message: dict[str, Any]) -> None:
        """Keep the output of a message if it is a valid one and there is room for it."""
        if self._cut:
            return
        try:
            output = output_from_msg(message)
            size = len(json.dumps(output))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return  # made up by the submission: no kernel sends such a message
        if not isvalid(output, ref="output", version=4, version_minor=5):
            return
        if size > min(self._own.left, self._of_all.left):
            self._cut = True
            self.kept.append(new_output("stream", name="stderr", text="\n[Further output was cut off.]\n"))
            return
        for room in (self._own, self._of_all):
            room.left -= size
        if self.kept and output.output_type == self.kept[-1].output_type == "stream":
            self._merge(output)
        else:
            self.kept.append(output)

    def _merge(self, output: NotebookNode) -> None:
        if output.name == self.kept[-1].name:
            self.kept[-1].text += output.text
        else:
            self.kept.append(output)


class Talk:
    """One kernel and its client."""

    def __init__(self, manager: AsyncKernelManager, client: AsyncKernelClient, ends: float) -> None:
        """Talk until the moment `ends` of the monotonic clock at most."""
        self.manager, self.client, self._ends, self._noise = manager, client, ends, 0

    async def ready(self, seconds: float) -> None:
        """Wait until the kernel answers, and what it publishes is heard.

        What it publishes before its channel is connected is lost, so it is asked again and again.

        Raises
        ------
        Ended
            The kernel died, or does not answer within `seconds`.
        """
        late = time.monotonic() + seconds
        while time.monotonic() < late:
            message = self.client.session.msg("kernel_info_request", {})
            self.client.shell_channel.send(message)
            name, nudge = message["header"]["msg_id"], time.monotonic() + NUDGE_SECONDS
            _, heard = await self._wait(name, nudge, lambda _: None)
            if heard:
                return
        await self.kill(f"It did not answer within {seconds:g} seconds.")

    async def request(
        self, kind: str, content: dict[str, Any], seconds: float, output: Callable[[dict[str, Any]], None]
    ) -> dict[str, Any]:
        """Send a request, pass on what the cell shows, and return the content of the reply.

        Raises
        ------
        Ended
            The kernel died, or had to be killed because it did not let itself be interrupted.
        Interrupted
            The request took longer than `seconds`.
        """
        message = self.client.session.msg(kind, content)
        self.client.shell_channel.send(message)
        name, now = message["header"]["msg_id"], time.monotonic()
        reply, _ = await self._wait(name, min(now + seconds, self._ends), output)
        if reply is not None:
            return reply
        if time.monotonic() >= self._ends:
            await self.kill("The submission took longer than its time limit.")
        await self.manager.interrupt_kernel()
        reply, _ = await self._wait(name, time.monotonic() + GRACE_SECONDS, output)
        if reply is None:
            await self.kill(f"A cell took longer than {seconds:g} seconds and did not let itself be interrupted.")
        raise Interrupted(f"The cell took longer than {seconds:g} seconds and was interrupted.")

    async def kill(self, reason: str) -> None:
        """End the kernel and raise `Ended` with the reason."""
        await self.manager.shutdown_kernel(now=True)
        raise Ended(reason)

    async def _wait(
        self, name: str, deadline: float, output: Callable[[dict[str, Any]], None]
    ) -> tuple[dict[str, Any] | None, bool]:
        """The reply to the request of that name, None if it does not come in time, and whether all was heard.

        The kernel says that it is idle when all that the cell showed has been sent. After a flood that may be lost, the
        reply never is. What the cell showed may come later than the reply, as it takes another way.
        """
        reply: dict[str, Any] | None = None
        looked = heard = time.monotonic()
        while time.monotonic() < deadline:
            message = await self._next(self.client.iopub_channel, POLL_SECONDS)
            if message is None or time.monotonic() - looked > 1:
                looked = time.monotonic()
                if not await self.manager.is_alive():
                    raise Ended("The kernel died: the cell crashed Python, or used more than its share of the machine.")
            if message is None:
                if reply is None:
                    reply, heard = await self._reply(name, time.monotonic() + 0.01), time.monotonic()
                elif time.monotonic() - heard > QUIET_SECONDS:
                    return reply, False
                continue
            heard = time.monotonic()
            if message["parent_header"].get("msg_id") != name:
                continue
            if message["msg_type"] != "status":
                output(message)
            elif message["content"].get("execution_state") == "idle":
                reply = reply or await self._reply(name, deadline)
                return reply, reply is not None
        return reply, False

    async def _reply(self, name: str, deadline: float) -> dict[str, Any] | None:
        while (left := deadline - time.monotonic()) > 0:
            message = await self._next(self.client.shell_channel, min(left, POLL_SECONDS))
            if message and message["parent_header"].get("msg_id") == name:
                content: dict[str, Any] = message["content"]
                return content
            if message is None and not await self.manager.is_alive():
                raise Ended("The kernel died before it could answer.")
        return None

    async def _next(self, channel: Any, seconds: float) -> dict[str, Any] | None:
        """The next message that is one: with a header of its own, a parent and a content."""
        try:
            message: dict[str, Any] = await channel.get_msg(timeout=seconds)
            if isinstance(message["content"], dict) and isinstance(message["parent_header"], dict):
                return message
        except Empty:
            return None
        except (ValueError, KeyError, TypeError, RecursionError):
            pass  # not a message of a kernel: counted below
        self._noise += 1
        if self._noise > NOISE:
            await self.kill("The kernel sent a flood of messages that no kernel sends.")
        await asyncio.sleep(0)
        return None
