"""The files that tests and answers exchange: a folder on each side, made equal whenever one calls the other.

Only regular files and folders count, and they travel as bytes: a link, a pipe or a hole in a file on one side never
reaches the other.
"""

import contextlib
import os
import re
import shutil
import stat
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from course.testing.codec import Codec
from course.testing.errors import ProtocolError

MOST_FILES, _MOST_BYTES, _DEEPEST = 2_000, 256 * 2**20, 20
TICK = 50_000_000  # nanoseconds: a file that was written so shortly before may have been written again unnoticed
_NAME = re.compile(r"[^/\0]{1,200}")


@dataclass
class ScratchFolder:
    """One side's folder, and its contents at the last exchange: paths with size, time and inode, None for a folder."""

    folder: Path
    synced: dict[str, tuple[int, int, int] | None] = field(default_factory=dict)
    synced_ns: int = 0

    def changes(self, codec: Codec) -> dict[str, Any]:
        """What has changed since the last exchange: files with their contents, new folders, and what is gone.

        Raises
        ------
        ProtocolError
            The folder holds too many files, or too large ones.
        """
        entries = scan_folder(self.folder)
        files, new_folders = {}, []
        for path, status in entries.items():
            if (
                path in self.synced
                and self.synced[path] == status
                and (not status or status[1] < self.synced_ns - TICK)
            ):
                continue
            if status is None:
                new_folders.append(path)
            elif (content := read_file(self.folder / path)) is not None:
                files[path] = codec.buffer(content)
        removed = [path for path in self.synced if path not in entries]
        self.synced, self.synced_ns = entries, time.time_ns()
        return {"files": files, "made": new_folders, "gone": removed} if files or new_folders or removed else {}

    def apply(self, changes: Any, codec: Codec) -> None:
        """Make the other side's changes here, too.

        Raises
        ------
        ProtocolError
            The changes are of no known form, too many, or outside of this folder.
        """
        if not isinstance(changes, dict) or not changes:
            return
        files, new_folders, removed = changes.get("files", {}), changes.get("made", []), changes.get("gone", [])
        if not isinstance(files, dict) or not isinstance(new_folders, list) or not isinstance(removed, list):
            raise ProtocolError("it sent files of no known form")
        if len(files) + len(new_folders) > MOST_FILES:
            raise ProtocolError(f"there are more than {MOST_FILES} files in the folder of the test")
        try:
            for path in sorted(removed, key=lambda path: -len(str(path))):
                remove_path(self.local_path(path))
            for path in sorted(map(str, new_folders)):
                make_folder(self.local_path(path), self.folder)
            for path, place in files.items():
                target = self.local_path(path)
                make_folder(target.parent, self.folder)
                write_file(target, codec.received_buffer(place))
        except OSError as error:
            raise ProtocolError(f"its files cannot be written ({error.strerror})") from error
        self.synced, self.synced_ns = scan_folder(self.folder), time.time_ns()

    def local_path(self, path: Any) -> Path:
        """The path inside this folder that the other side means."""
        parts = path.split("/") if isinstance(path, str) else []
        if not 0 < len(parts) <= _DEEPEST or not all(
            _NAME.fullmatch(part) and part not in (".", "..") for part in parts
        ):
            raise ProtocolError("it sent a file with a name of no known form")
        try:
            os.fsencode(path)
        except UnicodeEncodeError as error:
            raise ProtocolError("it sent a file with a name that cannot be written") from error
        return self.folder.joinpath(*parts)


def scan_folder(top: Path) -> dict[str, tuple[int, int, int] | None]:
    """The regular files and the folders below a folder."""
    contents: dict[str, tuple[int, int, int] | None] = {}
    total = 0

    def enter(path: Path, prefix: str, depth: int) -> None:
        nonlocal total
        try:
            entries = list(os.scandir(path))
        except OSError:
            return  # gone, or closed to this user
        for entry in entries:
            try:
                status = entry.stat(follow_symlinks=False)
            except OSError:
                continue
            name = f"{prefix}{entry.name}"
            if stat.S_ISDIR(status.st_mode) and depth < _DEEPEST:
                contents[name] = None
                enter(Path(entry.path), f"{name}/", depth + 1)
            elif stat.S_ISREG(status.st_mode):
                contents[name] = status.st_size, status.st_mtime_ns, status.st_ino
                total += status.st_size
            if len(contents) > MOST_FILES:
                raise ProtocolError(f"there are more than {MOST_FILES} files in the folder of the test")
            if total > _MOST_BYTES:
                raise ProtocolError(f"the files in the folder of the test are larger than {_MOST_BYTES // 2**20} MiB")

    enter(top, "", 1)
    return contents


def read_file(path: Path) -> bytes | None:
    """A regular file's content, None if there is no regular file any more."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        return file.read(_MOST_BYTES) if stat.S_ISREG(os.fstat(descriptor).st_mode) else None


def make_folder(path: Path, top: Path) -> None:
    """Make a folder and those above it; a file or link of that name is deleted."""
    for place in [*reversed(path.parents), path]:
        if not place.is_relative_to(top):
            continue
        if place.is_symlink() or (place.exists() and not place.is_dir()):
            place.unlink()
        place.mkdir(exist_ok=True)


def make_writable(path: Path) -> None:
    """Make sure that this user can write to a folder, whatever has become of it and of its parent."""
    for place in (path.parent, path):
        make_folder(place, place)
        with contextlib.suppress(PermissionError):  # it belongs to another user, who lets everybody in
            place.chmod(place.stat().st_mode | 0o700)


def write_file(path: Path, content: bytes) -> None:
    """Write a file unless it has this content already; a folder or link of that name is deleted."""
    if path.is_file() and not path.is_symlink() and read_file(path) == content:
        return
    if path.is_symlink() or (path.exists() and not path.is_file()):
        remove_path(path)
    path.write_bytes(content)


def remove_path(path: Path) -> None:
    """Delete a file, or a folder with all that is in it."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
