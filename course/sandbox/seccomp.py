"""The system calls that a sandbox refuses, as a seccomp filter for bubblewrap.

Each is either a way around the sandbox's limits and walls, or a part of Linux that a notebook does not need and in
which vulnerabilities have been found before. Refused calls return an error, so that libraries can do without them.
"""

import errno
import platform
import struct

from course.errors import SandboxError

# By machine: the name that the kernel gives the architecture, then the number of each call on it.
ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
SYSCALL_NUMBERS = {
    # other namespaces: a user namespace would give its maker the rights that the sandbox has just taken away
    "unshare": (272, 97),
    "setns": (308, 268),
    # mounts, which such rights would allow
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    "open_by_handle_at": (304, 265),
    # keys of the instructor's session, which belong to no namespace
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    # memory that belongs to no process and no file, so that no limit counts it
    "shmget": (29, 194),
    "msgget": (68, 186),
    "semget": (64, 190),
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    # the same in pipes, which other calls fill only a page at a time, in messages and in watches on files
    "vmsplice": (278, 75),
    "splice": (275, 76),
    "tee": (276, 77),
    "mq_open": (240, 180),
    "inotify_add_watch": (254, 27),
    "fanotify_init": (300, 262),
    # other processes' memory: a sandbox's first process is of the same user unless root started it
    "ptrace": (101, 117),
    "process_vm_writev": (311, 271),
    # other cores than those of the sandbox
    "sched_setaffinity": (203, 122),
    # a timer that sends the kernel of the sandbox any signal; `setitimer` sends SIGALRM and its like
    "timer_create": (222, 107),
    # large parts of the kernel that no notebook needs
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),
}
# The C library falls back to `clone`, whose flags a filter can read; those of `clone3` lie in memory, where it cannot.
CLONE3 = (435, 435)
CLONE = (56, 220)
# Any of clone's CLONE_NEW… flags, and CLONE_PARENT: nobody may have children for a parent outside.
NEW_NAMESPACE, FOR_PARENT, EXIT_SIGNAL = 0x7E020000, 0x8000, 0xFF
SOCKET = (41, 198)
FAMILIES = (1, 2, 10, 16)  # AF_UNIX, AF_INET, AF_INET6, AF_NETLINK; others, like AF_VSOCK, may leave the namespace
# Signals by which others end or stop processes of theirs. Who sends one inside to the kernel of the sandbox, to its
# process group or to everybody, ends instead, by SIGSYS: so a kernel that was ended by one got it from outside (one
# that was stopped may have a terminal of its own). By call: its numbers, and the places of signal and receiver among
# its arguments; None if the filter cannot tell.
SIGNALLING = {
    "kill": ((62, 129), 1, 0),
    "rt_sigqueueinfo": ((129, 138), 1, 0),
    "tgkill": ((234, 131), 2, 0),
    "rt_tgsigqueueinfo": ((297, 240), 2, 0),
    "tkill": ((200, 130), 1, None),
    "pidfd_send_signal": ((424, 424), 1, None),
}
SIGNALS = (9, 15, 19)  # SIGKILL, SIGTERM, SIGSTOP
KERNEL_PID = 2  # the number of the kernel and of its group; the first process of a sandbox is 1
RECEIVERS = (KERNEL_PID, 0, -1, -KERNEL_PID)
# Linux sends them, too: at a limit of CPU time, when a file has something to read, and when a child ends.
SETRLIMIT, PRLIMIT, RLIMIT_CPU = (160, 164), (302, 261), 0
SET_FILE_SIGNAL = 10  # F_SETSIG of `fcntl`
# Asked to let a socket or a pipe hold more, Linux obeys up to its own limit; here it says yes and leaves it as it is.
SETSOCKOPT, SOL_SOCKET, BUFFERS = (54, 208), 1, (7, 8)  # SO_SNDBUF, SO_RCVBUF
FCNTL, SET_PIPE_SIZE = (72, 25), 1031
X32 = 0x40000000  # numbers from here on are calls of x86_64's second set

LOAD, EQUAL, ABOVE, ANY_BIT, KEEP, RETURN = 0x20, 0x15, 0x35, 0x45, 0x54, 0x06  # instructions of the filter's machine
CALL, ARCHITECTURE, FIRST_ARGUMENT, SECOND_ARGUMENT, THIRD_ARGUMENT = 0, 4, 16, 24, 32  # where it finds them
UPPER_HALF = 4  # of an argument
ALLOW, KILL, REFUSE = 0x7FFF0000, 0x80000000, 0x00050000


