"""Starting and ending a sandboxed kernel, as a kernel provisioner of Jupyter.

The sockets of the kernel lie in the memory of the sandbox, so no folder of the host can be written to from inside. A
sandbox ends with the thread that started it.
"""

import asyncio
import errno
import json
import logging
import os
import re
import shutil
import subprocess
import tempfile
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning.local_provisioner import LocalProvisioner
from traitlets import Dict, Float

from course.errors import SandboxError
from course.kernels.cgroups import Group
from course.kernels.forkserver import ForkServer, fork_server
from course.kernels.forkserver_main import STARTED
from course.kernels.pipes import is_readable, read_pipe
from course.sandbox.bwrap import SANDBOX_READY, Sandbox, bwrap_command, sandbox_group, sandbox_variables
from course.sandbox.copies import copy_request, preload_of
from course.sandbox.cores import Cores, take_cores
from course.sandbox.exit_cause import END_SECONDS, ExitCause, exit_code_of, reported_exit_code
from course.sandbox.kernel_sockets import SOCKET_PREFIX, SocketHandles, short_folder
from course.sandbox.mounts import KERNEL_FILE, SOCKETS, check_hidden, readable_file, write_readable
from course.sandbox.probe import filter_file, require_sandboxes
from course.sandbox.settings import SandboxSettings
from course.sandbox.watchdog import Watchdog

log = logging.getLogger(__name__)
CONNECTION = "/run/connection.json"
SANDBOX_START_SECONDS = 120  # for a machine that stands still for a while
NO_FILE_LEFT = {errno.EMFILE, errno.ENFILE}
T = TypeVar("T")


@contextmanager
def start_errors() -> Iterator[None]:
    """Turn errors inside into `SandboxError` where no file, process or thread can be had."""
    try:
        yield
    except (OSError, RuntimeError) as error:
        raise SandboxError(f"A sandbox did not start: {error}") from error


