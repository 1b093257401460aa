"""Kernels without a sandbox that start with their imports done: for runs of many short notebooks that are trusted."""

import asyncio
import os
import signal
import sys
import time
import uuid
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning.local_provisioner import LocalProvisioner
from traitlets import Dict, Float, Instance, List, Unicode

from course.errors import KernelError
from course.kernels.forkserver import INLINE, Preload, fork_server
from course.kernels.forkserver_main import KernelRequest
from course.kernels.pipes import is_readable

IPYTHON_KERNEL = Path(__file__).with_name("ipython_kernel.py")
_QUIET = {"TF_CPP_MIN_LOG_LEVEL": "3", **INLINE}


class CopiedKernel:
    """A kernel that is not this process's child, with the part of subprocess.Popen that Jupyter uses."""

    stdin = stdout = stderr = None

    def __init__(self, pid: int) -> None:
        """Open a handle on the process."""
        self.pid = pid
        self._handle = os.pidfd_open(pid)

    def poll(self) -> int | None:
        """None while it runs, then 0: its exit code is unknown."""
        return 0 if is_readable(self._handle) else None

    def wait(self) -> int:
        """Wait for its end."""
        is_readable(self._handle, None)
        os.close(self._handle)
        return 0

    def send_signal(self, number: int) -> None:
        """Send a signal to it, unless it has ended."""
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._handle, number)


class WarmProvisioner(LocalProvisioner):
    """Gets its process from a fork server; `seconds` says how long it waited for the imports."""

    seconds = Dict(value_trait=Float())

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Start a kernel with the arguments that follow the name of the launcher in `cmd`.

        Raises
        ------
        KernelError
            The imports failed.
        """
        manager: WarmKernelManager = self.parent
        environment = {name: str(value) for name, value in (kwargs.get("env") or os.environ).items()} | _QUIET
        self.cwd = kwargs.get("cwd") or str(Path.cwd())
        server = fork_server(Preload(manager.imports, manager.kernel_file, tuple(sorted(environment.items()))))
        start = time.monotonic()
        await asyncio.to_thread(server.wait)
        self.seconds = {"imports": time.monotonic() - start}
        request: KernelRequest = {
            "argv": cmd[cmd.index("-f") - 1 :],
            "folder": str(self.cwd),
            "environment": environment,
            "sandbox": None,
        }
        status_reader, status_writer = os.pipe()
        with Path(os.devnull).open("wb") as output, os.fdopen(status_reader, "rb") as status:
            try:
                server.request_kernel(request, [output.fileno(), status_writer])
            finally:
                os.close(status_writer)
            _, _, pid = (await asyncio.to_thread(status.read)).partition(b" ")
        if not pid:
            raise KernelError("A kernel that was to be copied did not start.")
        self.process = cast(Any, CopiedKernel(int(pid)))
        self.pid = self.pgid = int(pid)
        return self.connection_info


class WarmKernelManager(AsyncKernelManager):
    """Starts Python kernels that have executed `imports`; no other notebook's names or objects are in them."""

    imports = Unicode(help="Import statements, one a line.").tag(config=True)
    kernel_file = Instance(Path, args=(IPYTHON_KERNEL,), help="A Python file that defines `launch`.").tag(config=True)
    arguments = List(Unicode(), help="Further arguments for that file.").tag(config=True)
    ipykernel = True

    @property
    def kernel_spec(self) -> KernelSpec:
        """Python with ipykernel, in this environment."""
        argv = [sys.executable, str(self.kernel_file), "-f", "{connection_file}", *self.arguments]
        return KernelSpec(argv=argv, display_name="Warm Python", language="python")

    async def _async_pre_start_kernel(self, **kw: Any) -> tuple[list[str], dict[str, Any]]:
        if self.provisioner is None:
            self.kernel_id = self.kernel_id or str(uuid.uuid4())
            self.provisioner = WarmProvisioner(kernel_id=self.kernel_id, kernel_spec=self.kernel_spec, parent=self)
        return await super()._async_pre_start_kernel(**kw)

    pre_start_kernel = _async_pre_start_kernel
