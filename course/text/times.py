"""Points in time as people write them: read strictly, shown in the course's time zone, kept in UTC."""

import re
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, available_timezones

from course.errors import CourseError

_EXAMPLES = "2026-03-02 23:59:00 UTC, 2026-03-02T23:59:00+01:00 or 2026-03-02 23:59 Europe/Berlin"
TIME_PATTERN = re.compile(
    r"(?P<date>\d{4}-\d\d-\d\d)[ T](?P<time>\d\d:\d\d(:\d\d(\.\d{1,6})?)?)"
    r"( ?(?P<utc>Z|UTC)| ?(?P<offset>[+-]\d\d(:?\d\d)?)| (?P<zone>[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)+))?"
)
OLDEST, NEWEST = datetime(1980, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


class TimeError(CourseError):
    """A text is not a point in time, or an ambiguous one; the message says how to write it."""


def read_time(text: str, default: tzinfo | None = None) -> datetime:
    """A time in UTC from ISO 8601 with an offset, UTC, or the IANA name of a time zone.

    `default` is the zone of a text that names none; without it such a text is refused. Abbreviations such as PST or
    JST are refused, as several zones share them.

    Raises
    ------
    TimeError
        The text is anything else.
    """
    match = TIME_PATTERN.fullmatch(text.strip())
    if not match:
        raise TimeError(f"{text.strip()[:60]!r} is no time that can be told for certain. Write it as {_EXAMPLES}.")
    zone = match["zone"]
    if zone and zone not in available_timezones():
        raise TimeError(f"{text.strip()[:60]!r}: there is no time zone {zone!r}. Write it as {_EXAMPLES}.")
    try:
        offset = "+00:00" if match["utc"] else match["offset"] or ""
        time = datetime.fromisoformat(f"{match['date']}T{match['time']}{offset}")
        if time.tzinfo is None:
            time = in_zone(time, ZoneInfo(zone) if zone else default)
        time = time.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise TimeError(f"{text.strip()[:60]!r} is no time: {error}. Write it as {_EXAMPLES}.") from error
    if not OLDEST < time < NEWEST:
        raise TimeError(f"{text.strip()[:60]!r} is not between {OLDEST.year} and {NEWEST.year}.")
    return time


def in_zone(time: datetime, zone: tzinfo | None) -> datetime:
    """A time without a zone as one in this zone.

    Raises
    ------
    TimeError
        No zone is given, or this time does not exist because clocks were put forward, or exists twice because they were
        put back.
    """
    if zone is None:
        raise TimeError(f"{time.isoformat(' ')!r} names no time zone. Write it as {_EXAMPLES}.")
    local = time.replace(tzinfo=zone)
    if local.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != time:
        raise TimeError(f"{time.isoformat(' ')!r} does not exist in {zone}: clocks are put forward over it.")
    if local.utcoffset() != local.replace(fold=1).utcoffset():
        raise TimeError(
            f"{time.isoformat(' ')!r} comes twice in {zone}, as clocks are put back. Write it as {_EXAMPLES}."
        )
    return local


def in_utc(naive: datetime | None) -> datetime | None:
    """A time from the gradebook, which keeps UTC without a zone, as one with the zone."""
    return naive.replace(tzinfo=UTC) if naive else None


def for_gradebook(time: datetime | None) -> datetime | None:
    """A time as the gradebook keeps it: in UTC, without a zone."""
    return time.astimezone(UTC).replace(tzinfo=None) if time else None


def time_text(time: datetime, zone: tzinfo) -> str:
    """A time for people: "2026-03-02 23:59 CET"."""
    return f"{time.astimezone(zone):%Y-%m-%d %H:%M %Z}"


def delay(first: datetime, second: datetime | None) -> timedelta:
    """How much later the second is than the first; zero if it is not later, or not known."""
    return max(second - first, timedelta()) if second else timedelta()