class SandboxProvisioner(SandboxSettings, LocalProvisioner):
    """Starts a kernel in a sandbox of its own and leaves nothing behind.

    `watchdog` knows why the sandbox ended, also after its end. `seconds` says how long it took to wait for imports,
    and to make the sandbox.
    """

    watchdog: Watchdog | None = None
    seconds = Dict(value_trait=Float())
    _folder: Path | None = None
    _output_pipe: int | None = None  # until the watchdog reads from it, as it does from the next
    _kernel_status: int | None = None
    _keep_open: int | None = None
    _handles: SocketHandles | None = None
    _cores: Cores | None = None
    _group: Group | None = None

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        """Prepare the sandbox's folder and the addresses at which the kernel will be reached.

        Raises
        ------
        SandboxError
            No sandbox can be made here, or it would show what must stay hidden; the message says what to do.
        """
        self.watchdog = None
        require_sandboxes()
        check_hidden(Path(kwargs.get("cwd") or Path.cwd()), *map(Path, self.private))
        self.kernel_spec.interrupt_mode = "message"  # no signal can reach the kernel, or should
        with start_errors():
            self._prepare_folder()
            kwargs = await super().pre_launch(**kwargs)
        outside = os.path.realpath(self.parent.connection_file)
        command = [CONNECTION if word == outside else word for word in kwargs["cmd"]]
        if self.kernel_file:
            command = [command[0], KERNEL_FILE, *command[command.index("-f") :]]
        return {**kwargs, "cmd": command}

    def _prepare_folder(self) -> None:
        manager = self.parent
        if manager is None:
            raise SandboxError("A sandbox is started by a kernel manager; give the provisioner its `parent`.")
        if self._folder:
            return  # a restart: whoever is connected finds the new kernel at the old address
        self._folder = Path(tempfile.mkdtemp(prefix="sandbox-", dir=short_folder()))
        self._delete_folder = weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        manager.transport, manager.cache_ports = "ipc", False
        manager.connection_file = str(self._folder / "connection.json")
        manager.ip = str(self._folder / "sockets" / SOCKET_PREFIX)
        (self._folder / "sockets").mkdir()

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Start the kernel in its sandbox; after an error nothing stays behind.

        Raises
        ------
        SandboxError
            The sandbox did not start.
        """
        with start_errors():
            try:
                return await self._launch(cmd, **kwargs)
            except BaseException:
                await self.cleanup()
                raise

    async def _launch(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        assert self._folder
        start = time.monotonic()
        sandbox, server = self._make_sandbox(self._folder), await self._ready_fork_server()
        self.seconds = {"imports": time.monotonic() - start}
        with ExitStack() as given_away:  # what only those inside need, after this
            self._output_pipe, output = os.pipe()
            given_away.callback(os.close, output)
            # Keeps open a sandbox that a copy will join; closed when this process ends.
            keep_open, self._keep_open = os.pipe()
            given_away.callback(os.close, keep_open)
            with filter_file(self._folder) as seccomp, (self._folder / "info").open("wb") as info:
                command = bwrap_command(sandbox, None if server else cmd, seccomp, info.fileno())
                options = {
                    "stdin": keep_open if server else subprocess.DEVNULL,
                    "stdout": output,
                    "stderr": subprocess.STDOUT,
                    "cwd": "/",
                }
                # No variables: those inside can read what the sandbox's first process was started with.
                options |= {"env": {}, "pass_fds": [seccomp, info.fileno()], "independent": True}
                connection_info = await super().launch_kernel(command, **options)
            first_pid = await self._first_process(self._folder / "info")
            if server and (ready_line := await self._wait_for(self._read_output)) != SANDBOX_READY:
                raise await self._stop_failed_start(ready_line)
            self.seconds["sandbox"] = time.monotonic() - start - self.seconds["imports"]
            if server:
                await self._start_copy(server, sandbox, cmd[1:], first_pid, output)
            await self._acquire_sockets(self._folder, first_pid)
        self._start_watchdog(first_pid)
        seconds = {stage: round(duration, 3) for stage, duration in self.seconds.items()}
        log.debug("sandbox %s started: %s", first_pid, seconds)
        return connection_info

    def _start_watchdog(self, first_pid: int) -> None:
        """Hand the sandbox's pipes to a watchdog."""
        assert self._output_pipe is not None
        exit_code: Callable[[], int | None] = partial(exit_code_of, self.process)
        if self._kernel_status is not None:
            exit_code = partial(reported_exit_code, self._kernel_status)
        watchdog = Watchdog(first_pid, self._output_pipe, self.limits, exit_code, self._kernel_status, self._group)
        watchdog.start()
        self.watchdog, self._output_pipe, self._kernel_status = watchdog, None, None

    async def _acquire_sockets(self, folder: Path, first_pid: int) -> None:
        """Open the kernel's sockets as soon as they are there."""
        connection = json.loads(Path(self.parent.connection_file).read_text("utf-8"))
        self._handles = handles = SocketHandles(folder / "sockets", connection)
        inside = Path(f"/proc/{first_pid}/root{SOCKETS}")

        def are_acquired() -> bool | None:
            try:
                if handles.acquire(inside):
                    return True
            except OSError as error:
                if error.errno in NO_FILE_LEFT:
                    raise
                return False  # the sandbox ended between two of them
            return False if self._kernel_status is not None and is_readable(self._kernel_status) else None

        if not await self._wait_for(are_acquired):
            raise await self._stop_failed_start(why="Its kernel ended at once.")

    def _make_sandbox(self, folder: Path) -> Sandbox:
        connection = json.loads(Path(self.parent.connection_file).read_text("utf-8"))
        connection["ip"] = f"{SOCKETS}/{SOCKET_PREFIX}"
        files = {CONNECTION: write_readable(folder / "inside.json", json.dumps(connection))}
        files |= {inside: Path(outside) for inside, outside in self.shown.items()}
        environment = dict(self.environment)
        for name, inside in self.named_files.items():
            if outside := environment.get(name):
                files[inside] = readable_file(Path(outside))
                environment[name] = inside
        if self.kernel_file:
            files[KERNEL_FILE] = readable_file(self.kernel_file)
        self._cores = self._cores or take_cores(int(sandbox_variables(environment)["OMP_NUM_THREADS"]))
        self._group = sandbox_group(self.limits)
        return Sandbox(folder, self.limits, environment, files, self._cores.numbers, self._group)

    async def _first_process(self, info: Path) -> int:
        match = await self._wait_for(lambda: re.search(r'"child-pid": *(\d+)\D', info.read_text("utf-8")))
        return int(match[1])

    async def _ready_fork_server(self) -> ForkServer | None:
        if not self.imports or not self.kernel_file:
            return None
        server = fork_server(preload_of(self.imports, self.kernel_file, self.environment, self.named_files))
        await asyncio.to_thread(server.wait)
        return server

    async def _start_copy(
        self, server: ForkServer, sandbox: Sandbox, argv: list[str], first_pid: int, output: int
    ) -> None:
        """Have the fork server start a kernel in the sandbox; a pipe, `_kernel_status`, closes when it has ended."""
        with ExitStack() as given_away:
            self._kernel_status, status_writer = os.pipe()
            given_away.callback(os.close, status_writer)
            sandbox_handle = os.pidfd_open(first_pid)
            given_away.callback(os.close, sandbox_handle)
            server.request_kernel(copy_request(sandbox, argv, first_pid), [output, status_writer, sandbox_handle])
        status_reader = self._kernel_status
        if await self._wait_for(lambda: read_pipe(status_reader, len(STARTED))) != STARTED:
            raise await self._stop_failed_start()

    async def _wait_for(self, condition: Callable[[], T | None]) -> T:
        """The condition's value as soon as that is not None.

        Raises
        ------
        SandboxError
            It stays None, or the sandbox ends.
        """
        deadline = time.monotonic() + SANDBOX_START_SECONDS
        why = f"It was not ready within {SANDBOX_START_SECONDS} seconds."
        while time.monotonic() < deadline:
            if (result := condition()) is not None:
                return result
            if (code := await self.poll()) is not None:
                why = f"bubblewrap ended with exit code {code} and gave no reason"
                break
            await asyncio.sleep(0.002)
        raise await self._stop_failed_start(why=why)

    def _read_output(self) -> bytes | None:
        """What the sandbox has written so far and nobody has read, as long as there is no watchdog."""
        return None if self._output_pipe is None else read_pipe(self._output_pipe)

    async def _stop_failed_start(self, output: bytes = b"", why: str = "bubblewrap gave no reason") -> SandboxError:
        """End what there is, and return the error with its reason: the sandbox's output before and now, else `why`."""
        await self.kill()
        reason = (output + (self._read_output() or b"")).decode("utf-8", "replace").strip()
        return SandboxError(f"A sandbox did not start: {reason or why}")

    def cpu_seconds(self) -> float:
        """The CPU time that all processes of the sandbox have used until now, or until its end."""
        return self.watchdog.cpu_seconds() if self.watchdog else 0.0

    async def exit_cause(self) -> ExitCause | None:
        """Why the sandbox ended; None if it has not within some seconds, or was never made."""
        if not self.watchdog:
            return None
        await asyncio.to_thread(self.watchdog.join, END_SECONDS)
        return self.watchdog.exit_cause

    async def kill(self, restart: bool = False) -> None:
        """Kill everything in the sandbox, and wait until it is empty."""
        if not self.watchdog:
            await super().kill(restart)
            return
        self.watchdog.close_sandbox()
        await asyncio.to_thread(self.watchdog.join, END_SECONDS)
        if self.process:  # bubblewrap, which ends when it has noticed
            await asyncio.to_thread(self.process.wait, END_SECONDS)

    async def terminate(self, restart: bool = False) -> None:
        """As `kill`: no gentler signal can reach the kernel."""
        await self.kill(restart)

    async def cleanup(self, restart: bool = False) -> None:
        """Empty the sandbox, and delete its files unless it will be restarted."""
        await self.kill(restart)
        if self._handles:
            self._handles.release()
            self._handles = None
        if self._cores:
            self._cores.release()
            self._cores = None
        for pipe in (self._keep_open, self._output_pipe, self._kernel_status):
            if pipe is not None:
                os.close(pipe)
        self._keep_open = self._output_pipe = self._kernel_status = None
        if self._folder and not restart:
            self._delete_folder()
            self._folder = None
        if self.process:
            await asyncio.wait_for(self.wait(), END_SECONDS)
        if self._group and self.watchdog:
            await asyncio.to_thread(self._group.remove)
        elif self._group:  # of a start that failed, perhaps because no thread can be had
            self._group.remove()
        self._group = None
        await super().cleanup(restart)
