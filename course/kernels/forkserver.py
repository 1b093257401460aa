"""Where kernels come from that have a lab's imports behind them when they start.

Importing TensorFlow takes longer than most submissions train. A fork server (forkserver_main.py) does it once; each
kernel is a copy of that process. It never sees anything of a notebook, and holds nothing but libraries: a kernel finds
in its memory what it would have imported itself.
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
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from course import cgroups
from course.errors import KernelError
from course.oom_score import be_killed_last

SERVER_FILE = "/run/forkserver.py"  # the name of its frames: nobody in a sandbox can write there
SERVER_MAIN = Path(__file__).with_name("forkserver_main.py")
IMPORT_SECONDS = 300
INTERPRETER = 3  # PT_INTERP of elf(5)
WORDS = 2000  # characters of a failed import's output that are shown
# As in a kernel that imports Matplotlib itself.
INLINE = {"MPLBACKEND": "module://matplotlib_inline.backend_inline"}
HELPERS = {"data_utils"}  # lies elsewhere in a sandbox, so each kernel imports it itself


@dataclass(frozen=True)
class Wanted:
    """What kernels are to have behind them.

    `imports` are import statements. `kernel_file` defines `launch`, and in a sandbox has the name `shown_as` there.
    `environment` is that of the imports: with a home of their own if the kernels are for sandboxes.
    """

    imports: str
    kernel_file: Path
    environment: tuple[tuple[str, str], ...]
    shown_as: str | None = None


@dataclass(frozen=True)
class ForkServer:
    """The way to a running process of forkserver_main.py; processes of this machine can be sent it when they start.

    `ready` can be read from when the imports are done, and is closed if they failed; then `said` says why.
    """

    asking: socket.socket
    ready: Connection
    said: Path

    @property
    def ended(self) -> bool:
        """Whether the process has ended, which it should not do by itself."""
        poll = select.poll()
        poll.register(self.asking, 0)
        return bool(poll.poll(0))

    def wait(self) -> None:
        """Wait until the imports are done.

        Raises
        ------
        KernelError
            They failed; the message has the reason.
        """
        poll = select.poll()
        poll.register(self.ready, select.POLLIN)
        events = dict(poll.poll(IMPORT_SECONDS * 1000))
        if not events.get(self.ready.fileno(), 0) & select.POLLIN:
            reason = self.said.read_text("utf-8", "replace").strip() if self.said.is_file() else ""
            raise KernelError(f"What the lab imports cannot be imported here: {reason[-WORDS:]}")

    def kernel(self, order: Mapping[str, Any], files: list[int]) -> None:
        """Ask for a kernel.

        `order` has its "argv", "folder", "environment", and its "sandbox" or None; `files` are those of `be_copy`
        there.

        Raises
        ------
        KernelError
            The fork server has ended.
        """
        try:
            socket.send_fds(self.asking, [json.dumps(order).encode()], files)
        except OSError as error:
            raise KernelError(f"The process that starts kernels has ended ({error}). Run the grading again.") from error


def start(wanted: Wanted) -> ForkServer:
    """Start a fork server, which ends when nobody here refers to it any more; the imports go on in the background."""
    be_killed_last()
    cgroups.parent()  # the copies can join groups that lie beside that of this process
    folder = Path(tempfile.mkdtemp(prefix="forkserver-", dir="/tmp"))  # the fork server deletes it
    program = py_compile.compile(str(SERVER_MAIN), str(folder / "forkserver.pyc"), SERVER_FILE, doraise=True)
    # Libraries look for settings in the home folder; those of a sandbox are to find none.
    home = {"HOME": str(folder)} if wanted.shown_as else {}
    asking, asked = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ready, done = Pipe(duplex=False)
    said = folder / "said"
    with asked, done, said.open("wb") as words:
        process = subprocess.Popen(
            [*loader(Path(sys.executable)), sys.executable, str(program), str(done.fileno())],
            env=dict(wanted.environment) | INLINE | home,
            cwd="/",
            stdin=asked.fileno(),
            stdout=words,
            stderr=words,
            pass_fds=[done.fileno()],
            start_new_session=True,
        )
    first = {
        "imports": without_helpers(wanted.imports),
        "kernel": wanted.kernel_file.read_text("utf-8"),
        "kernel_file": wanted.shown_as or str(wanted.kernel_file),
        "folder": str(folder),
    }
    asking.send(json.dumps(first).encode())
    server = ForkServer(asking, ready, said)
    weakref.finalize(server, end, process, asking, ready, folder)
    return server


def loader(program: Path) -> list[str]:
    """The dynamic loader that an ELF program of 64 bits names; none if it names none.

    Started by it, the program that a process finds as its own in /proc is the loader, which belongs to the system. The
    interpreter may belong to the instructor, and be opened through that link from inside a sandbox, where it is
    read-only by any other name.
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


def end(process: subprocess.Popen[bytes], asking: socket.socket, ready: Connection, folder: Path) -> None:
    """End a fork server; kernels live on."""
    asking.close()
    ready.close()
    process.kill()
    process.wait()
    shutil.rmtree(folder, ignore_errors=True)


def without_helpers(imports: str) -> str:
    """The import statements but those of the course's own helpers."""
    kept = []
    for statement in ast.parse(imports).body:
        names = [statement.module or ""] if isinstance(statement, ast.ImportFrom) else []
        names += [one.name for one in statement.names] if isinstance(statement, ast.Import) else []
        if not HELPERS & {name.partition(".")[0] for name in names}:
            kept.append(ast.unparse(statement))
    return "\n".join(kept)


log = logging.getLogger(__name__)
_kept: dict[Wanted, ForkServer] = {}
_keeping = threading.Lock()


def fork_server(wanted: Wanted) -> ForkServer:
    """The fork server that this process uses. Only one is kept, as each holds hundreds of MiB."""
    with _keeping:
        if wanted not in _kept or _kept[wanted].ended:
            log.debug("starting a fork server%s", ", as that there was has ended" if wanted in _kept else "")
            _kept.clear()
            _kept[wanted] = start(wanted)
        return _kept[wanted]


def adopt(wanted: Wanted, other: ForkServer) -> None:
    """Use a fork server that another process of this machine has started."""
    with _keeping:
        _kept.clear()
        _kept[wanted] = other
