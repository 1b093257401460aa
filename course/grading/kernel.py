"""The kernel of a boxed submission: ipykernel's own, with a judge for test cells beside it (see judging/judge.py).

This file is run in the box, where nothing of the course can be imported. Two messages are added to Jupyter's.
`judge_open` comes first, before any cell, and starts the judge, whose text it carries. `judge_test` carries a sealed
test cell; the reply carries the sealed verdict.
"""

import builtins
import ctypes
import os
import sys
import sysconfig
from pathlib import Path
from sys import audit
from typing import Any

from ipykernel.ipkernel import IPythonKernel
from ipykernel.kernelapp import IPKernelApp

WARM = "/run/nursery.py"  # whose frames are the first of a kernel that was forked; nobody in a box can write there
PR_SET_DUMPABLE = 4  # prctl(2): with 0, no other process of the same user reads this one's memory


class GradingKernel(IPythonKernel):
    """A Python kernel that also judges."""

    def __init__(self, **kwargs: Any) -> None:
        """Add the two messages."""
        super().__init__(**kwargs)
        self.shell_handlers["judge_open"] = self.judge_open
        self.shell_handlers["judge_test"] = self.judge_test
        self._opened = False

    def judge_open(self, stream: Any, ident: Any, parent: dict[str, Any]) -> None:
        """Start the judge; a second request is refused."""
        content, seconds = parent["content"], 0.0
        if not self._opened:
            self._opened = True
            key = bytes.fromhex(content.pop("key"))
            seconds = open_the_judge(content.pop("parts"), key, self.shell, content["imports"], content["values"])
        self.session.send(stream, "judge_reply", {"status": "ok", "imports": seconds}, parent, ident=ident)

    def judge_test(self, stream: Any, ident: Any, parent: dict[str, Any]) -> None:
        """Pass a sealed test to the judge and its sealed verdict back."""
        content, verdicts = parent["content"], [b""]
        audit("judge.test", bytes.fromhex(content["nonce"]), bytes.fromhex(content["sealed"]), verdicts.append)
        self.session.send(stream, "judge_reply", {"status": "ok", "sealed": verdicts[-1].hex()}, parent, ident=ident)


def open_the_judge(parts: dict[str, str], key: bytes, shell: Any, imports: str, values: dict[str, Any]) -> float:
    """Execute the judge's texts, by name, and let it take its place; return how many seconds the lab's imports took."""
    rooms: dict[str, dict[str, Any]] = {}
    for name, text in parts.items():
        # A dictionary of its own for each, which nothing else knows: their names cannot be replaced.
        rooms[name] = {"__builtins__": dict(vars(builtins)), "__name__": name}
        exec(compile(text, f"<{name}>", "exec"), rooms[name])
    seconds: float = rooms["judge"]["open_judge"](key, shell, imports, values, trusted_places(), rooms)
    return seconds


def trusted_places() -> tuple[str, ...]:
    """Where code is trusted: the standard library, installed packages, the helper module, and this file."""
    import data_utils

    folders = [sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")]
    folders.append(str(Path(data_utils.__file__).parent))
    known = {form + os.sep for folder in folders for form in (folder, os.path.realpath(folder))}
    return (*sorted(known), __file__, WARM)


def launch(argv: list[str]) -> None:
    """Run the kernel with arguments such as `-f connection.json` until it is shut down."""
    ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
    IPKernelApp.launch_instance(argv=argv, kernel_class=GradingKernel)


if __name__ == "__main__":
    sys.path[:] = [path for path in sys.path if Path(path or ".").resolve() != Path(__file__).parent.resolve()]
    launch(sys.argv[1:])
