"""A process that does a lab's imports, and then turns copies of itself into kernels, each in a sandbox of its own.

Run by forkserver.py, under a file name that nothing in a sandbox can use: its frames are the outermost of every
kernel's. What bubblewrap does before it starts a program, a copy does to itself after it has joined the sandbox: it
gives up its user, its rights and its open files, and gets the sandbox's limits and filter of system calls. Without a
sandbox it stays the user's process, and ends with the fork server.

The first message on standard input, a socket, says what to import and which kernel to run. Each further message asks
for a kernel; it may come before the imports are done. The process ends when the socket's other end is closed.
"""

import ctypes
import gc
import importlib
import itertools
import json
import os
import random
import resource
import shutil
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn, TypedDict

Launch = Callable[[list[str]], None]
_READY, STARTED = b"ready", b"started"
KERNELS_IMPORT = ("ipykernel.debugger", "IPython.extensions.storemagic", "sqlite3")  # when they start
FORK_TRIES = 50
MESSAGE_BYTES = 200_000
# setns(2)
NEEDED_NAMESPACES = {"mnt": 0x20000, "pid": 0x20000000, "net": 0x40000000, "ipc": 0x8000000, "uts": 0x4000000}
NAMESPACES = {**NEEDED_NAMESPACES, "user": 0x10000000, "cgroup": 0x2000000}
# prctl(2) and capset(2)
SET_PDEATHSIG = 1
CAPBSET_DROP, CAP_AMBIENT, CAP_AMBIENT_CLEAR_ALL, SET_NO_NEW_PRIVS, SET_SECCOMP, SECCOMP_FILTER = 24, 47, 4, 38, 22, 2
CAPABILITY_VERSION = 0x20080522


class ServerSettings(TypedDict):
    """The first message: import statements, the text of the kernel's file and its name in tracebacks, a folder."""

    imports: str
    kernel: str
    kernel_file: str
    folder: str


class SandboxToJoin(TypedDict):
    """A sandbox that a copy joins.

    `first`: the number of its first process. `cores`: those that it may use. `group`: the folder of its control group,
    if it has one. `limits`: by the names of `resource`, in lower case. `user`: the user to become, if this one is root.
    `seccomp`: the filter of system calls, in hexadecimal digits.
    """

    first: int
    cores: list[int]
    group: str | None
    limits: dict[str, int]
    user: int | None
    seccomp: str


class KernelRequest(TypedDict):
    """What asks for a kernel: its arguments, the folder it works in, its environment, and its sandbox, if any."""

    argv: list[str]
    folder: str
    environment: dict[str, str]
    sandbox: SandboxToJoin | None


def main(requests: socket.socket, ready_pipe: int) -> None:
    """Import, write to `ready_pipe` when that is done, then start kernels until the requests end."""
    settings: ServerSettings = json.loads(requests.recv(MESSAGE_BYTES))
    old_environment = dict(os.environ)
    kernel_module: dict[str, Any] = {"__name__": "kernel", "__file__": settings["kernel_file"]}
    exec(compile(settings["kernel"], settings["kernel_file"], "exec"), kernel_module)
    exec(compile(settings["imports"], "<imports>", "exec"), {})
    for name in KERNELS_IMPORT:
        importlib.import_module(name)
    set_by_imports = dict(os.environ.items() - old_environment.items())
    shutil.rmtree(settings["folder"])
    gc.collect()
    gc.freeze()  # so that a copy's garbage collector does not touch, and so duplicate, the memory it shares
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the copies
    os.write(ready_pipe, _READY)
    os.close(ready_pipe)
    while True:
        message, files, _, _ = socket.recv_fds(requests, MESSAGE_BYTES, 3)
        if not message:
            return
        request: KernelRequest = json.loads(message)
        request["environment"] = set_by_imports | request["environment"]
        server = os.getpid()
        if fork() == 0:
            run_and_exit(become_copy, request, server, kernel_module["launch"], *files)
        for file in files:
            os.close(file)


def fork() -> int | None:
    """As os.fork; None if Linux allows no further process for some seconds."""
    for _ in range(FORK_TRIES):
        try:
            return os.fork()
        except OSError as error:
            print(error, file=sys.stderr)
            time.sleep(0.1)
    return None


def run_and_exit(task: Callable[..., None], *arguments: Any) -> NoReturn:
    """Run the task of this process, and end the process."""
    code = 1
    try:
        task(*arguments)
        code = 0
    except BaseException:
        traceback.print_exc()
        raise
    finally:
        os._exit(code)


