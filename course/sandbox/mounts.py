"""What can be seen in a sandbox: the system, the Python environment and data_utils, but no user's files.

All is read-only except /tmp, which holds home and working folder, and the folder of the kernel's sockets. Both are in
memory and limited in size: a sandbox can write nothing to the host's disk.
"""

import os
import stat
import sys
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path

from course.errors import SandboxError

HOME, WORK, SITE = "/tmp/home", "/tmp/work", "/opt/site"
# The parts of the package course that the kernels of submissions and tests import.
TESTING = ("__init__.py", "testing")
KERNEL_FILE = "/run/kernel.py"  # its code is trusted: nothing in a sandbox can write there
SOCKETS = "/run/sandboxed-kernel"
SHARED_MEMORY_MIB = 64  # at /dev/shm; part of the scratch space
SYSTEM = tuple(Path("/", name) for name in ("usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32"))
_SETTINGS = ("ld.so.cache", "ld.so.conf", "ld.so.conf.d", "localtime", "fonts", "alternatives", "mime.types")


def mount_arguments(folder: Path, scratch_mib: int, user: int, files: Mapping[str, Path]) -> Iterator[str]:
    """The part of bubblewrap's command that builds the sandbox's file system; small files are written to `folder`
    first.

    Raises
    ------
    SandboxError
        data_utils is not installed.
    """
    yield from ("--proc", "/proc", "--dev", "/dev")
    shared_memory = min(SHARED_MEMORY_MIB, max(1, scratch_mib // 8))
    yield from (*_tmpfs("/dev/shm", shared_memory), "--remount-ro", "/dev")
    yield from _tmpfs("/tmp", max(1, scratch_mib - shared_memory))
    yield from ("--perms", "1777", "--dir", HOME, "--perms", "1777", "--dir", WORK)
    yield from (*_parents(Path(SOCKETS)), *_tmpfs(SOCKETS, 1))
    for path in SYSTEM:
        if path.is_symlink():
            yield from ("--symlink", str(path.readlink()), str(path))
        elif path.is_dir():
            yield from _bind(path, path)
    yield from _parents(Path("/etc/any"))
    for name in _SETTINGS:
        yield from ("--ro-bind-try", f"/etc/{name}", f"/etc/{name}")
    for path in python_folders():
        yield from _bind(path, path)
    yield from _bind(package_folder("data_utils"), Path(SITE, "data_utils"))
    course_folder = package_folder("course")
    for module in TESTING:
        yield from _bind(course_folder / module, Path(SITE, "course", module))
    if exposing_folder(course_folder):  # how submissions are graded stays hidden from them
        yield from ("--tmpfs", str(course_folder), "--remount-ro", str(course_folder))
    for inside, outside in {**_etc(folder, user), **files}.items():
        yield from _bind(outside, Path(inside))
    yield from ("--remount-ro", "/")


def _tmpfs(path: str, mib: int) -> tuple[str, ...]:
    return ("--perms", "1777", "--size", str(mib * 2**20), "--tmpfs", path)


def _bind(outside: Path, inside: Path) -> Iterator[str]:
    yield from (*_parents(inside), "--ro-bind", str(outside), str(inside))


def _parents(path: Path) -> Iterator[str]:
    """Make the folders above a path so that every user may pass, even if outside one of them is a closed home."""
    for folder in list(path.parents)[-2::-1]:
        yield from ("--perms", "0755", "--dir", str(folder))


def python_folders() -> list[Path]:
    """The environment and its base interpreter, by their names and by their real paths, and other package folders."""
    names = [Path(name) for name in (sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix)]
    names += [name.resolve() for name in names]
    needed: list[Path] = []
    for name in [*sorted(set(names), key=lambda name: len(name.parts)), *other_package_folders()]:
        if not any(name.is_relative_to(other) for other in (*SYSTEM, *needed)):
            needed.append(name)
    return needed


def other_package_folders() -> list[Path]:
    """Other folders on Python's path in which packages are installed: the user's own, and those that .pth files name.

    A folder in which pip has installed nothing, such as this repository, is not one of them.
    """
    shown_anyway = [Path(sys.prefix), Path(sys.base_prefix), *SYSTEM]
    folders = [Path(name).resolve() for name in sys.path if name and Path(name).is_dir()]
    others = [folder for folder in folders if not any(folder.is_relative_to(shown.resolve()) for shown in shown_anyway)]
    return [folder for folder in dict.fromkeys(others) if any(folder.glob("*.dist-info"))]


def package_folder(name: str) -> Path:
    """Where a package of this course is installed.

    Raises
    ------
    SandboxError
        It is not.
    """
    spec = find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise SandboxError(f"The package {name} is not installed. Install it: pip install --no-deps --editable .")
    return Path(next(iter(spec.submodule_search_locations))).resolve()


def exposing_folder(path: Path) -> Path | None:
    """The folder through which every sandbox shows this path, if there is one."""
    real = path.resolve()
    return next((folder for folder in (*SYSTEM, *python_folders()) if real.is_relative_to(folder)), None)


def check_hidden(*places: Path) -> None:
    """Make sure that no sandbox shows one of these folders.

    Raises
    ------
    SandboxError
        Every sandbox shows one; the message names it.
    """
    for place in places:
        if folder := exposing_folder(place):
            raise SandboxError(f"{place} lies in {folder}, which every submission can read. Move it elsewhere.")


def readable_file(path: Path) -> Path:
    """The real path of an instructor's file that a sandbox will show.

    Raises
    ------
    SandboxError
        It does not exist, or the user in the sandbox could not read it.
    """
    if not path.is_file():
        raise SandboxError(f"{path}, which the sandbox is to show, does not exist.")
    if os.getuid() == 0 and not path.stat().st_mode & stat.S_IROTH:
        raise SandboxError(f"{path} cannot be read by others, so not in a sandbox either. Permit it: chmod o+r {path}")
    return path.resolve()


def _etc(folder: Path, user: int) -> dict[str, Path]:
    """The few files of /etc that programs look up, made so that they say nothing about this machine."""
    texts = {
        "passwd": f"root:x:0:0::/:/bin/false\nstudent:x:{user}:{user}::{HOME}:/bin/sh\n",
        "group": f"root:x:0:\nstudent:x:{user}:\n",
        "hosts": "127.0.0.1 localhost sandbox\n::1 localhost\n",
        "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
    }
    return {f"/etc/{name}": write_readable(folder / name, text) for name, text in texts.items()}


def write_readable(path: Path, text: str) -> Path:
    """Write a file with permission for all to read; the closed folder around it decides who can."""
    path.write_text(text, encoding="utf-8")
    path.chmod(0o644)
    return path
