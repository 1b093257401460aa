"""A kernel from its start to its end."""

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from jupyter_client.manager import AsyncKernelManager

from course.grading.talk import Talk


@asynccontextmanager
async def running(
    manager: AsyncKernelManager, place: str, environment: Mapping[str, str], ends: float
) -> AsyncIterator[Talk]:
    """A started kernel, and its end; `environment` is added to this process's, a box has its own."""
    options = {"env": os.environ | environment} if environment else {}
    await manager.start_kernel(cwd=place, **options)
    client = manager.client()
    client.start_channels(hb=False)
    try:
        yield Talk(manager, client, ends)
    finally:
        client.stop_channels()
        await manager.shutdown_kernel(now=True)
        await manager.cleanup_resources()
