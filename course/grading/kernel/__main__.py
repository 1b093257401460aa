"""The kernel of a boxed submission: ipykernel's own, with a judge for test cells beside it (see judge.py).

Two messages are added to Jupyter's. `judge_open` comes first, before any cell, and starts the judge. `judge_test`
carries a sealed test cell; the reply carries the sealed verdict.
"""

import builtins
import ctypes
import os
import sys
import sysconfig
from pathlib import Path

from ipykernel.ipkernel import IPythonKernel
from ipykernel.kernelapp import IPKernelApp

PR_SET_DUMPABLE = 4  # prctl(2): with 0, no other process of the same user reads this one's memory
JUDGE = Path(__file__).with_name("judge.py")


class GradingKernel(IPythonKernel):
    """A Python kernel that also judges."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.shell_handlers["judge_open"] = self.judge_open
        self.shell_handlers["judge_test"] = self.judge_test
        self._judge = None

    def judge_open(self, stream, ident, parent):
        """Start the judge; a second request is refused."""
        content = parent["content"]
        if self._judge is None:
            names = {"__builtins__": dict(vars(builtins)), "__name__": "judge"}
            exec(compile(JUDGE.read_text("utf-8"), str(JUDGE), "exec"), names)
            key = bytes.fromhex(content.pop("key"))
            self._judge = names["judge"](key, self.shell, content["imports"], content["values"], library_folders())
            next(self._judge)
        self.session.send(stream, "judge_reply", {"status": "ok"}, parent, ident=ident)

    def judge_test(self, stream, ident, parent):
        """Pass a sealed test to the judge and its sealed verdict back."""
        content = parent["content"]
        verdict = self._judge.send((bytes.fromhex(content["nonce"]), bytes.fromhex(content["sealed"])))
        self.session.send(stream, "judge_reply", {"status": "ok", "sealed": verdict.hex()}, parent, ident=ident)


def library_folders():
    """Where code is trusted: the standard library, installed packages, the helper module, and these files."""
    import data_utils

    paths = [sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")]
    paths += [str(Path(data_utils.__file__).parent), str(JUDGE.parent)]
    return tuple({os.path.join(form, "") for path in paths for form in (path, os.path.realpath(path))})


if __name__ == "__main__":
    ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
    sys.path[:] = [path for path in sys.path if Path(path or ".").resolve() != JUDGE.parent.resolve()]
    IPKernelApp.launch_instance(kernel_class=GradingKernel)
