"""Kernels that have a lab's imports behind them when they start, for runs of many short notebooks.

Importing TensorFlow takes longer than most runs. Each kernel is a process of its own, forked from one that has done
the imports (nursery.py); nothing that a notebook does reaches the next one.
"""

import atexit
import json
import os
import select
import signal
import subprocess
import sys
import uuid
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning.local_provisioner import LocalProvisioner
from traitlets import Unicode

NURSERY = Path(__file__).with_name("nursery.py")
# As in a kernel that imports Matplotlib itself.
QUIET = {"TF_CPP_MIN_LOG_LEVEL": "3", "MPLBACKEND": "module://matplotlib_inline.backend_inline"}


class Nursery:
    """The running process of nursery.py for certain imports."""

    def __init__(self, imports: str) -> None:
        """Start it; the imports go on in the background."""
        command, pipe = [sys.executable, "-P", str(NURSERY), imports], subprocess.PIPE
        self._process = subprocess.Popen(command, env=os.environ | QUIET, stdin=pipe, stdout=pipe, text=True)

    def kernel(self, argv: list[str], cwd: str, environment: dict[str, str]) -> "Forked":
        """A new kernel.

        Raises
        ------
        RuntimeError
            The imports failed; the reason is on standard error.
        """
        assert self._process.stdin and self._process.stdout
        request = {"argv": argv, "cwd": cwd, "environment": environment | QUIET}
        with suppress(BrokenPipeError):  # if it has ended, there will be no answer
            print(json.dumps(request), file=self._process.stdin, flush=True)
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError(f"{NURSERY.name} ended with exit code {self._process.wait()}; see above for the reason.")
        return Forked(int(answer))

    def close(self) -> None:
        """End it and all its kernels."""
        assert self._process.stdin and self._process.stdout
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()


class Forked:
    """A process that is not this one's child, with what Jupyter needs of subprocess.Popen."""

    stdin = stdout = stderr = None

    def __init__(self, pid: int) -> None:
        """Take hold of it."""
        self.pid = pid
        self._handle = os.pidfd_open(pid)

    def poll(self) -> int | None:
        """None while it runs, then 0: its exit code is unknown."""
        ended, _, _ = select.select([self._handle], [], [], 0)
        return 0 if ended else None

    def wait(self) -> int:
        """Wait for its end."""
        select.select([self._handle], [], [])
        os.close(self._handle)
        return 0

    def send_signal(self, number: int) -> None:
        """Send a signal to it, unless it has ended."""
        signal.pidfd_send_signal(self._handle, number)


_kept: dict[str, Nursery] = {}


def nursery(imports: str) -> Nursery:
    """The nursery for these imports. Only one is kept, as each holds hundreds of MiB."""
    if imports not in _kept:
        close_nurseries()
        _kept[imports] = Nursery(imports)
    return _kept[imports]


@atexit.register
def close_nurseries() -> None:
    """End what is kept, with all kernels."""
    while _kept:
        _kept.popitem()[1].close()


class WarmProvisioner(LocalProvisioner):
    """Gets its process from a nursery."""

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Start a kernel with the arguments that follow the name of the launcher in `cmd`."""
        environment = {name: str(value) for name, value in (kwargs.get("env") or os.environ).items()}
        argv = cmd[cmd.index("-f") :]
        self.cwd = kwargs.get("cwd") or str(Path.cwd())
        forked = nursery(self.parent.imports).kernel(argv, str(self.cwd), environment)
        self.process = cast(Any, forked)
        self.pid = self.pgid = forked.pid
        return self.connection_info


class WarmKernelManager(AsyncKernelManager):
    """Starts Python kernels that have executed `imports`; no other notebook's names or objects are in them."""

    imports = Unicode(help="Import statements, one a line.").tag(config=True)
    ipykernel = True

    @property
    def kernel_spec(self) -> KernelSpec:
        """Python with ipykernel, in this environment."""
        argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        return KernelSpec(argv=argv, display_name="Warm Python", language="python")

    async def _async_pre_start_kernel(self, **kw: Any) -> tuple[list[str], dict[str, Any]]:
        if self.provisioner is None:
            self.kernel_id = self.kernel_id or str(uuid.uuid4())
            self.provisioner = WarmProvisioner(kernel_id=self.kernel_id, kernel_spec=self.kernel_spec, parent=self)
        return await super()._async_pre_start_kernel(**kw)

    pre_start_kernel = _async_pre_start_kernel
