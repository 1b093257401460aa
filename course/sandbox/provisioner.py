"""Starting and ending a sandboxed kernel, as a kernel provisioner of Jupyter.

The sockets of the kernel lie in the memory of the sandbox, so no folder of the host can be written to from inside. A
sandbox ends with the thread that started it.
"""

import asyncio
import json
import logging
import os
import re
import select
import shutil
import subprocess
import tempfile
import time
import weakref
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning.local_provisioner import LocalProvisioner
from traitlets import Dict, Float

from course.cgroups import Group
from course.errors import SandboxError
from course.kernels.forkserver import ForkServer, Wanted, fork_server
from course.kernels.forkserver_main import STARTED
from course.sandbox.bwrap import READY, Sandbox, bwrap_command, resource_limits, sandbox_group, sandbox_variables
from course.sandbox.cores import Cores, take
from course.sandbox.exit_cause import Ending
from course.sandbox.kernel_sockets import SOCKET, Handles
from course.sandbox.mounts import KERNEL_FILE, SOCKETS, WORK, keep_hidden, lent, readable
from course.sandbox.probe import filter_file, prove_sandboxes
from course.sandbox.seccomp import seccomp_filter
from course.sandbox.settings import SandboxSettings
from course.sandbox.watchdog import WORDS, Watchdog

log = logging.getLogger(__name__)
CONNECTION = "/run/connection.json"
START_SECONDS, END_SECONDS = 120, 60  # for a machine that stands still for a while
SOCKET_PATH = 100  # characters; Linux takes 107
T = TypeVar("T")


