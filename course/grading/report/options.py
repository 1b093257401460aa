"""Options of a report; imports nothing heavy, so that the command line starts fast."""

from dataclasses import dataclass
from enum import StrEnum


class Order(StrEnum):
    """By what students are sorted: most points first, or by name."""

    POINTS = "points"
    NAMES = "names"


@dataclass(frozen=True)
class ReportOptions:
    """How to report: the order of the students, whether they get pseudonyms, and the address of the gradebook."""

    order: Order = Order.POINTS
    pseudonyms: bool = False
    database: str | None = None
