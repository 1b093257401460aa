"""Control groups (version 2) for sandboxes, where this user may make them.

Root may; another user may in a group that was handed over to it, as by `systemd-run --user --scope -p Delegate=yes`.
The CPU time of a group is always known; its limits need controllers, which Linux gives only to the children of a
group that has no processes itself. So this process first moves to a child group of its own, beside the sandboxes'.
"""

import errno
import os
import time
import uuid
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path

MOUNTS, OWN_CGROUP = Path("/proc/mounts"), Path("/proc/self/cgroup")
CONTROLLERS = ("cpu", "memory", "pids")
GRADER_GROUP, PREFIX = "course-grader", "course-sandbox-"
ABANDONED_SECONDS = 60  # a group without processes that is older than this is not about to be used
_END_SECONDS = 60
MEMBERS = "cgroup.procs"


class Group:
    """A group for one sandbox."""

    def __init__(self, parent: Path, limits: Mapping[str, int]) -> None:
        """Make it, with those limits, named by their files, for which there is a controller."""
        self.path = parent / f"{PREFIX}{os.getpid()}-{uuid.uuid4().hex}"
        self.path.mkdir()
        for name, value in limits.items():
            if (file := self.path / name).exists():
                file.write_text(str(value))

    def joining(self, command: list[str]) -> list[str]:
        """A command that joins the group and then runs the given one in the same process."""
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
        """Remove it as soon as its last process has ended."""
        deadline = time.monotonic() + _END_SECONDS
        while True:
            try:
                self.path.rmdir()
            except FileNotFoundError:
                return
            except OSError as error:
                if error.errno != errno.EBUSY or time.monotonic() > deadline:
                    raise
                time.sleep(0.01)
            else:
                return


@cache
def parent() -> Path | None:
    """The group in which this process may make others, or None. This process may be moved into a child of it."""
    mounts = (line.split() for line in MOUNTS.read_text().splitlines())
    root = next((Path(fields[1]) for fields in mounts if fields[2] == "cgroup2"), None)
    names = [line.removeprefix("0::/") for line in OWN_CGROUP.read_text().splitlines() if line.startswith("0::/")]
    if root is None or not names or names[0].startswith(".."):  # the group lies outside of what is mounted here
        return None
    group = root / names[0]
    group = group.parent if group.name == GRADER_GROUP else group
    if not os.access(group / MEMBERS, os.W_OK):
        return None
    try:
        _remove_abandoned_groups(group)
        _enable_controllers(group)
    except OSError:
        return None  # mounted read-only, or handed over to another user
    return group


def _enable_controllers(group: Path) -> None:
    """Check that groups can be made here, and enable all available controllers for them."""
    probe = group / f"{PREFIX}{uuid.uuid4().hex}"
    probe.mkdir()
    probe.rmdir()
    wanted = set(CONTROLLERS) & set((group / "cgroup.controllers").read_text().split())
    if not wanted - set((group / "cgroup.subtree_control").read_text().split()):
        return
    grader_group = group / GRADER_GROUP
    grader_group.mkdir(exist_ok=True)
    (grader_group / MEMBERS).write_text("0")
    with suppress(OSError):  # other processes are in this group: its children get no limits
        (group / "cgroup.subtree_control").write_text(" ".join(f"+{name}" for name in sorted(wanted)))


def _remove_abandoned_groups(parent_group: Path) -> None:
    """Remove the groups of graders that were killed."""
    for group in parent_group.glob(f"{PREFIX}*"):
        if maker_lives(group):
            continue  # on a busy machine a group can be empty for minutes before its first process joins it
        with suppress(OSError):  # in use, or just removed by another grader
            if time.time() - group.stat().st_mtime > ABANDONED_SECONDS:
                group.rmdir()


def maker_lives(group: Path) -> bool:
    """Whether the process that made a group still runs, as far as this process can see others."""
    number = group.name.removeprefix(PREFIX).partition("-")[0]
    return number.isdigit() and Path("/proc", number).exists()
