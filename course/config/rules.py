"""The size that a lab must have; `course build` refuses one of another size."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Rules:
    """The size of a lab; course.toml sets it for the course ([rules]) and for single labs (rules = {…})."""

    points: int = 20  # of all tests and written questions together
    fewest_tests: int = 6
    most_cells: int = 60


DEFAULT_RULES = Rules()