def seccomp_filter(machine: str | None = None) -> bytes:
    """The filter for this machine (or the one named) in the form that the kernel reads.

    Raises
    ------
    SandboxError
        The call numbers of this kind of machine are not known.
    """
    machine = machine or platform.machine()
    if machine not in ARCHITECTURES:
        names = " and ".join(ARCHITECTURES)
        raise SandboxError(f"Sandboxes work on {names}; this machine is {machine}. Grade on one of those.")
    column = list(ARCHITECTURES).index(machine)
    program = [_step(LOAD, ARCHITECTURE), _step(EQUAL, ARCHITECTURES[machine], 1, 0), _step(RETURN, KILL)]
    program += [_step(LOAD, CALL), _step(ABOVE, X32, 0, 1), _step(RETURN, REFUSE | errno.EPERM)]
    for numbers in SYSCALL_NUMBERS.values():
        program += [_step(EQUAL, numbers[column], 0, 1), _step(RETURN, REFUSE | errno.EPERM)]
    program += [_step(EQUAL, CLONE3[column], 0, 1), _step(RETURN, REFUSE | errno.ENOSYS)]
    program += _clone(CLONE[column])
    for calls, signal, receiver in SIGNALLING.values():
        otherwise = _to_the_kernel(receiver) if receiver is not None else [_step(RETURN, REFUSE | errno.EPERM)]
        program += [_step(EQUAL, calls[column], 0, len(SIGNALS) + 2 + len(otherwise)), _step(LOAD, _argument(signal))]
        program += [_step(EQUAL, number, len(SIGNALS) - position, 0) for position, number in enumerate(SIGNALS)]
        program += [_step(RETURN, ALLOW), *otherwise]
    program += [
        *(_step(EQUAL, SETSOCKOPT[column], 0, 8), _step(LOAD, SECOND_ARGUMENT), _step(EQUAL, SOL_SOCKET, 1, 0)),
        *(_step(RETURN, ALLOW), _step(LOAD, THIRD_ARGUMENT), _step(EQUAL, BUFFERS[0], 1, 0)),
        *(_step(EQUAL, BUFFERS[1], 0, 1), _step(RETURN, REFUSE), _step(RETURN, ALLOW)),
    ]
    program += _fcntl(FCNTL[column])
    program += [
        *(_step(EQUAL, SETRLIMIT[column], 0, 4), _step(LOAD, FIRST_ARGUMENT), _step(EQUAL, RLIMIT_CPU, 0, 1)),
        *(_step(RETURN, REFUSE | errno.EPERM), _step(RETURN, ALLOW)),
    ]
    program += [  # to ask for a limit, the third argument is no address
        *(_step(EQUAL, PRLIMIT[column], 0, 8), _step(LOAD, SECOND_ARGUMENT), _step(EQUAL, RLIMIT_CPU, 0, 4)),
        *(_step(LOAD, THIRD_ARGUMENT), _step(EQUAL, 0, 0, 3)),
        *(_step(LOAD, THIRD_ARGUMENT + UPPER_HALF), _step(EQUAL, 0, 0, 1)),
        *(_step(RETURN, ALLOW), _step(RETURN, REFUSE | errno.EPERM)),
    ]
    program += [_step(EQUAL, SOCKET[column], 1, 0), _step(RETURN, ALLOW), _step(LOAD, FIRST_ARGUMENT)]
    for family in FAMILIES:
        program += [_step(EQUAL, family, 0, 1), _step(RETURN, ALLOW)]
    return b"".join([*program, _step(RETURN, REFUSE | errno.EAFNOSUPPORT)])


def _clone(call: int) -> list[bytes]:
    """Refuse `clone` for other namespaces and parents; kill who asks for a signal of SIGNALS at a child's end."""
    return [
        *(_step(EQUAL, call, 0, len(SIGNALS) + 6), _step(LOAD, FIRST_ARGUMENT)),
        *(_step(ANY_BIT, NEW_NAMESPACE | FOR_PARENT, len(SIGNALS) + 3, 0), _step(KEEP, EXIT_SIGNAL)),
        *(_step(EQUAL, number, len(SIGNALS) - position, 0) for position, number in enumerate(SIGNALS)),
        *(_step(RETURN, ALLOW), _step(RETURN, KILL), _step(RETURN, REFUSE | errno.EPERM)),
    ]


def _fcntl(call: int) -> list[bytes]:
    """Leave pipes as large as they are; kill who asks for a signal of SIGNALS from a file."""
    return [
        *(_step(EQUAL, call, 0, len(SIGNALS) + 7), _step(LOAD, SECOND_ARGUMENT)),
        *(_step(EQUAL, SET_PIPE_SIZE, 0, 1), _step(RETURN, REFUSE)),
        *(_step(EQUAL, SET_FILE_SIGNAL, 0, len(SIGNALS) + 1), _step(LOAD, THIRD_ARGUMENT)),
        *(_step(EQUAL, number, len(SIGNALS) - position, 0) for position, number in enumerate(SIGNALS)),
        *(_step(RETURN, ALLOW), _step(RETURN, KILL)),
    ]


def _to_the_kernel(receiver: int) -> list[bytes]:
    """Kill a process that calls with one of RECEIVERS as that argument; allow the call otherwise."""
    steps = [
        _step(EQUAL, number & 0xFFFFFFFF, len(RECEIVERS) - position, 0) for position, number in enumerate(RECEIVERS)
    ]
    return [_step(LOAD, _argument(receiver)), *steps, _step(RETURN, ALLOW), _step(RETURN, KILL)]


def _argument(place: int) -> int:
    """Where the filter finds an argument's lower half, which is all that Linux looks at in these calls."""
    return FIRST_ARGUMENT + 8 * place


def _step(instruction: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    """One instruction; the last two say how many to skip after a comparison."""
    return struct.pack("=HBBI", instruction, if_true, if_false, value)
