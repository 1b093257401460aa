"""A process that does a lab's imports, and then turns copies of itself into kernels, each in a sandbox of its own.

Run by forkserver.py, under a name that nobody in a sandbox can take: its frames are the first of every kernel's. What
bubblewrap does before it starts a program, a copy does to itself after it has joined the sandbox: it loses its user,
its rights and its open files, and gets the sandbox's limits and filter of system calls. Without a sandbox it stays the
user's process, and ends with the fork server.

The first message on standard input, a socket, says what to import and which kernel to be. Each further message asks for
a kernel; it may come before the imports are done. The process ends when nobody has the socket's other end any more.
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
from typing import Any, NoReturn

Launch = Callable[[list[str]], None]
READY, STARTED = b"ready", b"started"
KERNELS_IMPORT = ("ipykernel.debugger", "IPython.extensions.storemagic", "sqlite3")  # what they do at their start
FORK_TRIES = 50
MESSAGE_BYTES = 200_000
# setns(2)
NEEDED = {"mnt": 0x20000, "pid": 0x20000000, "net": 0x40000000, "ipc": 0x8000000, "uts": 0x4000000}
NAMESPACES = {**NEEDED, "user": 0x10000000, "cgroup": 0x2000000}
# prctl(2) and capset(2)
SET_PDEATHSIG = 1
CAPBSET_DROP, CAP_AMBIENT, CAP_AMBIENT_CLEAR_ALL, SET_NO_NEW_PRIVS, SET_SECCOMP, SECCOMP_FILTER = 24, 47, 4, 38, 22, 2
CAPABILITY_VERSION = 0x20080522


def main(requests: socket.socket, done: int) -> None:
    """Import, say on the pipe `done` when that is done, then make kernels until nobody asks any more."""
    first, before = json.loads(requests.recv(MESSAGE_BYTES)), dict(os.environ)
    kernel: dict[str, Any] = {"__name__": "kernel", "__file__": first["kernel_file"]}
    exec(compile(first["kernel"], first["kernel_file"], "exec"), kernel)
    exec(compile(first["imports"], "<imports>", "exec"), {})
    for name in KERNELS_IMPORT:
        importlib.import_module(name)
    set_by_imports = dict(os.environ.items() - before.items())
    shutil.rmtree(first["folder"])
    gc.collect()
    gc.freeze()  # the garbage collector of a copy need not look at, and so copy, what was here before
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the copies
    os.write(done, READY)
    os.close(done)
    while True:
        message, files, _, _ = socket.recv_fds(requests, MESSAGE_BYTES, 3)
        if not message:
            return
        order = json.loads(message)
        order |= {"environment": set_by_imports | order["environment"], "server": os.getpid()}
        if fork() == 0:
            run_and_exit(be_copy, order, kernel["launch"], *files)
        for file in files:
            os.close(file)


def fork() -> int | None:
    """As os.fork; None if there is no room for another process, which is tried for some seconds."""
    for _ in range(FORK_TRIES):
        try:
            return os.fork()
        except OSError as error:
            print(error, file=sys.stderr)
            time.sleep(0.1)
    return None


def run_and_exit(task: Callable[..., None], *arguments: Any) -> NoReturn:
    """Do what this process is there for, and end it."""
    code = 1
    try:
        task(*arguments)
        code = 0
    except BaseException:
        traceback.print_exc()  # the kernel's last words
        raise
    finally:
        os._exit(code)


def be_copy(order: dict[str, Any], launch: Launch, words: int, alive: int, sandbox: int | None = None) -> None:
    """Become a kernel, or join a sandbox and be the parent of its kernel.

    `words`: where the kernel's standard output and error go. `alive`: told that the kernel has been started, and the
    exit code of that of a sandbox. `sandbox`: the sandbox's first process, as a file descriptor.
    """
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    Path("/proc/self/oom_score_adj").write_text("1000")  # the first to go when memory runs out
    empty_input()
    for stream in (1, 2):
        os.dup2(words, stream)
    if sandbox is None:
        close_all_but(alive)
        be_kernel(order, launch, alive)
        return
    close_all_but(alive, sandbox)
    if group := order["sandbox"].get("group"):
        Path(group, "cgroup.procs").write_text("0")
    enter(sandbox, order["sandbox"]["first"])
    os.sched_setaffinity(0, order["sandbox"]["cores"])
    os.close(sandbox)
    child = os.fork()  # to enter a namespace of processes is to have one's children there
    if child == 0:
        run_and_exit(be_kernel, order, launch, alive)
    _, status = os.waitpid(child, 0)
    os.write(alive, b"%d" % os.waitstatus_to_exitcode(status))


def empty_input() -> None:
    """Let standard input be empty."""
    null = os.open("/dev/null", os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)


def close_all_but(*files: int) -> None:
    """Close all files but these, and standard input, output and error."""
    kept = [2, *sorted(files), resource.getrlimit(resource.RLIMIT_NOFILE)[0]]
    for file, following in itertools.pairwise(kept):
        os.closerange(file + 1, following)


def enter(sandbox: int, pid: int) -> None:
    """Enter the namespaces of a sandbox; `pid` is the number of its first process."""
    others = [name for name in NAMESPACES if namespace("self", name) != namespace(pid, name)]
    if missing := NEEDED.keys() - others:
        raise RuntimeError(f"The sandbox has no namespace of its own for: {', '.join(sorted(missing))}.")
    call("setns", sandbox, sum(NAMESPACES[name] for name in others))


def namespace(pid: int | str, name: str) -> tuple[int, int]:
    """What tells a process's namespace from others."""
    found = Path(f"/proc/{pid}/ns/{name}").stat()
    return found.st_dev, found.st_ino