class SandboxProvisioner(SandboxSettings, LocalProvisioner):
    """Starts a kernel in a sandbox of its own and leaves nothing behind.

    `watchdog` holds the kernel's last words and why it was closed, also after its end. `seconds` tells how long it
    took to wait for imports, and to make the sandbox.
    """

    watchdog: Watchdog | None = None
    seconds = Dict(value_trait=Float())
    _folder: Path | None = None
    _hold: int | None = None
    _handles: Handles | None = None
    _cores: Cores | None = None
    _group: Group | None = None

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        """Furnish the sandbox and say where the kernel will be reached.

        Raises
        ------
        SandboxError
            No sandbox can be made here, or it would show what must stay hidden; the message says what to do.
        """
        self.watchdog = None
        prove_sandboxes()
        keep_hidden(Path(kwargs.get("cwd") or Path.cwd()), *map(Path, self.private))
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
            raise SandboxError("A sandbox is started by a kernel manager; give the provisioner its `parent`.")
        if self._folder:
            return  # a restart: whoever is connected finds the new kernel at the old address
        self._folder = Path(tempfile.mkdtemp(prefix="sandbox-", dir=_short_folder()))
        self._emptied = weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        manager.transport, manager.cache_ports = "ipc", False
        manager.connection_file = str(self._folder / "connection.json")
        manager.ip = str(self._folder / "sockets" / SOCKET)
        (self._folder / "sockets").mkdir()

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Start the kernel in its sandbox.

        Raises
        ------
        SandboxError
            The sandbox did not start.
        """
        assert self._folder
        began = time.monotonic()
        sandbox, source = self._sandbox(self._folder), await self._ready_fork_server()
        self.seconds = {"imports": time.monotonic() - began}
        self._said, words = os.pipe()
        held, self._hold = os.pipe()  # what keeps a sandbox open that is to be joined; closed with this process
        try:
            with filter_file(self._folder) as seccomp, (self._folder / "info").open("wb") as info:
                command = bwrap_command(sandbox, None if source else cmd, seccomp, info.fileno())
                options = {
                    "stdin": held if source else subprocess.DEVNULL,
                    "stdout": words,
                    "stderr": subprocess.STDOUT,
                    "cwd": "/",
                }
                # No variables: the sandbox's first process keeps what it was started with, for those inside to read.
                options |= {"env": {}, "pass_fds": [seccomp, info.fileno()], "independent": True}
                reached = await super().launch_kernel(command, **options)
            first = await self._first_process(self._folder / "info")
            if source and (said := await self._soon(lambda: read_pipe(self._said))) != READY:
                raise await self._failed(said)
            self.seconds["sandbox"] = time.monotonic() - began - self.seconds["imports"]
            kernel = await self._joined(source, sandbox, cmd[1:], first, words) if source else None
            self._handles = await self._reach(self._folder, first, kernel)
        finally:
            os.close(held)
            os.close(words)
        exit_code = partial(exit_code_of, self.process) if kernel is None else partial(last_word, kernel)
        self.watchdog = Watchdog(first, self._said, self.limits, exit_code, kernel, self._group)
        self.watchdog.start()
        log.debug("sandbox %s started: %s", first, {stage: round(taken, 3) for stage, taken in self.seconds.items()})
        return reached

    async def _reach(self, folder: Path, first: int, kernel: int | None) -> Handles:
        """Take hold of the kernel's sockets as soon as they are there."""
        handles = Handles(folder / "sockets", json.loads(Path(self.parent.connection_file).read_text("utf-8")))
        inside = Path(f"/proc/{first}/root{SOCKETS}")

        def there() -> bool | None:
            if handles.taken(inside):
                return True
            return False if kernel is not None and select.select([kernel], [], [], 0)[0] else None

        try:
            if not await self._soon(there):
                raise await self._failed(why="Its kernel ended at once.")
        except SandboxError:
            if kernel is not None:
                os.close(kernel)
            raise
        return handles

    def _sandbox(self, folder: Path) -> Sandbox:
        connection = json.loads(Path(self.parent.connection_file).read_text("utf-8")) | {"ip": f"{SOCKETS}/{SOCKET}"}
        files = {CONNECTION: readable(folder / "inside.json", json.dumps(connection))}
        files |= {inside: Path(outside) for inside, outside in self.shown.items()}
        environment = dict(self.environment)
        for name, inside in self.named_files.items():
            if outside := environment.get(name):
                files[inside] = lent(Path(outside))
                environment[name] = inside
        if self.kernel_file:
            files[KERNEL_FILE] = lent(self.kernel_file)
        self._cores = self._cores or take(int(sandbox_variables(environment)["OMP_NUM_THREADS"]))
        self._group = sandbox_group(self.limits)
        return Sandbox(folder, self.limits, environment, files, self._cores.numbers, self._group)

    async def _first_process(self, info: Path) -> int:
        found = await self._soon(lambda: re.search(r'"child-pid": *(\d+)\D', info.read_text("utf-8")))
        return int(found[1])

    async def _ready_fork_server(self) -> ForkServer | None:
        if not self.imports or not self.kernel_file:
            return None
        source = fork_server(wanted(self.imports, self.kernel_file, self.environment, self.named_files))
        await asyncio.to_thread(source.wait)
        return source

    async def _joined(self, source: ForkServer, sandbox: Sandbox, argv: list[str], first: int, words: int) -> int:
        """Let the fork server put a kernel into the sandbox; the file returned is closed when the kernel has ended."""
        alive, told = os.pipe()
        sandbox_handle = os.pidfd_open(first)
        to_join = {
            "first": first,
            "cores": sandbox.cores,
            "group": str(sandbox.group.path) if sandbox.group else None,
            "limits": resource_limits(sandbox.limits),
            "user": sandbox.user if os.getuid() == 0 else None,
            "seccomp": seccomp_filter().hex(),
        }
        order = {
            "argv": argv,
            "folder": WORK,
            "environment": sandbox_variables(sandbox.environment),
            "sandbox": to_join,
        }
        try:
            source.kernel(order, [words, told, sandbox_handle])
        finally:
            os.close(sandbox_handle)
            os.close(told)
        try:
            if await self._soon(lambda: read_pipe(alive, len(STARTED))) != STARTED:
                raise await self._failed()
        except SandboxError:
            os.close(alive)
            raise
        return alive

    async def _soon(self, condition: Callable[[], T | None]) -> T:
        """What the condition gives as soon as that is not None.

        Raises
        ------
        SandboxError
            That does not happen.
        """
        late, why = time.monotonic() + START_SECONDS, f"It was not ready within {START_SECONDS} seconds."
        while time.monotonic() < late:
            if (found := condition()) is not None:
                return found
            if (code := await self.poll()) is not None:
                why = f"bubblewrap ended with exit code {code} and gave no reason"
                break
            await asyncio.sleep(0.002)
        raise await self._failed(why=why)

    async def _failed(self, said: bytes = b"", why: str = "bubblewrap gave no reason") -> SandboxError:
        """Clean up, and return the error with the reason: what the sandbox said already and says now, else `why`."""
        await self.kill()
        reason = (said + (read_pipe(self._said) or b"")).decode("utf-8", "replace").strip()
        os.close(self._said)
        await self.cleanup()
        return SandboxError(f"A sandbox did not start: {reason or why}")

    def cpu_seconds(self) -> float:
        """The CPU time that all processes of the sandbox have used until now, or until its end."""
        return self.watchdog.cpu_seconds() if self.watchdog else 0.0

    async def ending(self) -> Ending | None:
        """How the sandbox ended; None if it has not within some seconds, or was never made."""
        if not self.watchdog:
            return None
        await asyncio.to_thread(self.watchdog.join, END_SECONDS)
        return self.watchdog.ending

    async def kill(self, restart: bool = False) -> None:
        """Kill everything in the sandbox, and wait until it is empty."""
        if not self.watchdog:
            await super().kill(restart)
            return
        self.watchdog.close_sandbox()
        await asyncio.to_thread(self.watchdog.join, END_SECONDS)
        if self.process:  # bubblewrap, which ends when it has seen that
            await asyncio.to_thread(self.process.wait, END_SECONDS)

    async def terminate(self, restart: bool = False) -> None:
        """The same: no gentler signal reaches the kernel."""
        await self.kill(restart)

    async def cleanup(self, restart: bool = False) -> None:
        """Empty the sandbox, and delete what it was made from unless it is to be started again."""
        await self.kill(restart)
        if self._handles:
            self._handles.release()
            self._handles = None
        if self._cores:
            self._cores.release()
            self._cores = None
        if self._hold is not None:
            os.close(self._hold)
            self._hold = None
        if self._folder and not restart:
            self._emptied()
            self._folder = None
        if self.process:
            await asyncio.wait_for(self.wait(), END_SECONDS)
        if self._group:
            await asyncio.to_thread(self._group.remove)
            self._group = None
        await super().cleanup(restart)


