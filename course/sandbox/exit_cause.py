"""How a sandbox came to its end, and whose doing that was."""

import signal
from enum import Enum
from pathlib import Path

# What those send who need memory or order on a machine. No sandbox can send them to its own kernel (seccomp.py).
FOREIGN_SIGNALS = {signal.SIGKILL, signal.SIGTERM}
COUNTS = Path("/proc/vmstat")


class Ending(Enum):
    """Why there is nothing in a sandbox any more; the value says it in words."""

    CLOSED = "The grader ended it."
    EXITED = "Its kernel ended: the cell crashed Python, or left it."
    MEMORY = "All processes of the submission together held more than {memory_mib} MiB of memory."
    CPU = "All processes of the submission together used more than {cpu_seconds} seconds of CPU time."
    SOCKETS = "All processes of the submission together had more than {sockets} sockets."
    FILES = "The submission made more than {files} files and folders."
    FLOOD = "Its kernel sent more than the grader has room for."
    KILLED = "A signal ended its kernel, which was not the grader's."
    NO_MEMORY = "The machine ran out of memory, and Linux ended its kernel."

    @property
    def own_doing(self) -> bool | None:
        """Whether the submission brought it about; None if that cannot be told.

        It may have sent the signal itself; and a flood may come from another sandbox of this process.
        """
        if self in (Ending.KILLED, Ending.FLOOD):
            return None
        return self not in (Ending.CLOSED, Ending.NO_MEMORY)


def by_itself(code: int | None, killed_before: int) -> Ending:
    """How a kernel ended that was not closed.

    `code` is its exit code, negative for a signal, None if unknown. `killed_before` is what `out_of_memory_kills` gave
    when it began.
    """
    if code is not None and (code >= 0 or -code not in FOREIGN_SIGNALS):
        return Ending.EXITED
    return Ending.NO_MEMORY if out_of_memory_kills() > killed_before else Ending.KILLED


def out_of_memory_kills() -> int:
    """How many processes Linux has killed, since this machine's start, because there was no memory left."""
    for line in COUNTS.read_text().splitlines():
        if line.startswith("oom_kill "):
            return int(line.split()[1])
    return 0
