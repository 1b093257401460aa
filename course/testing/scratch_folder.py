"""The files that tests and answers hand each other: a folder on each side, made equal when one calls the other.

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
from course.testing.errors import Broken

MOST_FILES, MOST_BYTES, DEEPEST = 2_000, 256 * 2**20, 20
TICK = 50_000_000  # nanoseconds: a file that was written so shortly before may have been written again unnoticed
NAME = re.compile(r"[^/\0]{1,200}")


@dataclass
class Scratch:
    """One side's folder, and what the other side knows of it: paths with size and time, None for a folder."""

    folder: Path
    told: dict[str, tuple[int, int, int] | None] = field(default_factory=dict)
    looked: int = 0

    def news(self, codec: Codec) -> dict[str, Any]:
        """What has changed since the last exchange: files with their contents, new folders, and what is gone.

        Raises
        ------
        Broken
            There is more in the folder than may be.
        """
        now = look(self.folder)
        files, made = {}, []
        for path, about in now.items():
            if path in self.told and self.told[path] == about and (not about or about[1] < self.looked - TICK):
                continue
            if about is None:
                made.append(path)
            elif (content := read_file(self.folder / path)) is not None:
                files[path] = codec.buffer(content)
        gone = [path for path in self.told if path not in now]
        self.told, self.looked = now, time.time_ns()
        return {"files": files, "made": made, "gone": gone} if files or made or gone else {}

    def take(self, news: Any, codec: Codec) -> None:
        """Do here what was done there.

        Raises
        ------
        Broken
            The news are not of this folder, or too much.
        """
        if not isinstance(news, dict) or not news:
            return
        files, made, gone = news.get("files", {}), news.get("made", []), news.get("gone", [])
        if not isinstance(files, dict) or not isinstance(made, list) or not isinstance(gone, list):
            raise Broken("it sent files of no known form")
        if len(files) + len(made) > MOST_FILES:
            raise Broken(f"there are more than {MOST_FILES} files in the folder of the test")
        try:
            for path in sorted(gone, key=lambda one: -len(str(one))):
                remove_path(self.inside(path))
            for path in sorted(map(str, made)):
                folder(self.inside(path), self.folder)
            for path, place in files.items():
                target = self.inside(path)
                folder(target.parent, self.folder)
                write_file(target, codec.taken(place))
        except OSError as error:
            raise Broken(f"its files cannot be written ({error.strerror})") from error
        self.told, self.looked = look(self.folder), time.time_ns()

    def inside(self, path: Any) -> Path:
        """The place of a path in this folder."""
        parts = path.split("/") if isinstance(path, str) else []
        if not 0 < len(parts) <= DEEPEST or not all(NAME.fullmatch(one) and one not in (".", "..") for one in parts):
            raise Broken("it sent a file with a name of no known form")
        try:
            os.fsencode(path)
        except UnicodeEncodeError as error:
            raise Broken("it sent a file with a name that cannot be written") from error
        return self.folder.joinpath(*parts)


def look(top: Path) -> dict[str, tuple[int, int, int] | None]:
    """The regular files and the folders below a folder."""
    found: dict[str, tuple[int, int, int] | None] = {}
    total = 0

    def enter(path: Path, prefix: str, depth: int) -> None:
        nonlocal total
        try:
            entries = list(os.scandir(path))
        except OSError:
            return  # gone, or closed to this user
        for entry in entries:
            try:
                about = entry.stat(follow_symlinks=False)
            except OSError:
                continue
            name = f"{prefix}{entry.name}"
            if stat.S_ISDIR(about.st_mode) and depth < DEEPEST:
                found[name] = None
                enter(Path(entry.path), f"{name}/", depth + 1)
            elif stat.S_ISREG(about.st_mode):
                found[name] = about.st_size, about.st_mtime_ns, about.st_ino
                total += about.st_size
            if len(found) > MOST_FILES:
                raise Broken(f"there are more than {MOST_FILES} files in the folder of the test")
            if total > MOST_BYTES:
                raise Broken(f"the files in the folder of the test are larger than {MOST_BYTES // 2**20} MiB")

    enter(top, "", 1)
    return found


def read_file(path: Path) -> bytes | None:
    """A regular file's content, None if it is none any more."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        return file.read(MOST_BYTES) if stat.S_ISREG(os.fstat(descriptor).st_mode) else None


def folder(path: Path, top: Path) -> None:
    """Make a folder and those above it; whatever else has its name gives way."""
    for place in [*reversed(path.parents), path]:
        if not place.is_relative_to(top):
            continue
        if place.is_symlink() or (place.exists() and not place.is_dir()):
            place.unlink()
        place.mkdir(exist_ok=True)


def restore(path: Path) -> None:
    """Make a folder that this user can write to, whatever has become of it and of the one it lies in."""
    for place in (path.parent, path):
        folder(place, place)
        with contextlib.suppress(PermissionError):  # it is somebody else's, who lets everybody in
            place.chmod(place.stat().st_mode | 0o700)


def write_file(path: Path, content: bytes) -> None:
    """Write a file that has another content; a folder or link of its name gives way."""
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
