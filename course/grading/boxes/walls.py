"""The walls of a box: the bubblewrap command that takes from a program its rights, its neighbours and the network."""

import os
import resource
import secrets
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from course.errors import BoxError
from course.grading.boxes.view import HOME, SITE, WORK, view
from course.grading.limits import Limits

PLAIN_USER = 1000  # who a box's program is inside if the instructor is not root
USERS = range(1_900_000_000, 2_100_000_000)  # numbers that no distribution gives to anybody
CAPABILITIES = ("CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP")  # to become somebody else, after which they are gone


@dataclass(frozen=True)
class Box:
    """What one box is to hold: limits, environment variables, and files shown read-only, by their path inside.

    `folder` is private to the box and outside it.
    """

    folder: Path
    limits: Limits
    environment: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, Path] = field(default_factory=dict)


def tool(name: str, package: str) -> str:
    """The path of a program.

    Raises
    ------
    BoxError
        It is not installed; the message names its Debian package.
    """
    if path := shutil.which(name):
        return path
    raise BoxError(f"The program {name} is missing. Install it: sudo apt-get install {package}")


def walled(box: Box, command: Sequence[str], seccomp: int, info: int | None = None) -> list[str]:
    """The command that runs `command` in a box.

    `seccomp` and `info` are open files, to read the filter of system calls from and to write the number of the box's
    first process to.

    Raises
    ------
    BoxError
        A program or package that every box needs is missing.
    """
    # If memory runs out after all, the system is to end a box and nothing else.
    outside = [tool("choom", "util-linux"), "-n", "1000", "--", tool("bwrap", "bubblewrap")]
    outside += ["--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try"]
    outside += ["--die-with-parent", "--new-session", "--hostname", "box", "--seccomp", str(seccomp)]
    outside += ["--info-fd", str(info)] if info is not None else []
    inside = [*_limited(box.limits), *command]
    if os.getuid() == 0:
        # No user namespace: root of one is root towards files, and is not counted by the limit on processes.
        user = _free_user()
        outside += ["--cap-drop", "ALL", *(word for name in CAPABILITIES for word in ("--cap-add", name))]
        inside = [*_become(user), *inside]
    else:
        user = PLAIN_USER
        outside += ["--unshare-user", "--disable-userns", "--uid", str(user), "--gid", str(user)]
    shown = view(box.folder, box.limits.scratch_mib, user, box.files)
    return [*outside, *shown, *_variables(box.environment), "--chdir", WORK, "--", *inside]


def _free_user() -> int:
    """A number for a user of the box's own, so that what Linux limits by user is limited by box."""
    with Path("/proc/self/uid_map").open() as rows:
        end = max(int(start) + int(count) for start, _, count in map(str.split, rows))
    return secrets.choice(USERS if end >= USERS.stop else range(end // 2, end))


def _become(user: int) -> list[str]:
    identity = ["setpriv", "--reuid", str(user), "--regid", str(user), "--clear-groups", "--no-new-privs"]
    return [*identity, "--bounding-set", "-all", "--inh-caps", "-all", "--ambient-caps", "-all", "--"]


def _limited(limits: Limits) -> list[str]:
    wanted = {
        "as": (resource.RLIMIT_AS, limits.memory_mib * 2**20),
        "nproc": (resource.RLIMIT_NPROC, limits.processes),
        "nofile": (resource.RLIMIT_NOFILE, limits.open_files),
        "fsize": (resource.RLIMIT_FSIZE, limits.file_mib * 2**20),
        "cpu": (resource.RLIMIT_CPU, limits.cpu_seconds),
        "core": (resource.RLIMIT_CORE, 0),
    }
    return ["prlimit", *(f"--{name}={_allowed(kind, value)}" for name, (kind, value) in wanted.items()), "--"]


def _allowed(kind: int, value: int) -> int:
    """A limit cannot be raised above the one that this process has."""
    hard = resource.getrlimit(kind)[1]
    return value if hard == resource.RLIM_INFINITY else min(value, hard)


def _variables(environment: Mapping[str, str]) -> Iterator[str]:
    # Each thread reserves address space, by default an arena of 64 MiB; a machine of 64 cores would meet the limit.
    threads = str(min(os.cpu_count() or 1, 4))
    counts = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")
    defaults = {
        "PATH": f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin",
        "HOME": HOME,
        "LANG": "C.UTF-8",
        "PYTHONPATH": SITE,
        "MALLOC_ARENA_MAX": "2",
        **dict.fromkeys(counts, threads),
    }
    yield "--clearenv"
    for name, value in {**defaults, **environment}.items():
        yield from ("--setenv", name, value)