def be_kernel(order: dict[str, Any], launch: Launch, alive: int) -> None:
    """Become the kernel of the place that this process is in."""
    os.setsid()
    empty_input()  # by what is /dev/null here
    old_home = os.environ.get("HOME", "")
    os.environ.clear()
    os.environ.update(order["environment"], PWD=order["folder"])
    os.chdir(order["folder"])
    if "multiprocessing.process" in sys.modules:
        vars(sys.modules["multiprocessing.process"])["ORIGINAL_DIR"] = order["folder"]  # where children find modules
    if sandbox := order["sandbox"]:
        give_up_rights(sandbox["limits"], sandbox["user"], bytes.fromhex(sandbox["seccomp"]))
        Path(old_home).symlink_to(os.environ["HOME"])  # some libraries have looked up where home is
    else:
        call("prctl", SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != order["server"]:
            raise RuntimeError("The process that was copied has ended.")
    importlib.invalidate_caches()
    random.seed()
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed()  # else all copies would draw the same numbers
    sys.argv[:] = order["argv"]
    os.write(alive, STARTED if sandbox else STARTED + b" %d" % os.getpid())
    os.close(alive)
    launch(order["argv"][1:])


def give_up_rights(limits: dict[str, int], user: int | None, seccomp: bytes) -> None:
    """Take this process's limits, its capabilities, its user if it is root, and most system calls; all for good."""
    for name, value in limits.items():
        resource.setrlimit(getattr(resource, f"RLIMIT_{name.upper()}"), (value, value))
    for capability in range(int(Path("/proc/sys/kernel/cap_last_cap").read_text()) + 1):
        call("prctl", CAPBSET_DROP, capability, 0, 0, 0)
    call("prctl", CAP_AMBIENT, CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
    if user is not None:
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
    none = (ctypes.c_uint32 * 6)()  # effective, permitted and inheritable, in two halves each
    call("capset", (ctypes.c_uint32 * 2)(CAPABILITY_VERSION, 0), none)
    call("prctl", SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    program = ctypes.create_string_buffer(seccomp, len(seccomp))
    call("prctl", SET_SECCOMP, SECCOMP_FILTER, ctypes.byref(Filter(len(seccomp) // 8, ctypes.addressof(program))), 0, 0)


class Filter(ctypes.Structure):
    """The struct sock_fprog of Linux: the number of instructions, of 8 bytes each, and where they are."""

    _fields_ = (("length", ctypes.c_ushort), ("program", ctypes.c_void_p))


def call(name: str, *arguments: Any) -> None:
    """Call a function of the C library, and raise OSError if it fails."""
    whole = [ctypes.c_ulong(one) if isinstance(one, int) else one for one in arguments]
    if getattr(ctypes.CDLL(None, use_errno=True), name)(*whole) == -1:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}{arguments[:2]}: {os.strerror(number)}")


if __name__ == "__main__":
    del sys.path[0]  # the folder of this program; not to be imported from
    main(socket.socket(fileno=0), int(sys.argv[1]))
