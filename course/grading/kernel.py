"""The kernel of a boxed submission: ipykernel's own, with a judge for test cells beside it (see judge.py).

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
from typing import Any

from ipykernel.ipkernel import IPythonKernel
from ipykernel.kernelapp import IPKernelApp

PR_SET_DUMPABLE = 4  # prctl(2): with 0, no other process of the same user reads this one's memory
JUDGE_FILE = "<judge>"


class GradingKernel(IPythonKernel):
    """A Python kernel that also judges."""

    def __init__(self, **kwargs: Any) -> None:
        """Add the two messages."""
        super().__init__(**kwargs)
        self.shell_handlers["judge_open"] = self.judge_open
        self.shell_handlers["judge_test"] = self.judge_test
        self._judge: Any = None

    def judge_open(self, stream: Any, ident: Any, parent: dict[str, Any]) -> None:
        """Start the judge; a second request is refused."""
        content = parent["content"]
        if self._judge is None:
            # A dictionary of its own, which nothing else knows: the judge's names cannot be replaced.
            names: dict[str, Any] = {"__builtins__": dict(vars(builtins)), "__name__": "judge"}
            exec(compile(content["judge"], JUDGE_FILE, "exec"), names)
            key = bytes.fromhex(content.pop("key"))
            self._judge = names["judge"](key, self.shell, content["imports"], content["values"], trusted_places())
            next(self._judge)
        self.session.send(stream, "judge_reply", {"status": "ok"}, parent, ident=ident)

    def judge_test(self, stream: Any, ident: Any, parent: dict[str, Any]) -> None:
        """Pass a sealed test to the judge and its sealed verdict back."""
        content = parent["content"]
        verdict = self._judge.send((bytes.fromhex(content["nonce"]), bytes.fromhex(content["sealed"])))
        self.session.send(stream, "judge_reply", {"status": "ok", "sealed": verdict.hex()}, parent, ident=ident)


def trusted_places() -> tuple[str, ...]:
    """Where code is trusted: the standard library, installed packages, the helper module, and this file."""
    import data_utils

    folders = [sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")]
    folders.append(str(Path(data_utils.__file__).parent))
    known = {form + os.sep for folder in folders for form in (folder, os.path.realpath(folder))}
    return (*sorted(known), JUDGE_FILE, __file__)


if __name__ == "__main__":
    ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
    sys.path[:] = [path for path in sys.path if Path(path or ".").resolve() != Path(__file__).parent.resolve()]
    IPKernelApp.launch_instance(kernel_class=GradingKernel)
