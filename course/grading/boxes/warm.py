"""Kernels that have a lab's imports behind them when they start in their box.

Importing TensorFlow takes longer than most submissions train. nursery.py does it once; each kernel is a copy of that
process. It never sees anything of a submission, and holds nothing but libraries: a kernel finds in its memory what it
would have imported itself.
"""

import ast
import json
import py_compile
import socket
import subprocess
import sys
import tempfile
import threading
import weakref
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from course.errors import BoxError
from course.grading.boxes.nursery import READY
from course.grading.boxes.view import KERNEL_FILE, NURSERY_FILE
from course.grading.boxes.walls import variables

NURSERY = Path(__file__).with_name("nursery.py")
IMPORT_SECONDS = 300
WORDS = 2000  # characters of a failed import's output that are shown
# As in a kernel that imports Matplotlib itself.
INLINE = {"MPLBACKEND": "module://matplotlib_inline.backend_inline"}
HELPERS = {"data_utils"}  # lies elsewhere in a box, so each kernel imports it itself


class Nursery:
    """The running process of nursery.py for certain imports and variables; ends when nobody refers to it any more."""

    def __init__(self, imports: str, kernel_file: Path, environment: Mapping[str, str]) -> None:
        """Start it; the imports go on in the background."""
        # Libraries look for settings in the home folder; in this one they find none. The nursery deletes it.
        home = tempfile.mkdtemp(prefix="nursery-", dir="/tmp")
        program = py_compile.compile(str(NURSERY), str(Path(home, "nursery.pyc")), NURSERY_FILE, doraise=True)
        self._said: IO[str] = tempfile.TemporaryFile(  # noqa: SIM115 - open as long as the nursery
            "w+", encoding="utf-8", errors="replace"
        )
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, str(program)],
                env=variables(environment) | INLINE | {"HOME": home},
                cwd="/",
                stdin=theirs.fileno(),
                stdout=self._said,
                stderr=self._said,
                start_new_session=True,
            )
        kernel = kernel_file.read_text("utf-8")
        first = {"imports": without_helpers(imports), "kernel": kernel, "kernel_file": KERNEL_FILE}
        self._socket.send(json.dumps(first).encode())
        self._ready, self._lock = False, threading.Lock()
        self._end = weakref.finalize(self, end, self._process, self._socket, self._said)

    @property
    def ended(self) -> bool:
        """Whether it has ended, which it should not do by itself."""
        return self._process.poll() is not None

    def wait(self) -> None:
        """Wait until the imports are done.

        Raises
        ------
        BoxError
            They failed; the message has the reason.
        """
        with self._lock:
            if self._ready:
                return
            self._socket.settimeout(IMPORT_SECONDS)
            with suppress(TimeoutError, ConnectionError):
                self._ready = self._socket.recv(len(READY)) == READY
            if not self._ready:
                self._said.seek(0)
                reason = self._said.read().strip()[-WORDS:]
                self._end()
                raise BoxError(f"What the lab imports cannot be imported here: {reason}")

    def kernel(self, order: Mapping[str, Any], files: list[int]) -> None:
        """Ask for a kernel (see `nursery.join`).

        Raises
        ------
        BoxError
            The nursery has ended.
        """
        try:
            socket.send_fds(self._socket, [json.dumps(order).encode()], files)
        except OSError as error:
            raise BoxError(f"The process that starts kernels has ended ({error}). Run the grading again.") from error


def end(process: subprocess.Popen[bytes], asking: socket.socket, said: IO[str]) -> None:
    """End a nursery; kernels live on."""
    asking.close()
    process.kill()
    process.wait()
    said.close()


def without_helpers(imports: str) -> str:
    """The import statements but those of the course's own helpers."""
    kept = []
    for statement in ast.parse(imports).body:
        names = [statement.module or ""] if isinstance(statement, ast.ImportFrom) else []
        names += [one.name for one in statement.names] if isinstance(statement, ast.Import) else []
        if not HELPERS & {name.partition(".")[0] for name in names}:
            kept.append(ast.unparse(statement))
    return "\n".join(kept)


_kept: dict[tuple[object, ...], Nursery] = {}
_keeping = threading.Lock()


def nursery(imports: str, kernel_file: Path, environment: Mapping[str, str]) -> Nursery:
    """The nursery for these imports. Only one is kept, as each holds hundreds of MiB."""
    key = imports, kernel_file, tuple(sorted(environment.items()))
    with _keeping:
        if key not in _kept or _kept[key].ended:
            _kept.clear()
            _kept[key] = Nursery(imports, kernel_file, environment)
        return _kept[key]
