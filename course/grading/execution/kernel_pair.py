"""The kernels that run submissions: in a sandbox, or without one for submissions that an instructor trusts."""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from jupyter_client.manager import AsyncKernelManager

from course import COURSE_FILE
from course.grading.execution.kernel_main import TESTS_OPTION
from course.kernels.forkserver import adopt_fork_server, fork_server
from course.kernels.manager import WarmKernelManager
from course.limits import Limits
from course.sandbox.copies import preload_of
from course.sandbox.manager import SandboxedKernelManager
from course.sandbox.mounts import package_folder

KERNEL_MAIN = Path(__file__).with_name("kernel_main.py")
ANSWERS, QUESTIONS, SCRATCH = "/run/answers", "/run/questions", "/tmp/scratch"  # in sandboxes
INHERITED = ("MNIST_SOURCE", "MNIST_NPZ", "NBGRADER_EXECUTION")  # the grader's variables that kernels get
DIGITS = {"MNIST_NPZ": "/opt/mnist.npz"}  # where the file that the variable names lies in a sandbox
_THREADS = ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")
_QUIET = {"TF_CPP_MIN_LOG_LEVEL": "3"}


class TrustedKernelManager(WarmKernelManager):
    """Starts the same kernel as in a sandbox, as the instructor's own process.

    They talk through sockets in a folder that only the instructor can open. Its path is absolute, as the kernel runs
    in another folder than the grader.
    """

    def __init__(self, **kwargs: Any) -> None:
        """Make the folder of the sockets."""
        self._sockets = tempfile.TemporaryDirectory(prefix="kernel-")
        super().__init__(transport="ipc", ip=str(Path(self._sockets.name, "socket")), kernel_file=KERNEL_MAIN, **kwargs)

    async def cleanup_resources(self, restart: bool = False) -> None:  # type: ignore[override]  # as in its parent
        """Delete the folder of the sockets, too."""
        await super().cleanup_resources(restart=restart)
        if not restart:
            self._sockets.cleanup()


def prepare_kernels(sandboxed: bool, threads: int, imports: str) -> Callable[[], object]:
    """Start the fork server that kernels need; other processes of this machine share it by calling the result."""
    if not sandboxed:
        return partial(int)  # each process starts its own
    preload = preload_of(imports, KERNEL_MAIN, thread_variables(threads), DIGITS)
    return partial(adopt_fork_server, preload, fork_server(preload))


def thread_variables(threads: int) -> dict[str, str]:
    """The variables of a kernel's environment that do not come from the sandbox."""
    inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}
    return inherited | _QUIET | dict.fromkeys(_THREADS, str(threads))


def solution_folders() -> list[str]:
    """The folder of the instructors' repository, if the helper package is used from there."""
    repository = package_folder("data_utils").parent
    return [str(repository)] if (repository / COURSE_FILE).exists() else []


@dataclass
class Pair:
    """Managers of the kernels for one submission and for its tests, and how the two reach each other.

    `folder` is private to the pair and holds the relay's sockets. `scratch` is the path of the scratch folder, whose
    files both have. `cores` is how many the kernels have. `environment` is what a kernel without a sandbox is started
    with in addition to this process's variables.
    """

    folder: Path
    submission: Callable[[], AsyncKernelManager]
    tests: Callable[[], AsyncKernelManager]
    path_of_answers: str
    path_of_questions: str
    scratch: str
    cores: int
    environment: dict[str, str] = field(default_factory=dict)


@contextmanager
def kernel_pair(limits: Limits, sandboxed: bool, threads: int, imports: str) -> Iterator[Pair]:
    """The kernels of one submission, not started yet.

    `threads` is how many TensorFlow and NumPy may use; `imports` are import statements that are done before the start.
    """
    environment = thread_variables(threads)
    with tempfile.TemporaryDirectory(prefix="line-", dir="/tmp") as path:  # short, as a socket's path must be
        folder = Path(path)
        sockets = folder / "answers", folder / "questions"
        if not sandboxed:
            manager = partial(TrustedKernelManager, imports=imports)
            scratch = folder / "scratch"
            tests = partial(manager, arguments=[TESTS_OPTION])
            yield Pair(folder, manager, tests, str(sockets[0]), str(sockets[1]), str(scratch), threads, environment)
            return
        manager = partial(
            SandboxedKernelManager,
            limits=limits,
            kernel_file=KERNEL_MAIN,
            imports=imports,
            environment=environment,
            private=solution_folders(),
            named_files=DIGITS,
        )
        submission = partial(manager, shown={ANSWERS: str(sockets[0])})
        tests = partial(manager, shown={QUESTIONS: str(sockets[1])}, arguments=[TESTS_OPTION])
        yield Pair(folder, submission, tests, ANSWERS, QUESTIONS, SCRATCH, threads)
