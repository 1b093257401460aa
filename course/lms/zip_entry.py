"""What a zip file says of its entries, none of which is believed more than needed.

A zip file keeps local time, without its zone and in steps of two seconds; some programs add the seconds since 1970,
which are exact. Canvas, and Moodle since 3.11, write into an archive only when they made it: then all times lie close
together and say nothing about when anything was handed in.
"""

import stat
import struct
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import PurePosixPath

from course.inbox.systems import Times

UTF8_NAME, ENCRYPTED = 0x800, 0x1 | 0x40 | 0x2000
# zlib stops when it has given what was asked for; the other methods may fill the memory from a few bytes.
METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
_EXACT = 0x5455  # the extra field with seconds since 1970
MAX_CREATION_TIME = timedelta(hours=1)  # a class takes longer to hand in
UNSET_TIME = datetime(1980, 1, 1)  # what stands in a zip file if nobody set a time


@dataclass(frozen=True)
class ZipEntry:
    """One file of an archive: where it would lie, the time that the archive gives (UTC), and why it is not unpacked."""

    path: PurePosixPath
    time: datetime | None
    problem: str | None
    info: zipfile.ZipInfo


def read_entry(info: zipfile.ZipInfo, zone: tzinfo) -> ZipEntry:
    """What is known of an entry whose name can be followed; its local time is taken for one in `zone`."""
    return ZipEntry(PurePosixPath(decoded_name(info)), _time(info, zone), _problem(info), info)


def decoded_name(info: zipfile.ZipInfo) -> str:
    """The name as it was written; many programs write UTF-8 without saying so, Canvas among them."""
    name = info.orig_filename
    if info.flag_bits & UTF8_NAME:
        return name
    try:
        return name.encode("cp437").decode("utf-8")
    except UnicodeError:
        return name


def are_submission_times(times: Sequence[datetime | None], choice: Times) -> bool:
    """Whether an archive's times can be used for late penalties; if in doubt they are not."""
    given = [time for time in times if time]
    if choice is Times.AUTO:
        return bool(given) and max(given) - min(given) > MAX_CREATION_TIME
    return choice is Times.ZIP


def _problem(info: zipfile.ZipInfo) -> str | None:
    """Why an entry must not be unpacked, or None."""
    mode = info.external_attr >> 16
    if stat.S_ISLNK(mode):
        return "it is a symbolic link"
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        return "it is a device or a pipe, not a file"
    if info.flag_bits & ENCRYPTED:
        return "it is encrypted"
    if info.compress_type not in METHODS:
        return "it is packed in a way that learning management systems do not use"
    return None


def _time(info: zipfile.ZipInfo, zone: tzinfo) -> datetime | None:
    """The time of an entry in UTC, without its zone; of a local time that comes twice a year, the earlier one."""
    try:
        exact = _exact(info.extra)
        local = datetime.fromtimestamp(exact, UTC) if exact else datetime(*info.date_time, tzinfo=zone)
        time = local.astimezone(UTC).replace(tzinfo=None)
    except (ValueError, OverflowError, OSError):
        return None
    future = datetime.now(UTC).replace(tzinfo=None) + timedelta(days=1)
    return time if local.replace(tzinfo=None) > UNSET_TIME and time < future else None


def _exact(extra: bytes) -> int | None:
    """Seconds since 1970 from the extra fields of an entry, which may hold anything."""
    while len(extra) >= 4:
        kind, length = struct.unpack("<HH", extra[:4])
        field, extra = extra[4 : 4 + length], extra[4 + length :]
        if kind == _EXACT and len(field) >= 5 and field[0] & 1:
            return int(struct.unpack("<i", field[1:5])[0])
    return None
