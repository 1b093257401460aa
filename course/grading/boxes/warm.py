"""Kernels that have a lab's imports behind them when they start in their box.

Importing TensorFlow takes longer than most submissions train. nursery.py does it once; each kernel is a copy of that
process. It never sees anything of a submission, and holds nothing but libraries: a kernel finds in its memory what it
would have imported itself.
"""

import ast
import atexit
import json
import py_compile
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping
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
    """The running process of nursery.py for certain imports and variables."""

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
        self._ready = False

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
        if self._ready:
            return
        self._socket.settimeout(IMPORT_SECONDS)
        try:
            self._ready = self._socket.recv(len(READY)) == READY
        except (TimeoutError, ConnectionError):
            self._ready = False
        if not self._ready:
            self.close()
            self._said.seek(0)
            raise BoxError(f"What the lab imports cannot be imported here: {self._said.read().strip()[-WORDS:]}")

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

    def close(self) -> None:
        """End it; kernels live on."""
        self._socket.close()
        self._process.kill()
        self._process.wait()


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


def nursery(imports: str, kernel_file: Path, environment: Mapping[str, str]) -> Nursery:
    """The nursery for these imports. Only one is kept, as each holds hundreds of MiB."""
    key = imports, kernel_file, tuple(sorted(environment.items()))
    if key not in _kept or _kept[key].ended:
        close_nurseries()
        _kept[key] = Nursery(imports, kernel_file, environment)
    return _kept[key]


@atexit.register
def close_nurseries() -> None:
    """End what is kept."""
    while _kept:
        _kept.popitem()[1].close()
