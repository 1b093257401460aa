"""The tests' side of a run: a kernel that only runs test cells."""

import math
from typing import Any

from course.errors import MachineFault
from course.grading.execution.client import KernelClient
from course.grading.execution.clock import Clock
from course.grading.execution.faults import Ended, Interrupted
from course.grading.execution.kernel_lifetime import started_kernel
from course.grading.execution.kernel_pair import Pair
from course.grading.execution.relay import Relay

START_SECONDS = 120.0


class TestSide:
    """The kernel of the tests; one that has ended is replaced by another."""

    def __init__(
        self, pair: Pair, relay: Relay, imports: str, values: dict[str, Any], clock: Clock, alone: bool
    ) -> None:
        """Nothing is started yet."""
        self.pair, self.relay, self.clock, self.alone = pair, relay, clock, alone
        self._content = {"imports": imports, "values": values, "folder": pair.scratch, "path": pair.path_of_tests}
        self._talk: KernelClient | None = None
        self._running: Any = None

    async def start(self) -> None:
        """Start a kernel and let it do the imports.

        Raises
        ------
        KernelError, MachineFault
            It does not start: nothing of the submission is in it yet.
        """
        place, environment = str(self.pair.folder), self.pair.environment
        kernel = started_kernel(self.pair.tests(), place, environment, self.clock, math.inf, self.alone)
        talk, self._running = await kernel.__aenter__(), kernel
        try:
            await talk.ready(START_SECONDS)
            await talk.request("tests_open", self._content, START_SECONDS, lambda _: None)
        except (Ended, Interrupted, MachineFault) as error:
            raise MachineFault(f"The kernel of the tests did not start: {error}") from error
        self._talk = talk

    async def end(self) -> None:
        """End the kernel, if there is one."""
        self._talk = None
        if self._running is not None:
            await self._running.__aexit__(None, None, None)
            self._running = None

    async def verdict(self, source: str, seconds: float) -> dict[str, Any]:
        """Run a test cell.

        Raises
        ------
        Ended, Interrupted
            The kernel came to its end, or was at the test for too long; the next test gets another one.
        KernelError, MachineFault
            That was not the submission's doing.
        """
        if self._talk is None:
            await self.start()
        assert self._talk
        try:
            reply = await self._talk.request("tests_run", {"source": source}, seconds, lambda _: None)
            found: dict[str, Any] = reply["verdict"]
        except (Ended, Interrupted):
            await self.end()
            raise
        return found