def wanted(imports: str, kernel_file: Path, environment: Mapping[str, str], named_files: Iterable[str]) -> Wanted:
    """What copied kernels of such sandboxes have behind them; what `named_files` name is another file in each."""
    known = {name: value for name, value in sandbox_variables(environment).items() if name not in named_files}
    return Wanted(imports, kernel_file, tuple(sorted(known.items())), KERNEL_FILE)


def exit_code_of(bubblewrap: Any) -> int:
    """The exit code of a kernel that bubblewrap started, negative for a signal."""
    code: int = bubblewrap.wait(END_SECONDS)
    return 128 - code if code > 128 else code


def last_word(pipe: int) -> int | None:
    """The exit code of a kernel that was copied, as forkserver_main.py says it; None if it was not said."""
    told = b""
    while select.select([pipe], [], [], END_SECONDS)[0] and (part := os.read(pipe, WORDS)):
        told += part
    return int(told) if told else None


def read_pipe(pipe: int, most: int = WORDS) -> bytes | None:
    """What a pipe holds now: None if nothing, no bytes if it was closed."""
    return os.read(pipe, most) if select.select([pipe], [], [], 0)[0] else None


def _short_folder() -> str | None:
    """Where private folders go: the usual place unless its name is too long for the address of a socket."""
    name = Path(tempfile.gettempdir(), "sandbox-12345678", "sockets", f"{SOCKET}-5")
    return None if len(os.fsencode(name)) <= SOCKET_PATH else "/tmp"
