"""Requests to a kernel that may die, hang, flood or lie."""

import asyncio
import time
from collections.abc import Callable
from queue import Empty
from typing import Any

from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.manager import AsyncKernelManager

from course.errors import MachineFault
from course.grading.execution.clock import Clock
from course.grading.execution.faults import BUSY, Ended, Interrupted, cause_of_death, cpu_seconds, explain_silence

GRACE_SECONDS = 5.0  # how long an interrupted cell may take to end
POLL_SECONDS = 0.25
SOON_SECONDS = 0.01
NUDGE_SECONDS = 0.05  # between the first two questions whether the kernel is ready
QUIET_SECONDS = 5.0  # after an answer: then the message that the kernel is idle was lost
LEAVE_SECONDS = 10.0  # for a kernel to end after the cell that wants it to
NOISE = 1_000  # unreadable messages after which a kernel is given up


class KernelClient:
    """One kernel and its client; all times are those of the submission's clock."""

    def __init__(
        self, manager: AsyncKernelManager, client: AsyncKernelClient, clock: Clock, ends: float, alone: bool
    ) -> None:
        """Talk until the clock's time `ends` at most; `alone` is explained in faults.py."""
        self.manager, self.client, self.clock, self.alone = manager, client, clock, alone
        self._ends, self._noise = ends, 0

    async def ready(self, seconds: float) -> None:
        """Wait until the kernel answers, and what it publishes is heard.

        What it publishes before its channel is connected is lost, so it is asked again and again.

        Raises
        ------
        MachineFault
            The kernel died, or does not answer within `seconds`.
        """
        late, patience = self.clock.now() + seconds, NUDGE_SECONDS
        while self.clock.now() < late:
            message = self.client.session.msg("kernel_info_request", {})
            self.client.shell_channel.send(message)
            nudge = after(time.monotonic, time.monotonic() + patience)
            _, heard = await self._wait(message["header"]["msg_id"], nudge, lambda _: None)
            if heard:
                return
            patience = min(2 * patience, QUIET_SECONDS)  # on a busy machine each answer takes that long
        await self.manager.shutdown_kernel(now=True)
        raise MachineFault(f"It did not answer within {seconds:g} seconds.")

    async def request(
        self, kind: str, content: dict[str, Any], seconds: float, output: Callable[[dict[str, Any]], None]
    ) -> dict[str, Any]:
        """Send a request, pass on what the cell shows, and return the content of the reply.

        Raises
        ------
        Ended
            The kernel died, left, or had to be killed because it did not let itself be interrupted.
        Interrupted
            The request took longer than `seconds`.
        MachineFault
            The machine did not let the request be answered.
        """
        message = self.client.session.msg(kind, content)
        self.client.shell_channel.send(message)
        name, began, used = message["header"]["msg_id"], self.clock.now(), cpu_seconds(self.manager)
        late = min(began + seconds, self._ends)
        reply, _ = await self._wait(name, after(self.clock.now, late), output)
        if reply is None and late < self._ends:
            await self.manager.interrupt_kernel()
            grace = after(self.clock.now, self.clock.now() + GRACE_SECONDS)
            reply, _ = await self._wait(name, grace, output)
            if reply is not None:
                raise Interrupted(f"The cell took longer than {seconds:g} seconds and was interrupted.")
        if reply is None:
            reason = f"A cell took longer than {seconds:g} seconds and did not let itself be interrupted."
            reason = reason if late < self._ends else "The submission took longer than its time limit."
            used, alone = cpu_seconds(self.manager) - used, self.alone or late == self._ends
            error = explain_silence(self.manager, reason, used, self.clock.now() - began, alone)
            await self.manager.shutdown_kernel(now=True)
            raise error
        if leaves(reply):
            await self._see_it_leave()
        return reply

    async def alive(self) -> None:
        """Make sure that the kernel has not ended between two requests.

        Raises
        ------
        Ended, MachineFault
            It has.
        """
        if not await self.manager.is_alive():
            raise await cause_of_death(self.manager, self.alone)

    async def _see_it_leave(self) -> None:
        late = self.clock.now() + LEAVE_SECONDS
        while await self.manager.is_alive() and self.clock.now() < late and not self.clock.exhausted:
            await asyncio.sleep(NUDGE_SECONDS)
        await self.manager.shutdown_kernel(now=True)
        raise Ended("The cell ended the kernel.")

    async def _wait(
        self, name: str, over: Callable[[], bool], output: Callable[[dict[str, Any]], None]
    ) -> tuple[dict[str, Any] | None, bool]:
        """The reply to the request of that name, None if it does not come in time, and whether all was heard.

        The kernel says that it is idle when all that the cell showed has been sent. After a flood that may be lost, the
        reply never is. What the cell showed may come later than the reply, as it takes another way.
        """
        reply: dict[str, Any] | None = None
        looked, heard = time.monotonic(), self.clock.now()
        begun = False
        while not begun or not over():
            begun = True  # on a busy machine the time may be over before this process has had a turn
            message = await self._next(self.client.iopub_channel, POLL_SECONDS)
            if message is None or time.monotonic() - looked > 1:
                looked = time.monotonic()
                if reply is None and (reply := await self._look(name)):
                    heard = self.clock.now()
            if message is None:
                if reply and (self.clock.now() - heard > QUIET_SECONDS or not await self.manager.is_alive()):
                    return reply, False
                continue
            heard = self.clock.now()
            if message["parent_header"].get("msg_id") != name:
                continue
            if message["msg_type"] != "status":
                output(message)
            elif message["content"].get("execution_state") == "idle":
                while reply is None and not over():
                    reply = await self._look(name, POLL_SECONDS)
                reply = reply or await self._reply(name, SOON_SECONDS)
                return reply, reply is not None
        return reply or await self._reply(name, SOON_SECONDS), False

    async def _look(self, name: str, seconds: float = SOON_SECONDS) -> dict[str, Any] | None:
        """The reply if it is there soon; raises the cause if it will never be."""
        alive = await self.manager.is_alive()  # asked first: the reply may be the last thing that it says
        reply = await self._reply(name, seconds)
        if reply is None and not alive:
            raise await cause_of_death(self.manager, self.alone)
        if self.clock.exhausted:
            await self.manager.shutdown_kernel(now=True)
            raise MachineFault(BUSY)
        return reply

    async def _reply(self, name: str, seconds: float) -> dict[str, Any] | None:
        late = time.monotonic() + seconds
        while (left := late - time.monotonic()) > 0:
            message = await self._next(self.client.shell_channel, left)
            if message and message["parent_header"].get("msg_id") == name:
                content: dict[str, Any] = message["content"]
                return content
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
            await self.manager.shutdown_kernel(now=True)
            raise Ended("The kernel sent a flood of messages that no kernel sends.")
        await asyncio.sleep(0)
        return None


def after(clock: Callable[[], float], moment: float) -> Callable[[], bool]:
    """Whether that moment of the clock has come."""
    return lambda: clock() >= moment


def leaves(reply: dict[str, Any]) -> bool:
    """Whether a kernel says that it ends after this reply, as `exit()` lets it."""
    payload = reply.get("payload")
    parts = [part for part in payload if isinstance(part, dict)] if isinstance(payload, list) else []
    return any(part.get("source") == "ask_exit" and not part.get("keepkernel") for part in parts)
