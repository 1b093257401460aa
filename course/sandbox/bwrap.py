"""The bubblewrap command that runs a program without rights, network or sight of other processes."""

import os
import resource
import secrets
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from course.errors import SandboxError
from course.kernels.cgroups import Group, parent
from course.limits import Limits
from course.sandbox.mounts import HOME, SITE, WORK, mount_arguments, other_package_folders

PLAIN_USER = 1000  # the user inside a sandbox if the instructor is not root
USER_NUMBERS = range(1_900_000_000, 2_100_000_000)  # which no distribution assigns
# Says when the sandbox is ready to be joined, and keeps it open until its standard input is closed. As the first
# process nothing inside can kill it; as it is not "dumpable", nothing can take it over. It reaps orphaned processes, so
# that their CPU time is counted as its children's.
SANDBOX_READY = b"ready\n"
WAIT = """
import ctypes, os, signal
def clear(*_):
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass
ctypes.CDLL(None).prctl(4, 0, 0, 0, 0)
signal.signal(signal.SIGCHLD, clear)
signal.signal(signal.SIGINT, signal.SIG_DFL)
print("ready", flush=True)
os.read(0, 1)
"""
# What a control group counts beside the memory of processes and files, and beside the submission's own processes.
KERNEL_MIB, SPARE_PROCESSES = 512, 16
CPU_GRACE_SECONDS = 5  # after which a process that uses too much CPU time ends even if the watchdog stands still
CAPABILITIES = ("CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP")  # to become somebody else, after which they are gone


@dataclass(frozen=True)
class Sandbox:
    """What goes into one sandbox: limits, environment variables, and files shown read-only, by their path inside.

    `folder` is private to the sandbox and outside it. `user` is the number of the user inside. `cores` are the numbers
    of the cores it runs on; all if empty. `group` is its control group, if it has one.
    """

    folder: Path
    limits: Limits
    environment: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, Path] = field(default_factory=dict)
    cores: tuple[int, ...] = ()
    group: Group | None = None
    user: int = field(default_factory=lambda: _free_user() if os.getuid() == 0 else PLAIN_USER)


def find_program(name: str, package: str) -> str:
    """The path of a program.

    Raises
    ------
    SandboxError
        It is not installed; the message names its Debian package.
    """
    if path := shutil.which(name):
        return path
    raise SandboxError(f"The program {name} is missing. Install it: sudo apt-get install {package}")


def bwrap_command(sandbox: Sandbox, command: Sequence[str] | None, seccomp: int, info: int | None = None) -> list[str]:
    """The command that runs `command` in a sandbox, or without a command makes a sandbox for others to join.

    `seccomp` and `info` are open files: one to read the filter of system calls from, one to write the number of the
    sandbox's first process to.

    Raises
    ------
    SandboxError
        A program or package that every sandbox needs is missing.
    """
    # If memory runs out after all, Linux should kill a sandbox and nothing else.
    wrappers = [find_program("choom", "util-linux"), "-n", "1000", "--"]
    if sandbox.cores:
        wrappers += [find_program("taskset", "util-linux"), "-c", ",".join(map(str, sandbox.cores))]
    wrappers += [find_program("bwrap", "bubblewrap")]
    wrappers += ["--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try"]
    wrappers += ["--die-with-parent", "--new-session", "--hostname", "sandbox", "--seccomp", str(seccomp)]
    wrappers += ["--info-fd", str(info)] if info is not None else []
    limits = {name: f"--{name}={value}" for name, value in resource_limits(sandbox.limits).items()}
    # Inside, the filter of system calls refuses to set this one.
    wrappers = [find_program("prlimit", "util-linux"), limits.pop("cpu"), "--", *wrappers]
    program = ["prlimit", *limits.values(), "--", *(command or (sys.executable, "-I", "-S", "-c", WAIT))]
    wrappers += [] if command else ["--as-pid-1"]
    if os.getuid() == 0:
        # No user namespace: its root would be root towards files, and be exempt from the limit on processes.
        wrappers += ["--cap-drop", "ALL", *(argument for name in CAPABILITIES for argument in ("--cap-add", name))]
        program = [*_become_user(sandbox.user), *program]
    else:
        wrappers += ["--unshare-user", "--disable-userns", "--uid", str(sandbox.user), "--gid", str(sandbox.user)]
    mounts = mount_arguments(sandbox.folder, sandbox.limits.scratch_mib, sandbox.user, sandbox.files)
    variables = [
        argument
        for name, value in sandbox_variables(sandbox.environment).items()
        for argument in ("--setenv", name, value)
    ]
    arguments = [*wrappers, *mounts, "--clearenv", *variables, "--chdir", WORK, "--", *program]
    return sandbox.group.joining(arguments) if sandbox.group else arguments


def sandbox_group(limits: Limits) -> Group | None:
    """A control group with the limits of a sandbox, where this user may make one."""
    if (parent_group := parent()) is None:
        return None
    memory = limits.memory_mib + limits.scratch_mib + KERNEL_MIB
    group_limits = {"memory.max": memory * 2**20, "memory.swap.max": 0, "memory.oom.group": 1, "cpu.weight": 100}
    return Group(parent_group, group_limits | {"pids.max": limits.processes + SPARE_PROCESSES})


def _free_user() -> int:
    """A number for a user of the sandbox's own, so that what Linux limits by user is limited by sandbox."""
    with Path("/proc/self/uid_map").open() as rows:
        end = max(int(start) + int(count) for start, _, count in map(str.split, rows))
    return secrets.choice(USER_NUMBERS if end >= USER_NUMBERS.stop else range(end // 2, end))


def _become_user(user: int) -> list[str]:
    identity = [
        "setpriv",
        "--pdeathsig",
        "keep",
        "--reuid",
        str(user),
        "--regid",
        str(user),
        "--clear-groups",
        "--no-new-privs",
    ]
    return [*identity, "--bounding-set", "-all", "--inh-caps", "-all", "--ambient-caps", "-all", "--"]


def resource_limits(limits: Limits) -> dict[str, int]:
    """The limits that Linux sets for each process or user, by prlimit's names."""
    values = {
        "as": limits.memory_mib * 2**20,
        "nproc": limits.processes,
        "nofile": limits.open_files,
        "fsize": limits.file_mib * 2**20,
        "cpu": limits.cpu_seconds + CPU_GRACE_SECONDS,  # the watchdog sums it over all processes
        "core": 0,
        # A submission does not need these; they would take memory that no other limit counts, or others' CPU time.
        "msgqueue": 0,
        "memlock": 2**16,
        "sigpending": 1024,
        "rtprio": 0,
        "nice": 0,
    }
    # A limit cannot be raised above the one that this process has.
    hard_limits = {name: resource.getrlimit(getattr(resource, f"RLIMIT_{name.upper()}"))[1] for name in values}
    return {
        name: value if hard_limits[name] == resource.RLIM_INFINITY else min(value, hard_limits[name])
        for name, value in values.items()
    }


def sandbox_variables(environment: Mapping[str, str]) -> dict[str, str]:
    """All environment variables of a sandbox: those given, and what every sandbox needs."""
    # Each thread reserves address space, by default an arena of 64 MiB: a thread per core would exceed the limit at 64.
    threads = str(min(os.cpu_count() or 1, 4))
    thread_counts = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")
    return {
        "PATH": f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin",
        "HOME": HOME,
        "LANG": "C.UTF-8",
        "PYTHONPATH": os.pathsep.join([SITE, *map(str, other_package_folders())]),
        "MALLOC_ARENA_MAX": "2",
        **dict.fromkeys(thread_counts, threads),
        **environment,
    }
