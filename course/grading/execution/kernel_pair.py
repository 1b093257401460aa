"""Kernels that run submissions: in a sandbox, or, for those that an instructor trusts, without one."""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from jupyter_client.manager import AsyncKernelManager

from course.config import COURSE_FILE
from course.grading.execution.kernel_main import TESTS
from course.kernels.forkserver import adopt_fork_server, fork_server
from course.kernels.manager import WarmKernelManager
from course.limits import Limits
from course.sandbox.manager import SandboxedKernelManager
from course.sandbox.mounts import package_folder
from course.sandbox.provisioner import preload_of

KERNEL = Path(__file__).with_name("kernel_main.py")
ANSWERS, QUESTIONS, SCRATCH = "/run/answers", "/run/questions", "/tmp/scratch"  # in sandboxes
PASSED = ("MNIST_SOURCE", "MNIST_NPZ", "NBGRADER_EXECUTION")  # variables of the grader that submissions are told
DIGITS = {"MNIST_NPZ": "/opt/mnist.npz"}  # the file that it names, and where it lies in a sandbox
THREADS = ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")
QUIET = {"TF_CPP_MIN_LOG_LEVEL": "3"}


class TrustedKernelManager(WarmKernelManager):
    """Starts the same kernel as in a sandbox, as the instructor's own process.

    They talk through sockets in a folder that only the instructor can open. Its path is absolute, as the kernel runs
    in another folder than the grader.
    """

    def __init__(self, **kwargs: Any) -> None:
        """Make the folder of the sockets."""
        self._sockets = tempfile.TemporaryDirectory(prefix="kernel-")
        super().__init__(transport="ipc", ip=str(Path(self._sockets.name, "socket")), kernel_file=KERNEL, **kwargs)

    async def cleanup_resources(self, restart: bool = False) -> None:  # type: ignore[override]  # as in its parent
        """Delete the folder of the sockets, too."""
        await super().cleanup_resources(restart=restart)
        if not restart:
            self._sockets.cleanup()


def prepare_kernels(sandboxed: bool, threads: int, imports: str) -> Callable[[], object]:
    """Begin with what kernels wait for; other processes of this machine share it when they call the result."""
    if not sandboxed:
        return partial(int)  # each begins itself
    needs = preload_of(imports, KERNEL, thread_variables(threads), DIGITS)
    return partial(adopt_fork_server, needs, fork_server(needs))


def thread_variables(threads: int) -> dict[str, str]:
    """What a kernel's environment says besides what every kernel's does."""
    passed = {name: os.environ[name] for name in PASSED if name in os.environ}
    return passed | QUIET | dict.fromkeys(THREADS, str(threads))


def solutions() -> list[str]:
    """The folder of the instructors' repository, if the helper package is used from there."""
    repository = package_folder("data_utils").parent
    return [str(repository)] if (repository / COURSE_FILE).exists() else []


@dataclass
class Pair:
    """Managers of the kernels for one submission and for its tests, and how the two reach each other.

    `folder` is private to the pair and holds the ends of their line. `scratch` is the path of the folder whose files
    both have. `cores` is how many the kernels have. `environment` is what a kernel without a sandbox is started with
    beside this process's variables.
    """

    folder: Path
    submission: Callable[[], AsyncKernelManager]
    tests: Callable[[], AsyncKernelManager]
    path_of_answers: str
    path_of_tests: str
    scratch: str
    cores: int
    environment: dict[str, str] = field(default_factory=dict)


@contextmanager
def kernel_pair(limits: Limits, sandboxed: bool, threads: int, imports: str) -> Iterator[Pair]:
    """The kernels of one submission, not started yet.

    `threads` is how many TensorFlow and NumPy may use; `imports` is what the kernels have imported when they start.
    """
    environment = thread_variables(threads)
    with tempfile.TemporaryDirectory(prefix="line-", dir="/tmp") as place:  # a short name: a socket's has few letters
        folder = Path(place)
        ends = folder / "answers", folder / "tests"
        if not sandboxed:
            trusted = partial(TrustedKernelManager, imports=imports)
            scratch = folder / "scratch"
            tests = partial(trusted, arguments=[TESTS])
            yield Pair(folder, trusted, tests, str(ends[0]), str(ends[1]), str(scratch), threads, environment)
            return
        sandbox = partial(
            SandboxedKernelManager,
            limits=limits,
            kernel_file=KERNEL,
            imports=imports,
            environment=environment,
            private=solutions(),
            named_files=DIGITS,
        )
        submission = partial(sandbox, shown={ANSWERS: str(ends[0])})
        beside = partial(sandbox, shown={QUESTIONS: str(ends[1])}, arguments=[TESTS])
        yield Pair(folder, submission, beside, ANSWERS, QUESTIONS, SCRATCH, threads)
