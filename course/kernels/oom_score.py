"""Which processes Linux ends first when a machine runs out of memory."""

from contextlib import suppress
from functools import cache
from pathlib import Path

SCORE = Path("/proc/self/oom_score_adj")  # from -1000, never, to 1000, first
_LAST = "-500"


@cache
def be_killed_last() -> None:
    """Let Linux end this process, and what it starts from now on, after all others.

    Where this needs rights that this user does not have, it is enough that submissions have asked to be ended first.
    """
    with suppress(PermissionError):
        SCORE.write_text(_LAST)
