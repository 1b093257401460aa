"""Waiting for pipes and processes by their descriptors, of any number: `select` takes none above 1023."""

import os
import select

OUTPUT_BYTES = 8192  # read or kept at most of what a sandbox wrote on its standard output and error


def is_readable(descriptor: int, seconds: float | None = 0) -> bool:
    """Whether a pipe holds something or was closed, or a process has ended, within so many seconds; None: for ever."""
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(None if seconds is None else seconds * 1000))


def read_pipe(pipe: int, size: int = OUTPUT_BYTES) -> bytes | None:
    """What a pipe holds now: None if it holds nothing, no bytes if it was closed."""
    return os.read(pipe, size) if is_readable(pipe) else None
