"""Reading an untrusted submission archive: entry by entry, in small pieces, never more than is allowed.

What an archive says of itself, such as the size of a file, is not believed. Nothing is written by its name in the
archive: whoever unpacks an entry says where to.
"""

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, tzinfo
from pathlib import Path

from course.errors import ArchiveError, EntryError
from course.inbox.filenames import printable_name, refusal
from course.lms.zip_entry import ZipEntry, decoded_name, read_entry

MIB = 2**20
CHUNK = 64 * 1024
# What reading damaged bytes raises, from zipfile and from what it is made of.
DAMAGE = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, ValueError, RuntimeError, OverflowError)


@dataclass(frozen=True)
class ArchiveLimits:
    """What an archive may hold; sizes are those after unpacking.

    Every student has an equal share of `total`, at most `student`, so that nobody can use up what others need.
    """

    entries: int = 100_000
    contents: int = 16 * MIB  # the archive's own list of its entries, which is read at once
    file: int = 100 * MIB
    student: int = 200 * MIB
    files: int = 200  # of one student
    total: int = 20 * 1024 * MIB
    ratio: int = 200  # unpacked to packed size, of what is larger than `small`
    small: int = 5 * MIB

    def share(self, students: int) -> int:
        """How much one of so many students may take."""
        return min(self.student, self.total // max(1, students))


@dataclass(frozen=True)
class Archive:
    """An open archive: its files, and those whose names are not even looked at any further, with the reasons."""

    file: zipfile.ZipFile
    size: int
    limits: ArchiveLimits
    entries: tuple[ZipEntry, ...]
    refused: tuple[tuple[str, str], ...]


class _LimitedReader(io.BufferedReader):
    """A file that refuses to read more than `max_bytes` at once."""

    max_bytes = 0

    def read(self, size: int | None = -1, /) -> bytes:
        if size is None or size < 0:
            position = self.tell()
            size = self.seek(0, io.SEEK_END) - position
            self.seek(position)
        if size > self.max_bytes:
            raise ArchiveError(f"its list of files is longer than {self.max_bytes:,} bytes")
        return super().read(size)


@contextmanager
def open_archive(path: Path, limits: ArchiveLimits, zone: tzinfo = UTC) -> Iterator[Archive]:
    """Open a zip file and look through its list of entries; nothing is unpacked yet.

    `zone` is that of the local times in it.

    Raises
    ------
    ArchiveError
        There is no such file, it is no whole zip file, or it lists more than is allowed.
    """
    if not path.is_file():
        raise ArchiveError(f"There is no file {path}.")
    with _LimitedReader(io.FileIO(path)) as raw:
        raw.max_bytes = limits.contents
        try:
            file = zipfile.ZipFile(raw)
        except ArchiveError as error:
            raise ArchiveError(f"{path} is not opened: {error}. Download it in parts.") from error
        except DAMAGE as error:
            raise ArchiveError(f"{path} is no whole zip file ({error}). Download it again.") from error
        infos = [info for info in file.infolist() if not info.orig_filename.endswith("/")]
        if len(infos) > limits.entries:
            raise ArchiveError(f"{path} lists {len(infos)} files; {limits.entries} are allowed. Download it in parts.")
        names = [decoded_name(info) for info in infos]
        refused = tuple((printable_name(name), reason) for name in names if (reason := refusal(name)))
        entries = tuple(read_entry(info, zone) for info, name in zip(infos, names, strict=True) if not refusal(name))
        yield Archive(file, path.stat().st_size, limits, entries, refused)


def unpack(archive: Archive, entry: ZipEntry, target: Path, allowed: int) -> int:
    """Write an entry to a new file, and return its size; nothing stays of a file that cannot be unpacked whole.

    Raises
    ------
    EntryError
        The entry cannot be read, is damaged, or larger than `allowed` or than the archive's limits.
    """
    size = 0
    if entry.problem:
        raise EntryError(entry.problem)
    file = target.open("xb")  # not in the block below, which deletes the file: it may be another one's
    try:
        with file:
            for chunk in _chunks(archive, entry):
                size += len(chunk)
                if size > min(allowed, archive.limits.file):
                    raise EntryError(f"it is larger than the {min(allowed, archive.limits.file):,} bytes allowed")
                file.write(chunk)
    except (EntryError, OSError):
        target.unlink(missing_ok=True)
        raise
    return size


def _chunks(archive: Archive, entry: ZipEntry) -> Iterator[bytes]:
    size, limits = 0, archive.limits
    packed = max(1, min(entry.info.compress_size, archive.size))
    try:
        with archive.file.open(entry.info) as stream:
            while chunk := stream.read(CHUNK):
                size += len(chunk)
                if size > limits.small and size > limits.ratio * packed:
                    raise EntryError(f"it is packed more than {limits.ratio} times, as no notebook is")
                yield chunk
    except DAMAGE as error:
        raise EntryError(f"it is damaged ({printable_name(str(error)) or type(error).__name__})") from error
