"""Whether sandboxes can be made on this machine, found out by making one."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from course.errors import SandboxError
from course.kernels.oom_score import be_killed_last
from course.limits import Limits
from course.sandbox.bwrap import Sandbox, bwrap_command
from course.sandbox.mounts import SITE
from course.sandbox.seccomp import seccomp_filter

# Reads what every kernel needs: the standard library, the environment and the course's helpers.
_NEEDED = ("ipykernel", "IPython", "zmq", "numpy")
PACKAGE_MISSING = 3  # the exit code if a package, whose name is printed, is not found
TRIAL = f"""
import importlib.util, sys
for name in {_NEEDED}:
    if importlib.util.find_spec(name) is None:
        print(name, file=sys.stderr)
        sys.exit({PACKAGE_MISSING})
open("{SITE}/data_utils/__init__.py").close()
"""
SECONDS = 60
# Settings of Linux that may forbid user namespaces: the value that forbids them, and one that permits them.
SWITCHES = {
    "kernel.unprivileged_userns_clone": ("0", "1"),  # Debian
    "kernel.apparmor_restrict_unprivileged_userns": ("1", "0"),  # Ubuntu
    "user.max_user_namespaces": ("0", "15000"),  # Red Hat
}
KERNEL_SETTINGS = Path("/proc/sys")
ROOT_ADVICE = "Root needs the right to mount here. If this is a container, start it with --privileged."


def sandbox_available() -> str | None:
    """None if a sandbox can be made and Python works in it, else the reason and what to do about it."""
    with tempfile.TemporaryDirectory(prefix="sandbox-") as folder:
        sandbox = Sandbox(Path(folder), Limits())
        try:
            with filter_file(sandbox.folder) as seccomp:
                command = bwrap_command(sandbox, [sys.executable, "-P", "-c", TRIAL], seccomp)
                process = subprocess.run(
                    command, env={}, pass_fds=[seccomp], capture_output=True, timeout=SECONDS, check=False
                )
        except SandboxError as error:
            return str(error)
        except subprocess.TimeoutExpired:
            return f"A trial sandbox did not end within {SECONDS} seconds."
    if process.returncode == 0:
        return None
    output = process.stderr.decode("utf-8", "replace").strip().splitlines() or [f"exit code {process.returncode}"]
    if process.returncode == PACKAGE_MISSING:
        return _package_advice(output[-1])
    return f"No sandbox can be made here ({output[-1]}). {_namespace_advice()}"


@cache
def require_sandboxes() -> None:
    """Make sure, once in each process that makes sandboxes, that they can be made, and that Linux kills them first.

    Raises
    ------
    SandboxError
        They cannot; the message says what to do.
    """
    if reason := sandbox_available():
        raise SandboxError(reason)
    be_killed_last()


@contextmanager
def filter_file(folder: Path) -> Iterator[int]:
    """The filter of system calls as an open file that bubblewrap can inherit."""
    path = folder / "seccomp"
    path.write_bytes(seccomp_filter())
    descriptor = os.open(path, os.O_RDONLY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _package_advice(package: str) -> str:
    """What to do about a package that is not installed, or where no sandbox finds it."""
    spec = find_spec(package)
    place = Path(spec.origin).parent.parent if spec and spec.origin else None
    where = f"it lies in {place}, where pip has installed nothing" if place else "it is not installed here either"
    install = f"{sys.executable} -m pip install {package}"
    return f"In a sandbox, the package {package} cannot be found; {where}. Install it into the environment: {install}"


def _namespace_advice() -> str:
    if os.getuid() == 0:
        return ROOT_ADVICE
    for name, (forbids, permits) in SWITCHES.items():
        switch = Path(KERNEL_SETTINGS, *name.split("."))
        if switch.is_file() and switch.read_text().strip() == forbids:
            return f"This system forbids user namespaces. Permit them: sudo sysctl -w {name}={permits}"
    return "If this is a container, start it with --privileged, or grade outside of it."
