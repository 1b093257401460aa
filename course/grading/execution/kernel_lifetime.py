"""A kernel from its start to its end."""

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from jupyter_client.manager import AsyncKernelManager

from course.grading.execution.client import KernelClient
from course.grading.execution.clock import Clock
from course.grading.execution.faults import kernel_processes


@asynccontextmanager
async def started_kernel(
    manager: AsyncKernelManager, folder: str, environment: Mapping[str, str], clock: Clock, deadline: float, alone: bool
) -> AsyncIterator[KernelClient]:
    """Start a kernel, and end it after use; `environment` is added to this process's, a sandbox has its own.

    `deadline` is the clock's time at which it has to be done; `alone` is explained in faults.py.
    """
    options = {"env": os.environ | environment} if environment else {}
    try:
        await manager.start_kernel(cwd=folder, **options)
    except BaseException:  # folder, cores and process of a sandbox that did not start are released in any case
        await manager.cleanup_resources()
        raise
    clock.watch(lambda: kernel_processes(manager))
    client = manager.client()
    client.start_channels(hb=False)
    try:
        yield KernelClient(manager, client, clock, deadline, alone)
    finally:
        client.stop_channels()
        await manager.shutdown_kernel(now=True)
        await manager.cleanup_resources()
