"""Why a sandbox ended, and whether the submission caused it."""

import os
import signal
import subprocess
from enum import Enum
from pathlib import Path
from typing import Any

from course.kernels.pipes import OUTPUT_BYTES, is_readable

END_SECONDS = 60  # for a machine that stands still for a while
# What Linux or an administrator sends to end a process. No sandbox can send them to its own kernel (seccomp.py).
FOREIGN_SIGNALS = {signal.SIGKILL, signal.SIGTERM}
VMSTAT = Path("/proc/vmstat")


class ExitCause(Enum):
    """Why a sandbox ended; the value says it in a sentence."""

    CLOSED = "The grader ended it."
    EXITED = "Its kernel ended: the cell crashed Python, or left it."
    MEMORY = "All processes of the submission together held more than {memory_mib} MiB of memory."
    CPU = "All processes of the submission together used more than {cpu_seconds} seconds of CPU time."
    SOCKETS = "All processes of the submission together had more than {sockets} sockets."
    FILES = "The submission made more than {files} files and folders."
    FLOOD = "Its kernel sent more than the grader has room for."
    UNMEASURED = "What it used could not be measured any more; the log says why."
    KILLED = "A signal ended its kernel, which was not the grader's."
    NO_MEMORY = "The machine ran out of memory, and Linux ended its kernel."

    @property
    def by_submission(self) -> bool | None:
        """Whether the submission caused it; None if that cannot be known.

        It may have sent the signal itself, or hindered the measuring; and a flood may come from another sandbox of this
        process.
        """
        if self in (ExitCause.KILLED, ExitCause.FLOOD, ExitCause.UNMEASURED):
            return None
        return self not in (ExitCause.CLOSED, ExitCause.NO_MEMORY)


def classify_exit(code: int | None, kills_before: int) -> ExitCause:
    """Why a kernel ended that the grader did not end.

    `code` is its exit code, negative for a signal, None if unknown. `kills_before` is what `out_of_memory_kills`
    returned when the kernel started.
    """
    if code is not None and (code >= 0 or -code not in FOREIGN_SIGNALS):
        return ExitCause.EXITED
    return ExitCause.NO_MEMORY if out_of_memory_kills() > kills_before else ExitCause.KILLED


def out_of_memory_kills() -> int:
    """How many processes Linux has killed for lack of memory since this machine's start."""
    for line in VMSTAT.read_text().splitlines():
        if line.startswith("oom_kill "):
            return int(line.split()[1])
    return 0


def exit_code_of(bubblewrap: Any) -> int | None:
    """The exit code of a kernel that bubblewrap started, negative for a signal; None if it does not end."""
    try:
        code: int = bubblewrap.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        return None
    return 128 - code if code > 128 else code


def reported_exit_code(pipe: int) -> int | None:
    """The exit code of a copied kernel, as forkserver_main.py reports it; None if it reports none."""
    output = b""
    while is_readable(pipe, END_SECONDS) and (part := os.read(pipe, OUTPUT_BYTES)):
        output += part
    return int(output) if output else None
