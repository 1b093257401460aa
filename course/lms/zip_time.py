"""When submissions were handed in, as far as an archive tells.

Canvas, and Moodle since 3.11, write into an archive only when they made it: then all times lie close
together and say nothing about when anything was handed in.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from course.inbox.systems import Times

# Making an archive takes less, and handing in takes a class longer.
ONE_GO = timedelta(hours=1)


def are_of_handing_in(times: Sequence[datetime | None], how: Times) -> bool:
    """Whether an archive's times can be used for late penalties; if in doubt they are not."""
    known = [time for time in times if time]
    if how is Times.AUTO:
        return bool(known) and max(known) - min(known) > ONE_GO
    return how is Times.ZIP


def timestamp_text(time: datetime) -> str:
    """The text of nbgrader's timestamp.txt."""
    return f"{time:%Y-%m-%d %H:%M:%S} UTC"
