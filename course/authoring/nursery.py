"""A process that imports what labs import, and then turns copies of itself into kernels, as often as it is asked to.

Run by warm.py, with the import statements as its argument. A request is a line of JSON on standard input, with the
arguments, folder and environment of a kernel; the answer is a line with its process number. It ends, with all its
kernels, when standard input is closed.
"""

import json
import os
import random
import signal
import sys
from collections.abc import Iterator
from typing import Any, TextIO


def serve(imports: str, requests: TextIO, answers: TextIO) -> None:
    """Answer requests until there are no more."""
    exec(compile(imports, "<imports>", "exec"), {})
    import ipykernel.kernelapp  # noqa: F401 - needed by each kernel

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for them
    children = []
    for request in each(requests):
        child = os.fork()
        if child == 0:
            be_kernel(request)
        children.append(child)
        print(child, file=answers, flush=True)
    for child in children:
        try:
            os.killpg(child, signal.SIGKILL)
        except ProcessLookupError:
            continue  # it has ended, as it should


def each(requests: TextIO) -> Iterator[dict[str, Any]]:
    """The requests, one at a time: nothing may be read ahead, as a copy would have it, too."""
    while line := requests.readline():
        yield json.loads(line)


def be_kernel(request: dict[str, Any]) -> None:
    """Become a kernel; does not return."""
    from ipykernel.kernelapp import IPKernelApp

    code = 1
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.setsid()
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.chdir(request["cwd"])
        os.environ.clear()
        os.environ.update(request["environment"], JPY_PARENT_PID=str(os.getppid()))
        random.seed()
        if "numpy" in sys.modules:
            sys.modules["numpy"].random.seed()  # else all copies would draw the same numbers
        IPKernelApp.launch_instance(argv=request["argv"])
        code = 0
    finally:
        os._exit(code)


if __name__ == "__main__":
    answering = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what kernels print is no answer
    serve(sys.argv[1], sys.stdin, answering)
