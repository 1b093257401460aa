"""Kernels that run submissions: in a box, or, for those that an instructor trusts, without one."""

import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from jupyter_client.manager import AsyncKernelManager

from course.grading.boxes.box import BoxedKernelManager, passed_environment
from course.grading.boxes.provisioner import wanted
from course.grading.limits import Limits
from course.warm.manager import WarmKernelManager
from course.warm.source import adopt, nursery

KERNEL = Path(__file__).with_name("kernel.py")
QUIET = {"TF_CPP_MIN_LOG_LEVEL": "3"}


class TrustedKernelManager(WarmKernelManager):
    """Starts the same kernel as in a box, as the instructor's own process.

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


def prepare(boxed: bool, threads: int, imports: str) -> Callable[[], object]:
    """Begin with what kernels wait for; other processes of this machine share it when they call the result."""
    if not boxed:
        return partial(int)  # each begins itself
    needs = wanted(imports, KERNEL, variables(threads))
    return partial(adopt, needs, nursery(needs))


def variables(threads: int) -> dict[str, str]:
    """What a kernel's environment says besides what every kernel's does."""
    names = ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")
    return passed_environment() | QUIET | dict.fromkeys(names, str(threads))


def kernel_manager(
    limits: Limits, boxed: bool, threads: int, imports: str
) -> tuple[AsyncKernelManager, dict[str, str]]:
    """A manager for one submission's kernel, not started yet, and the environment to start it with.

    `threads` is how many TensorFlow and NumPy may use; `imports` is what the kernel has imported when it starts.
    """
    environment = variables(threads)
    if boxed:
        return BoxedKernelManager(limits=limits, kernel_file=KERNEL, environment=environment, imports=imports), {}
    return TrustedKernelManager(imports=imports), environment
