"""Whether the submission caused the end of its kernel, and is graded as it is, or the machine did.

After a fault of the machine nothing is known about the submission. It is run again when nothing else is running
(workers/batch.py). What looks like a fault of the machine but could be caused by a submission, such as falling silent,
counts as caused by it if it happens when it runs alone.
"""

import os
from pathlib import Path
from typing import Any

from course.errors import MachineFault
from course.kernels.manager import WarmProvisioner
from course.sandbox.exit_cause import ExitCause
from course.sandbox.provisioner import SandboxProvisioner
from course.sandbox.seccomp import KERNEL_PID
from course.sandbox.watchdog import Watchdog

CRASHED = "The kernel ended: the cell crashed Python, or left it."
BUSY = "The machine was so busy that it could not be run to its end."
BUSY_SHARE = 0.5  # of a cell's seconds: a submission that used less CPU time than that was not busy
MEMORY = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


class KernelEnded(Exception):
    """The submission ended its kernel; the message says why, for the student and the instructor."""


class CellInterrupted(Exception):
    """A cell took too long and was interrupted; the kernel lives on."""


async def explain_exit(manager: Any, alone: bool) -> KernelEnded | MachineFault:
    """Why a kernel has ended that the grader did not end; `alone` if nothing else was running at the time."""
    provisioner = manager.provisioner
    if not isinstance(provisioner, SandboxProvisioner):
        return KernelEnded(CRASHED)  # without a sandbox the cause is not known
    cause = await provisioner.exit_cause()
    watchdog = provisioner.watchdog
    reason = (watchdog and watchdog.reason) or CRASHED
    if cause is not None and cause.by_submission:
        return KernelEnded(reason)
    peak, limit = (watchdog.peak_memory, watchdog.limits.memory_mib * 2**20) if watchdog else (0, MEMORY)
    used_much_memory = peak > min(MEMORY, limit) / 2
    if alone and cause is ExitCause.FLOOD:
        return KernelEnded(reason)
    if alone and used_much_memory and cause in (ExitCause.KILLED, ExitCause.NO_MEMORY):
        return KernelEnded(f"{reason} It held {peak // 2**20} MiB of memory.")
    return MachineFault(reason)


def explain_silence(
    manager: Any, reason: str, cpu_used: float, elapsed: float, alone: bool
) -> KernelEnded | MachineFault:
    """Why a running kernel does not answer even when interrupted, after `cpu_used` of `elapsed` seconds."""
    provisioner = manager.provisioner
    if not isinstance(provisioner, SandboxProvisioner) or not provisioner.watchdog:
        return KernelEnded(reason)
    if is_stopped(provisioner.watchdog):
        reason = "A signal stopped its kernel."
        return KernelEnded(reason) if alone else MachineFault(reason)
    if cpu_used < BUSY_SHARE * elapsed and not alone:
        return MachineFault(f"{reason} It did nothing in that time.")
    return KernelEnded(reason)


def is_stopped(watchdog: Watchdog) -> bool:
    """Whether the kernel in a sandbox has been stopped: from outside, or by a terminal that it has opened itself."""
    kernels = [folder for folder in watchdog.process_folders() if folder.name == str(KERNEL_PID)]
    try:
        states = [(folder / "stat").read_text("utf-8", "replace").rpartition(") ")[2][:1] for folder in kernels]
    except OSError:
        return False
    return "T" in states


def cpu_seconds(manager: Any) -> float:
    """The CPU time that a kernel's sandbox has used; 0 without a sandbox."""
    provisioner = manager.provisioner
    return provisioner.cpu_seconds() if isinstance(provisioner, SandboxProvisioner) else 0.0


def kernel_processes(manager: Any) -> list[Path]:
    """The folders in /proc of all processes in a kernel's sandbox, or of the kernel alone if it has none."""
    provisioner = manager.provisioner
    if isinstance(provisioner, SandboxProvisioner):
        return provisioner.watchdog.process_folders() if provisioner.watchdog else []
    return [Path(f"/proc/{provisioner.pid}")] if isinstance(provisioner, WarmProvisioner) else []
