"""The kernels of a submission and of its tests, as copies of a process with the lab's imports become them.

This file is run in the sandbox, where of the course only the package `testing` can be imported.
"""

import ctypes
import sys
from pathlib import Path

from ipykernel.ipkernel import IPythonKernel
from ipykernel.kernelapp import IPKernelApp

TESTS = "--tests"  # the argument of a kernel that runs tests
PR_SET_DUMPABLE = 4  # prctl(2): with 0, no other process of the same user reads this one's memory


def launch(argv: list[str]) -> None:
    """Run the kernel with arguments such as `-f connection.json`, and perhaps TESTS, until it is shut down."""
    ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
    kind: type[IPythonKernel] = IPythonKernel
    if TESTS in argv:
        from course.testing.runner import TestKernel

        kind = TestKernel
    IPKernelApp.launch_instance(argv=[word for word in argv if word != TESTS], kernel_class=kind)


if __name__ == "__main__":
    sys.path[:] = [path for path in sys.path if Path(path or ".").resolve() != Path(__file__).parent.resolve()]
    launch(sys.argv[1:])
