"""Kernels as copies of a fork server's process, which join a sandbox: what the server is asked for."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from course.kernels.forkserver import Preload
from course.kernels.forkserver_main import KernelRequest, SandboxToJoin
from course.sandbox.bwrap import Sandbox, resource_limits, sandbox_variables
from course.sandbox.mounts import KERNEL_FILE, WORK
from course.sandbox.seccomp import seccomp_filter


def preload_of(imports: str, kernel_file: Path, environment: Mapping[str, str], named_files: Iterable[str]) -> Preload:
    """What the fork server of such sandboxes does before it copies kernels; `named_files` differ between sandboxes."""
    variables = {name: value for name, value in sandbox_variables(environment).items() if name not in named_files}
    return Preload(imports, kernel_file, tuple(sorted(variables.items())), KERNEL_FILE)


def copy_request(sandbox: Sandbox, argv: list[str], first_pid: int) -> KernelRequest:
    """Ask for a kernel with these arguments in the sandbox whose first process is `first_pid`."""
    sandbox_to_join: SandboxToJoin = {
        "first": first_pid,
        "cores": list(sandbox.cores),
        "group": str(sandbox.group.path) if sandbox.group else None,
        "limits": resource_limits(sandbox.limits),
        "user": sandbox.user if os.getuid() == 0 else None,
        "seccomp": seccomp_filter().hex(),
    }
    return {
        "argv": argv,
        "folder": WORK,
        "environment": sandbox_variables(sandbox.environment),
        "sandbox": sandbox_to_join,
    }
