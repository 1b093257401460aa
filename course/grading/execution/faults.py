"""Whose doing the end of a kernel was: the submission's, which is graded as it is, or the machine's.

After a fault of the machine nothing is known about the submission. It is run again when nothing else is
(workers/batch.py). What looks like a fault of the machine but may be made by a submission, such as falling
silent, is held for its own doing if it happens when it runs alone.
"""

import os
from pathlib import Path
from typing import Any

from course.errors import MachineFault
from course.kernels.manager import WarmProvisioner
from course.sandbox.exit_cause import ExitCause
from course.sandbox.provisioner import SandboxProvisioner
from course.sandbox.seccomp import KERNEL
from course.sandbox.watchdog import Watchdog

CRASHED = "The kernel ended: the cell crashed Python, or left it."
BUSY = "The machine was so busy that it could not be run to its end."
IDLE = 0.5  # of the seconds that a cell had: who used less CPU time than that did not use it up
MEMORY = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


class Ended(Exception):
    """The kernel is gone by the submission's own doing; the message says why, for the student and the instructor."""


class Interrupted(Exception):
    """A cell took too long and was interrupted; the kernel lives on."""


async def cause_of_death(manager: Any, alone: bool) -> Ended | MachineFault:
    """Why a kernel has ended that nobody of us has ended; `alone` if nothing else was run at the time."""
    provisioner = manager.provisioner
    if not isinstance(provisioner, SandboxProvisioner):
        return Ended(CRASHED)  # of a submission that is trusted nothing is known
    ending = await provisioner.exit_cause()
    watchdog = provisioner.watchdog
    reason = (watchdog and watchdog.reason) or CRASHED
    if ending is not None and ending.by_submission:
        return Ended(reason)
    held_much = watchdog is not None and watchdog.peak_memory > min(MEMORY, watchdog.limits.memory_mib * 2**20) / 2
    if alone and ending is ExitCause.FLOOD:
        return Ended(reason)
    if alone and held_much and ending in (ExitCause.KILLED, ExitCause.NO_MEMORY):
        return Ended(f"{reason} It held {watchdog.peak_memory // 2**20 if watchdog else 0} MiB of memory.")
    return MachineFault(reason)


def explain_silence(manager: Any, reason: str, used: float, had: float, alone: bool) -> Ended | MachineFault:
    """Why a kernel does not even answer when it is interrupted, after `used` of the `had` seconds; it still runs."""
    provisioner = manager.provisioner
    if not isinstance(provisioner, SandboxProvisioner) or not provisioner.watchdog:
        return Ended(reason)
    if is_stopped(provisioner.watchdog):
        return MachineFault("A signal stopped its kernel, which was not its own.")
    if used < IDLE * had and not alone:
        return MachineFault(f"{reason} It did nothing in that time.")
    return Ended(reason)


def is_stopped(watchdog: Watchdog) -> bool:
    """Whether the kernel in a sandbox has been stopped; no signal from inside can do that (sandbox/seccomp.py)."""
    kernels = [folder for folder in watchdog.process_folders() if folder.name == str(KERNEL)]
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
