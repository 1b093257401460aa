"""The kernels of a submission and of its tests, run in copies of the fork server.

This file runs in the sandbox, where only the course's package `testing` can be imported.
"""

import ctypes
import sys
from pathlib import Path

from ipykernel.ipkernel import IPythonKernel
from ipykernel.kernelapp import IPKernelApp

TESTS_OPTION = "--tests"  # the argument of a kernel that runs tests
PR_SET_DUMPABLE = 4  # prctl(2): with 0, no other process of the same user can read this one's memory


def launch(argv: list[str]) -> None:
    """Run the kernel with arguments such as `-f connection.json`, and perhaps TESTS_OPTION, until it is shut down."""
    ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
    kernel_class: type[IPythonKernel] = IPythonKernel
    if TESTS_OPTION in argv:
        from course.testing.runner import TestKernel

        kernel_class = TestKernel
    IPKernelApp.launch_instance(
        argv=[argument for argument in argv if argument != TESTS_OPTION], kernel_class=kernel_class
    )


if __name__ == "__main__":
    sys.path[:] = [path for path in sys.path if Path(path or ".").resolve() != Path(__file__).parent.resolve()]
    launch(sys.argv[1:])
