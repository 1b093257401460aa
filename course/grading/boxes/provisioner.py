"""Starting and ending a boxed kernel, as a kernel provisioner of Jupyter.

The kernel's sockets lie in the box's own memory and are reached through /proc, so no folder of the host can be written
to from inside. A box ends with the thread that started it.
"""

import asyncio
import json
import os
import re
import shutil
import subprocess
import tempfile
import time
import weakref
from pathlib import Path
from typing import IO, Any

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning.local_provisioner import LocalProvisioner

from course.errors import BoxError
from course.grading.boxes.box_settings import BoxSettings
from course.grading.boxes.box_trial import box_available, filter_file
from course.grading.boxes.guard import Guard
from course.grading.boxes.view import SOCKETS, keep_hidden, lent, readable
from course.grading.boxes.walls import Box, walled

CONNECTION, KERNEL_FILE, DIGITS = "/run/connection.json", "/run/kernel.py", "/opt/mnist.npz"
START_SECONDS, END_SECONDS = 10, 10
SOCKET_PATH = 100  # characters; Linux takes 107


class BoxProvisioner(BoxSettings, LocalProvisioner):
    """Starts a kernel in a box of its own and leaves nothing behind.

    `guard` holds the kernel's last words and why it was closed, also after its end.
    """

    guard: Guard | None = None
    _folder: Path | None = None

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        """Furnish the box and say where the kernel will be reached.

        Raises
        ------
        BoxError
            No box can be made here, or it would show what must stay hidden; the message says what to do.
        """
        self.guard = None
        if reason := box_available():
            raise BoxError(reason)
        keep_hidden(Path(kwargs.get("cwd") or Path.cwd()))
        self._furnish()
        self.kernel_spec.interrupt_mode = "message"  # no signal reaches the kernel, or should
        kwargs = await super().pre_launch(**kwargs)
        outside = os.path.realpath(self.parent.connection_file)
        command = [CONNECTION if word == outside else word for word in kwargs["cmd"]]
        if self.kernel_file:
            command = [command[0], KERNEL_FILE, *command[command.index("-f") :]]
        return {**kwargs, "cmd": command}

    def _furnish(self) -> None:
        manager = self.parent
        if manager is None:
            raise BoxError("A box is started by a kernel manager; give the provisioner its `parent`.")
        if self._folder:
            return  # a restart: whoever is connected finds the new kernel at the old address
        self._folder = Path(tempfile.mkdtemp(prefix="box-", dir=_short_folder()))
        self._emptied = weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        manager.transport, manager.cache_ports = "ipc", False
        manager.connection_file = str(self._folder / "connection.json")
        manager.ip = str(self._folder / "sockets" / "s")

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Start the kernel in its box.

        Raises
        ------
        BoxError
            The box did not start.
        """
        assert self._folder
        box = self._box(self._folder)
        with filter_file(self._folder) as seccomp, (self._folder / "info").open("wb") as info:
            command = walled(box, cmd, seccomp, info.fileno())
            options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "cwd": "/"}
            # No variables: the box's first process keeps what it was started with, for those inside to read.
            options |= {"env": {}, "pass_fds": [seccomp, info.fileno()], "independent": True}
            reached = await super().launch_kernel(command, **options)
        first = await self._first_process(self._folder / "info")
        self.guard = Guard(first, os.dup(self._words().fileno()), self.limits.memory_mib)
        self.guard.start()
        sockets = self._folder / "sockets"
        sockets.unlink(missing_ok=True)
        sockets.symlink_to(f"/proc/{first}/root{SOCKETS}")
        return reached

    def _box(self, folder: Path) -> Box:
        connection = json.loads(Path(self.parent.connection_file).read_text("utf-8")) | {"ip": f"{SOCKETS}/s"}
        files = {CONNECTION: readable(folder / "inside.json", json.dumps(connection))}
        environment = dict(self.environment)
        if digits := environment.get("MNIST_NPZ"):
            files[DIGITS] = lent(Path(digits))
            environment["MNIST_NPZ"] = DIGITS
        if self.kernel_file:
            files[KERNEL_FILE] = lent(self.kernel_file)
        return Box(folder, self.limits, environment, files)

    async def _first_process(self, info: Path) -> int:
        late = time.monotonic() + START_SECONDS
        while time.monotonic() < late:
            if found := re.search(r'"child-pid": *(\d+)\D', info.read_text("utf-8")):
                return int(found[1])
            if await self.poll() is not None:
                break
            await asyncio.sleep(0.002)
        await self.kill()
        said = self._words().read().decode("utf-8", "replace").strip()
        await self.cleanup()
        raise BoxError(f"A box did not start: {said or 'bubblewrap gave no reason'}")

    def _words(self) -> IO[bytes]:
        """What the box writes on its standard output and error."""
        process: subprocess.Popen[bytes] | None = self.process
        assert process and process.stdout
        return process.stdout

    async def kill(self, restart: bool = False) -> None:
        """Kill everything in the box; bubblewrap outside ends when it has seen that."""
        if self.guard:
            self.guard.close_box()
        else:
            await super().kill(restart)

    async def terminate(self, restart: bool = False) -> None:
        """The same: no gentler signal reaches the kernel."""
        await self.kill(restart)

    async def cleanup(self, restart: bool = False) -> None:
        """Wait until the box is empty, and delete what it was made from unless it is to be started again."""
        await self.kill(restart)
        if self._folder and not restart:
            self._emptied()
            self._folder = None
        if self.guard:
            await asyncio.to_thread(self.guard.join, END_SECONDS)
        if self.process:
            await asyncio.wait_for(self.wait(), END_SECONDS)
        await super().cleanup(restart)


def _short_folder() -> str | None:
    """Where private folders go: the usual place unless its name is too long for the address of a socket."""
    name = Path(tempfile.gettempdir(), "box-12345678", "sockets", "s-5")
    return None if len(os.fsencode(name)) <= SOCKET_PATH else "/tmp"
