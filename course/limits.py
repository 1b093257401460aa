"""How much a submission may use while it is graded."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """What a sandbox allows its kernel; course.toml sets it for the course and for single labs.

    TensorFlow with a small network takes 1.6 GiB of address space, of which it fills 0.7 GiB, and 20 threads on two
    cores; 2.6 GiB and 144 threads when it is told to use 64. The defaults leave room.
    """

    # Address space of each process, and what all processes of a sandbox together may hold in memory.
    memory_mib: int = 4096
    processes: int = 256  # processes and threads together
    open_files: int = 256  # of each process
    sockets: int = 1024  # of all processes of a sandbox together; one of TCP counts as 16
    files: int = 50_000  # files and folders of a sandbox, empty ones included
    file_mib: int = 256  # size of each file
    scratch_mib: int = 1024  # all that is written: home, working folder and /tmp together
    cpu_seconds: int = 900  # CPU time of all processes of a sandbox together, those that have ended included
    # By a clock that stands still while others have the CPU (execution/clock.py); on the wall it can be more.
    cell_seconds: int = 300
    submission_seconds: int = 1200
    output_kib: int = 1024  # of a cell's output is kept
    outputs_kib: int = 4096  # of all cells' outputs together; the labs' solutions show up to 470 KiB


DEFAULT_LIMITS = Limits()
