"""Lists in sentences."""

from collections.abc import Sequence

MOST = 5


def shortened(names: Sequence[str], most: int = MOST) -> str:
    """The first names, and how many others there are; never just one, which is named as well."""
    shown = names if len(names) <= most + 1 else names[:most]
    rest = len(names) - len(shown)
    return ", ".join(shown) + (f" and {rest} more" if rest else "")


def counted(number: int, one: str, several: str) -> str:
    """A number with its noun: "1 answer", "3 answers"."""
    return f"{number:,} {one if number == 1 else several}"
