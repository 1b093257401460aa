"""Fork servers: processes that do a lab's imports once and then start kernels as copies of themselves.

Importing TensorFlow takes longer than most submissions train. A fork server (forkserver_main.py) does it once; each
kernel is a copy of that process. It never sees any part of a notebook, and holds only libraries: a kernel finds in its
memory what it would have imported itself.
"""

import ast
import json
import logging
import py_compile
import select
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import weakref
from dataclasses import dataclass
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path

from course.errors import KernelError
from course.kernels import cgroups
from course.kernels.forkserver_main import KernelRequest, ServerSettings
from course.kernels.oom_score import be_killed_last

SERVER_FILE = "/run/forkserver.py"  # the file name in its tracebacks: nothing in a sandbox can write there
SERVER_MAIN = Path(__file__).with_name("forkserver_main.py")
IMPORT_SECONDS = 300
INTERPRETER = 3  # PT_INTERP of elf(5)
OUTPUT_CHARACTERS = 2000  # of a failed import's output that are shown
# As in a kernel that imports Matplotlib itself.
INLINE = {"MPLBACKEND": "module://matplotlib_inline.backend_inline"}
HELPERS = {"data_utils"}  # lies elsewhere in a sandbox, so each kernel imports it itself


@dataclass(frozen=True)
class Preload:
    """What a fork server does before it copies kernels.

    `imports` are import statements. `kernel_file` defines `launch`, and is named `shown_as` inside sandboxes.
    `environment` is that of the imports: with a separate home folder if the kernels are for sandboxes.
    """

    imports: str
    kernel_file: Path
    environment: tuple[tuple[str, str], ...]
    shown_as: str | None = None


@dataclass(frozen=True)
class ForkServer:
    """A connection to a running process of forkserver_main.py; can be passed to new processes of this machine.

    `ready` can be read from when the imports are done, and is closed if they failed; then `log_file` says why.
    """

    requests: socket.socket
    ready: Connection
    log_file: Path

    @property
    def ended(self) -> bool:
        """Whether the process has ended, which it should not do by itself."""
        poll = select.poll()
        poll.register(self.requests, 0)
        return bool(poll.poll(0))

    def wait(self) -> None:
        """Wait until the imports are done.

        Raises
        ------
        KernelError
            They failed, and the message has the reason; or they take too long.
        """
        poll = select.poll()
        poll.register(self.ready, select.POLLIN)
        events = dict(poll.poll(IMPORT_SECONDS * 1000))
        if not events:
            raise KernelError(f"What the lab imports was not imported within {IMPORT_SECONDS} seconds.")
        if not events.get(self.ready.fileno(), 0) & select.POLLIN:
            reason = self.log_file.read_text("utf-8", "replace").strip() if self.log_file.is_file() else ""
            raise KernelError(f"What the lab imports cannot be imported here: {reason[-OUTPUT_CHARACTERS:]}")

    def request_kernel(self, request: KernelRequest, files: list[int]) -> None:
        """Ask for a kernel; `files` are the file descriptors that `become_copy` takes.

        Raises
        ------
        KernelError
            The fork server has ended.
        """
        try:
            socket.send_fds(self.requests, [json.dumps(request).encode()], files)
        except OSError as error:
            raise KernelError(f"The process that starts kernels has ended ({error}). Run the grading again.") from error


def start_fork_server(preload: Preload) -> ForkServer:
    """Start a fork server, which ends when nothing here refers to it any more; it imports in the background."""
    be_killed_last()
    cgroups.parent()  # so that the copies can join groups beside this process's own
    folder = Path(tempfile.mkdtemp(prefix="forkserver-", dir="/tmp"))  # the fork server deletes it
    program = py_compile.compile(str(SERVER_MAIN), str(folder / "forkserver.pyc"), SERVER_FILE, doraise=True)
    # Libraries look for settings in the home folder; for sandboxes they must find none.
    home = {"HOME": str(folder)} if preload.shown_as else {}
    requests, server_end = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ready, done = Pipe(duplex=False)
    log_file = folder / "output"
    with server_end, done, log_file.open("wb") as output:
        process = subprocess.Popen(
            [*dynamic_loader(Path(sys.executable)), sys.executable, str(program), str(done.fileno())],
            env=dict(preload.environment) | INLINE | home,
            cwd="/",
            stdin=server_end.fileno(),
            stdout=output,
            stderr=output,
            pass_fds=[done.fileno()],
            start_new_session=True,
        )
    settings: ServerSettings = {
        "imports": without_helpers(preload.imports),
        "kernel": preload.kernel_file.read_text("utf-8"),
        "kernel_file": preload.shown_as or str(preload.kernel_file),
        "folder": str(folder),
    }
    requests.send(json.dumps(settings).encode())
    server = ForkServer(requests, ready, log_file)
    weakref.finalize(server, end_fork_server, process, requests, ready, folder)
    return server


def dynamic_loader(program: Path) -> list[str]:
    """The dynamic loader that a 64-bit ELF program names, as a list; empty if it names none.

    If the loader starts the program, /proc/PID/exe of the process is the loader, which belongs to the system. The
    interpreter may belong to the instructor, and could be written to through that link from inside a sandbox, where
    it is read-only by any other name.
    """
    with program.open("rb") as file:
        header = file.read(64)
        if header[:5] != b"\x7fELF\x02":
            return []
        (table,), (size, count) = struct.unpack_from("=Q", header, 32), struct.unpack_from("=HH", header, 54)
        for number in range(count):
            file.seek(table + number * size)
            kind, _, start, _, _, length = struct.unpack("=IIQQQQ", file.read(40))
            if kind == INTERPRETER:
                file.seek(start)
                return [file.read(length).rstrip(b"\0").decode()]
    return []


def end_fork_server(process: subprocess.Popen[bytes], requests: socket.socket, ready: Connection, folder: Path) -> None:
    """End a fork server. Kernels in sandboxes live on; others end with it."""
    requests.close()
    ready.close()
    process.kill()
    process.wait()
    shutil.rmtree(folder, ignore_errors=True)


def without_helpers(imports: str) -> str:
    """The import statements except those of the course's own helpers."""
    statements = []
    for statement in ast.parse(imports).body:
        names = [statement.module or ""] if isinstance(statement, ast.ImportFrom) else []
        names += [alias.name for alias in statement.names] if isinstance(statement, ast.Import) else []
        if not HELPERS & {name.partition(".")[0] for name in names}:
            statements.append(ast.unparse(statement))
    return "\n".join(statements)


log = logging.getLogger(__name__)
_servers: dict[Preload, ForkServer] = {}
_servers_lock = threading.Lock()


def fork_server(preload: Preload) -> ForkServer:
    """This process's fork server for that preload. Only one is kept, as each holds hundreds of MiB."""
    with _servers_lock:
        if preload not in _servers or _servers[preload].ended:
            log.debug("starting a fork server%s", ", as that there was has ended" if preload in _servers else "")
            _servers.clear()
            _servers[preload] = start_fork_server(preload)
        return _servers[preload]


def adopt_fork_server(preload: Preload, server: ForkServer) -> None:
    """Use a fork server that another process of this machine has started."""
    with _servers_lock:
        _servers.clear()
        _servers[preload] = server
