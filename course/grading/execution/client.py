"""Requests to a kernel that may die, hang, flood or lie."""

import asyncio
import logging
import time
from collections.abc import Callable
from queue import Empty
from typing import Any

from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.manager import AsyncKernelManager

from course.errors import MachineFault
from course.grading.execution.clock import Clock
from course.grading.execution.faults import (
    BUSY,
    CellInterrupted,
    KernelEnded,
    cpu_seconds,
    explain_exit,
    explain_silence,
)

log = logging.getLogger(__name__)
GRACE_SECONDS = 5.0  # how long an interrupted cell may take to end
POLL_SECONDS = 0.25
SOON_SECONDS = 0.01
NUDGE_SECONDS = 0.05  # between the first two questions to the kernel whether it is ready
QUIET_SECONDS = 5.0  # of silence after a reply, from which the message that the kernel is idle counts as lost
LEAVE_SECONDS = 10.0  # for a kernel to end after a cell with `exit()`
MAX_UNREADABLE = 1_000  # unreadable messages after which a kernel is given up


class KernelClient:
    """One kernel and its client; all times are those of the submission's clock."""

    def __init__(
        self, manager: AsyncKernelManager, client: AsyncKernelClient, clock: Clock, deadline: float, alone: bool
    ) -> None:
        """Talk to the kernel until the clock's time `deadline` at most; `alone` is explained in faults.py."""
        self.manager, self.client, self.clock, self.alone = manager, client, clock, alone
        self._deadline, self._unreadable = deadline, 0

    async def wait_until_ready(self, seconds: float) -> None:
        """Wait until the kernel answers, and what it publishes arrives.

        What it publishes before its channel is connected is lost, so the question is repeated.

        Raises
        ------
        MachineFault
            The kernel died, or does not answer within `seconds`.
        """
        deadline, interval = self.clock.seconds() + seconds, NUDGE_SECONDS
        while self.clock.seconds() < deadline:
            _, complete = await self._ask(is_past(time.monotonic, time.monotonic() + interval))
            if complete:
                return
            interval = min(2 * interval, QUIET_SECONDS)  # on a busy machine each answer takes that long
        await self.manager.shutdown_kernel(now=True)
        raise MachineFault(f"It did not answer within {seconds:g} seconds.")

    async def request(
        self,
        kind: str,
        content: dict[str, Any],
        seconds: float,
        output: Callable[[dict[str, Any]], None],
        limit: float | None = None,
    ) -> dict[str, Any]:
        """Send a request, pass on what the cell shows, and return the content of the reply.

        `limit` is the limit to tell of where `seconds` are what is left of it.

        Raises
        ------
        KernelEnded
            The kernel died, exited, or had to be killed because it could not be interrupted.
        CellInterrupted
            The request took longer than `seconds`.
        MachineFault
            The machine did not let the request be answered.
        """
        message, limit = self.client.session.msg(kind, content), limit or seconds
        self.client.shell_channel.send(message)
        message_id, start, cpu_before = message["header"]["msg_id"], self.clock.seconds(), cpu_seconds(self.manager)
        deadline = min(start + seconds, self._deadline)
        reply, _ = await self._wait(message_id, is_past(self.clock.seconds, deadline), output)
        if reply is None and deadline < self._deadline:
            await self.manager.interrupt_kernel()
            reply, _ = await self._wait(message_id, self._grace_is_over(), output)
            if reply is None:  # an interrupt just after a cell's last line, while ipykernel flushes, costs the reply
                reply, _ = await self._ask(self._grace_is_over())
            if reply is not None:
                raise CellInterrupted(f"The cell took longer than {limit:g} seconds and was interrupted.")
        if reply is None:
            reason = f"A cell took longer than {limit:g} seconds and did not let itself be interrupted."
            reason = reason if deadline < self._deadline else "The submission took longer than its time limit."
            cpu_used, alone = cpu_seconds(self.manager) - cpu_before, self.alone or deadline == self._deadline
            error = explain_silence(self.manager, reason, cpu_used, self.clock.seconds() - start, alone)
            await self.manager.shutdown_kernel(now=True)
            raise error
        if asks_to_exit(reply):
            await self._wait_for_exit()
        return reply

    async def check_alive(self) -> None:
        """Make sure that the kernel has not ended between two requests.

        Raises
        ------
        KernelEnded, MachineFault
            It has.
        """
        if not await self.manager.is_alive():
            raise await explain_exit(self.manager, self.alone)

    async def _wait_for_exit(self) -> None:
        deadline = self.clock.seconds() + LEAVE_SECONDS
        while await self.manager.is_alive() and self.clock.seconds() < deadline and not self.clock.exhausted:
            await asyncio.sleep(NUDGE_SECONDS)
        await self.manager.shutdown_kernel(now=True)
        raise KernelEnded("The cell ended the kernel.")

    def _grace_is_over(self) -> Callable[[], bool]:
        return is_past(self.clock.seconds, self.clock.seconds() + GRACE_SECONDS)

    async def _ask(self, is_over: Callable[[], bool]) -> tuple[dict[str, Any] | None, bool]:
        """What `_wait` returns for a question that a kernel answers when it is not busy with a cell."""
        message = self.client.session.msg("kernel_info_request", {})
        self.client.shell_channel.send(message)
        return await self._wait(message["header"]["msg_id"], is_over, lambda _: None)

    async def _wait(
        self, message_id: str, is_over: Callable[[], bool], output: Callable[[dict[str, Any]], None]
    ) -> tuple[dict[str, Any] | None, bool]:
        """The reply to the request of that name, None if it does not come in time, and whether all was heard.

        The kernel says that it is idle when all of the cell's output has been sent. After a flood that message may be
        lost; the reply never is. Output may arrive later than the reply, as it comes through another channel.
        """
        reply: dict[str, Any] | None = None
        last_poll, last_message = time.monotonic(), self.clock.seconds()
        begun = False
        while not begun or not is_over():
            begun = True  # on a busy machine the time may be over before this process gets to run
            message = await self._next(self.client.iopub_channel, POLL_SECONDS)
            if message is None or time.monotonic() - last_poll > 1:
                last_poll = time.monotonic()
                if reply is None and (reply := await self._poll_reply(message_id)):
                    last_message = self.clock.seconds()
            if message is None and reply:
                is_quiet = self.clock.seconds() - last_message > QUIET_SECONDS
                if is_quiet or not await self.manager.is_alive():
                    # A last look: if this process stood still meanwhile, something may have arrived.
                    message = await self._next(self.client.iopub_channel, SOON_SECONDS)
                    if message is None:
                        return reply, False
            if message is None:
                continue
            last_message = self.clock.seconds()
            if message["parent_header"].get("msg_id") != message_id:
                continue
            if message["msg_type"] != "status":
                output(message)
            elif message["content"].get("execution_state") == "idle":
                while reply is None and not is_over():
                    reply = await self._poll_reply(message_id, POLL_SECONDS)
                reply = reply or await self._reply(message_id, SOON_SECONDS)
                return reply, reply is not None
        return reply or await self._reply(message_id, SOON_SECONDS), False

    async def _poll_reply(self, message_id: str, seconds: float = SOON_SECONDS) -> dict[str, Any] | None:
        """The reply if it arrives soon; raises the cause if it never will."""
        is_alive = await self.manager.is_alive()  # asked first: the reply may be its last message
        reply = await self._reply(message_id, seconds)
        if reply is None and not is_alive:
            raise await explain_exit(self.manager, self.alone)
        if self.clock.exhausted:
            await self.manager.shutdown_kernel(now=True)
            raise MachineFault(BUSY)
        return reply

    async def _reply(self, message_id: str, seconds: float) -> dict[str, Any] | None:
        deadline = time.monotonic() + seconds
        while (remaining := deadline - time.monotonic()) > 0:
            message = await self._next(self.client.shell_channel, remaining)
            if message and message["parent_header"].get("msg_id") == message_id:
                content: dict[str, Any] = message["content"]
                return content
        return None

    async def _next(self, channel: Any, seconds: float) -> dict[str, Any] | None:
        """The next message that is valid: with a header, a parent header and a content."""
        try:
            message: dict[str, Any] = await channel.get_msg(timeout=seconds)
            if isinstance(message["content"], dict) and isinstance(message["parent_header"], dict):
                return message
        except Empty:
            return None
        except Exception as error:  # noqa: BLE001 - whatever jupyter_client says of what is no message of a kernel
            log.debug("unreadable: %r", error)  # counted below
        self._unreadable += 1
        if self._unreadable > MAX_UNREADABLE:
            await self.manager.shutdown_kernel(now=True)
            raise KernelEnded("The kernel sent a flood of messages that no kernel sends.")
        await asyncio.sleep(0)
        return None


def is_past(clock: Callable[[], float], moment: float) -> Callable[[], bool]:
    """A function that says whether the clock has reached that moment."""
    return lambda: clock() >= moment


def asks_to_exit(reply: dict[str, Any]) -> bool:
    """Whether a kernel says that it will end after this reply, as after `exit()`."""
    payload = reply.get("payload")
    parts = [part for part in payload if isinstance(part, dict)] if isinstance(payload, list) else []
    return any(part.get("source") == "ask_exit" and not part.get("keepkernel") for part in parts)
