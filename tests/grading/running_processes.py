"""Which processes of the machine were started below a folder for temporary files: graders' workers, fork servers,
bubblewrap, and whatever submissions start."""

import time
from contextlib import suppress
from pathlib import Path


def processes_of(temporary: Path) -> list[str]:
    """The command lines of all processes of the machine that have this folder as TMPDIR, in a command or in a mount.

    A process in a sandbox knows nothing of the folder; but small files in its /etc are mounted from there.
    """
    return [found for process in Path("/proc").glob("[0-9]*") if (found := command_if_of(process, temporary.name))]


def command_if_of(process: Path, name: str) -> str:
    """The command line of a process that has to do with a folder of that name, else nothing."""
    with suppress(OSError):  # it has ended, or is of a user whose processes are none of ours
        command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        texts = [command.encode(), (process / "environ").read_bytes(), (process / "mountinfo").read_bytes()]
        ours = "resource_tracker" in command  # multiprocessing's own, which ends with the tests
        if not ours and any(name.encode() in text for text in texts):
            return f"{process.name} {command}"
    return ""


def left_running(temporary: Path, seconds: float = 60) -> list[str]:
    """Those that are still there after so many seconds: workers are told to end, and nobody waits for them."""
    late = time.monotonic() + seconds
    while (found := processes_of(temporary)) and time.monotonic() < late:
        time.sleep(0.1)
    return found
