"""Control groups (version 2) for what runs code of others, where this user may make them.

Root may; another user may in a group that was handed over to it, as by `systemd-run --user --scope -p Delegate=yes`.
The time of a group is known wherever there is one; its limits need controllers, which Linux gives only to groups that
have no processes beside other groups. So this process moves to a group beside them first.
"""

import errno
import os
import time
import uuid
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path

MOUNTS, OWN = Path("/proc/mounts"), Path("/proc/self/cgroup")
CONTROLLERS = ("cpu", "memory", "pids")
BESIDE, PREFIX = "course-grader", "course-sandbox-"
ABANDONED_SECONDS = 60  # after which a group without processes is not one that has just been made
END_SECONDS = 60
MEMBERS = "cgroup.procs"


class Group:
    """A group for one sandbox."""

    def __init__(self, parent: Path, limits: Mapping[str, int]) -> None:
        """Make it; of its limits, by their files' names, those hold for which there is a controller."""
        self.path = parent / f"{PREFIX}{os.getpid()}-{uuid.uuid4().hex}"
        self.path.mkdir()
        for name, value in limits.items():
            if (file := self.path / name).exists():
                file.write_text(str(value))

    def joining(self, command: list[str]) -> list[str]:
        """A command that joins the group and becomes this one."""
        return ["sh", "-c", 'echo $$ > "$0" && exec "$@"', str(self.path / MEMBERS), *command]

    def cpu_seconds(self) -> float:
        """The CPU time of all processes that are or were in the group."""
        return self._count("cpu.stat", "usage_usec") / 1_000_000

    def ran_out_of_memory(self) -> bool:
        """Whether one of its processes was ended because the group met its own limit."""
        return (self.path / "memory.events").exists() and self._count("memory.events", "oom_kill") > 0

    def _count(self, file: str, name: str) -> int:
        (value,) = (line.split()[1] for line in (self.path / file).read_text().splitlines() if line.split()[0] == name)
        return int(value)

    def remove(self) -> None:
        """Remove it, as soon as its last process has ended."""
        late = time.monotonic() + END_SECONDS
        while True:
            try:
                self.path.rmdir()
            except FileNotFoundError:
                return
            except OSError as error:
                if error.errno != errno.EBUSY or time.monotonic() > late:
                    raise
                time.sleep(0.01)
            else:
                return


@cache
def parent() -> Path | None:
    """The group in which this process may make others; None if there is none. It may be moved to one beside them."""
    mounts = (line.split() for line in MOUNTS.read_text().splitlines())
    root = next((Path(words[1]) for words in mounts if words[2] == "cgroup2"), None)
    names = [line.removeprefix("0::/") for line in OWN.read_text().splitlines() if line.startswith("0::/")]
    if root is None or not names or names[0].startswith(".."):  # a group outside of what is shown here
        return None
    own = root / names[0]
    own = own.parent if own.name == BESIDE else own
    if not os.access(own / MEMBERS, os.W_OK):
        return None
    try:
        _tidy(own)
        _divide(own)
    except OSError:
        return None  # mounted read-only, or not ours to divide
    return own


def _divide(own: Path) -> None:
    """Make sure that groups can be made here, with all controllers that there are."""
    probe = own / f"{PREFIX}{uuid.uuid4().hex}"
    probe.mkdir()
    probe.rmdir()
    wanted = set(CONTROLLERS) & set((own / "cgroup.controllers").read_text().split())
    if not wanted - set((own / "cgroup.subtree_control").read_text().split()):
        return
    beside = own / BESIDE
    beside.mkdir(exist_ok=True)
    (beside / MEMBERS).write_text("0")
    with suppress(OSError):  # others are in this group: it stays without limits
        (own / "cgroup.subtree_control").write_text(" ".join(f"+{name}" for name in sorted(wanted)))


def _tidy(own: Path) -> None:
    """Remove what was left by a grader that was killed."""
    for group in own.glob(f"{PREFIX}*"):
        if maker_lives(group):
            continue  # on a busy machine a group can be empty for minutes before its first process joins it
        with suppress(OSError):  # in use, or just removed by another one
            if time.time() - group.stat().st_mtime > ABANDONED_SECONDS:
                group.rmdir()


def maker_lives(group: Path) -> bool:
    """Whether the process that has made a group is still there, as far as this one sees others."""
    number = group.name.removeprefix(PREFIX).partition("-")[0]
    return number.isdigit() and Path("/proc", number).exists()
