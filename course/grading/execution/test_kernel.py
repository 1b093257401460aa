"""The tests' side of a run: a kernel that runs only test cells."""

import math
from typing import Any

from course.errors import MachineFault
from course.grading.execution.client import KernelClient
from course.grading.execution.clock import Clock
from course.grading.execution.faults import CellInterrupted, KernelEnded
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
        self._content = {"imports": imports, "values": values, "folder": pair.scratch, "path": pair.path_of_questions}
        self._client: KernelClient | None = None
        self._kernel: Any = None

    async def start(self) -> None:
        """Start a kernel and let it do the imports.

        Raises
        ------
        KernelError, MachineFault
            It does not start; the submission cannot have caused that.
        """
        folder, environment = str(self.pair.folder), self.pair.environment
        kernel = started_kernel(self.pair.tests(), folder, environment, self.clock, math.inf, self.alone)
        client, self._kernel = await kernel.__aenter__(), kernel
        try:
            await client.wait_until_ready(START_SECONDS)
            await client.request("tests_open", self._content, START_SECONDS, lambda _: None)
        except (KernelEnded, CellInterrupted, MachineFault) as error:
            raise MachineFault(f"The kernel of the tests did not start: {error}") from error
        self._client = client

    async def end(self) -> None:
        """End the kernel, if there is one."""
        self._client = None
        if self._kernel is not None:
            await self._kernel.__aexit__(None, None, None)
            self._kernel = None

    async def verdict(self, source: str, seconds: float) -> dict[str, Any]:
        """Run a test cell.

        Raises
        ------
        KernelEnded, CellInterrupted
            The kernel ended, or the test took too long; the next test gets another kernel.
        KernelError, MachineFault
            The submission did not cause the failure.
        """
        if self._client is None:
            await self.start()
        assert self._client
        try:
            reply = await self._client.request("tests_run", {"source": source}, seconds, lambda _: None)
            verdict: dict[str, Any] = reply["verdict"]
        except (KernelEnded, CellInterrupted):
            await self.end()
            raise
        return verdict