def become_copy(
    request: KernelRequest, server: int, launch: Launch, output: int, status_pipe: int, sandbox: int | None = None
) -> None:
    """Become a kernel, or join a sandbox and be the parent of its kernel.

    `server`: the number of the process that was copied. `output`: where the kernel's standard output and error go.
    `status_pipe`: where to write that the kernel has started, and in a sandbox its exit code. `sandbox`: the sandbox's
    first process, as a file descriptor.
    """
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    Path("/proc/self/oom_score_adj").write_text("1000")  # the first to go when memory runs out
    empty_input()
    for stream in (1, 2):
        os.dup2(output, stream)
    joined = request["sandbox"]
    if sandbox is None or joined is None:
        close_all_but(status_pipe)
        become_kernel(request, server, launch, status_pipe)
        return
    close_all_but(status_pipe, sandbox)
    if joined["group"]:
        Path(joined["group"], "cgroup.procs").write_text("0")
    enter_namespaces(sandbox, joined["first"])
    os.sched_setaffinity(0, joined["cores"])
    os.close(sandbox)
    child = os.fork()  # only the children of whoever enters a namespace of processes are in it
    if child == 0:
        run_and_exit(become_kernel, request, server, launch, status_pipe)
    _, status = os.waitpid(child, 0)
    os.write(status_pipe, b"%d" % os.waitstatus_to_exitcode(status))


def empty_input() -> None:
    """Make standard input empty."""
    null = os.open("/dev/null", os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)


def close_all_but(*files: int) -> None:
    """Close all files but these, and standard input, output and error."""
    bounds = [2, *sorted(files), resource.getrlimit(resource.RLIMIT_NOFILE)[0]]
    for file, following in itertools.pairwise(bounds):
        os.closerange(file + 1, following)


def enter_namespaces(sandbox: int, pid: int) -> None:
    """Enter the namespaces of a sandbox; `pid` is the number of its first process."""
    different = [name for name in NAMESPACES if namespace("self", name) != namespace(pid, name)]
    if missing := NEEDED_NAMESPACES.keys() - different:
        raise RuntimeError(f"The sandbox has no namespace of its own for: {', '.join(sorted(missing))}.")
    call_libc("setns", sandbox, sum(NAMESPACES[name] for name in different))


def namespace(pid: int | str, name: str) -> tuple[int, int]:
    """The identity of a process's namespace."""
    status = Path(f"/proc/{pid}/ns/{name}").stat()
    return status.st_dev, status.st_ino


def become_kernel(request: KernelRequest, server: int, launch: Launch, status_pipe: int) -> None:
    """Become a kernel, in the sandbox that this process has joined or without one."""
    os.setsid()
    empty_input()  # again, with the sandbox's own /dev/null
    old_home = os.environ.get("HOME", "")
    os.environ.clear()
    os.environ.update(request["environment"], PWD=request["folder"])
    os.chdir(request["folder"])
    if "multiprocessing.process" in sys.modules:
        vars(sys.modules["multiprocessing.process"])["ORIGINAL_DIR"] = request["folder"]  # where children find modules
    if sandbox := request["sandbox"]:
        give_up_rights(sandbox["limits"], sandbox["user"], bytes.fromhex(sandbox["seccomp"]))
        Path(old_home).symlink_to(os.environ["HOME"])  # some libraries have looked up the home folder
    else:
        call_libc("prctl", SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != server:
            raise RuntimeError("The process that was copied has ended.")
    importlib.invalidate_caches()
    random.seed()
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed()  # else all copies would draw the same numbers
    sys.argv[:] = request["argv"]
    os.write(status_pipe, STARTED if sandbox else STARTED + b" %d" % os.getpid())
    os.close(status_pipe)
    launch(request["argv"][1:])


def give_up_rights(limits: dict[str, int], user: int | None, seccomp: bytes) -> None:
    """Set this process's limits and drop its capabilities, its user if it is root, and most system calls, for good."""
    for name, value in limits.items():
        resource.setrlimit(getattr(resource, f"RLIMIT_{name.upper()}"), (value, value))
    for capability in range(int(Path("/proc/sys/kernel/cap_last_cap").read_text()) + 1):
        call_libc("prctl", CAPBSET_DROP, capability, 0, 0, 0)
    call_libc("prctl", CAP_AMBIENT, CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
    if user is not None:
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
    no_capabilities = (ctypes.c_uint32 * 6)()  # effective, permitted and inheritable, in two halves each
    call_libc("capset", (ctypes.c_uint32 * 2)(CAPABILITY_VERSION, 0), no_capabilities)
    call_libc("prctl", SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    instructions = ctypes.create_string_buffer(seccomp, len(seccomp))
    filter_program = FilterProgram(len(seccomp) // 8, ctypes.addressof(instructions))
    call_libc("prctl", SET_SECCOMP, SECCOMP_FILTER, ctypes.byref(filter_program), 0, 0)


class FilterProgram(ctypes.Structure):
    """The struct sock_fprog of Linux: the number of instructions, of 8 bytes each, and their address."""

    _fields_ = (("length", ctypes.c_ushort), ("program", ctypes.c_void_p))


def call_libc(name: str, *arguments: Any) -> None:
    """Call a function of the C library, and raise OSError if it fails."""
    c_arguments = [ctypes.c_ulong(argument) if isinstance(argument, int) else argument for argument in arguments]
    if getattr(ctypes.CDLL(None, use_errno=True), name)(*c_arguments) == -1:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}{arguments[:2]}: {os.strerror(number)}")


if __name__ == "__main__":
    del sys.path[0]  # the folder of this program; not to be imported from
    main(socket.socket(fileno=0), int(sys.argv[1]))
