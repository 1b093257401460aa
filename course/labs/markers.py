"""The lines that mark what students do not get: written as nbgrader reads them, and none that only looks like one."""

import re
from collections.abc import Sequence

HIDDEN_MARKERS = ("### BEGIN HIDDEN TESTS", "### END HIDDEN TESTS")
SOLUTION_MARKERS = ("### BEGIN SOLUTION", "### END SOLUTION")
_EXACT = {*HIDDEN_MARKERS, *SOLUTION_MARKERS}
# nbgrader finds its markers by their words; what it would miss reaches students.
NEARLY_A_MARKER = re.compile(r"\W*(begin|end)\W*(hidden\W*tests?|solutions?|mark(ing)?\W*scheme)\W*", re.IGNORECASE)


def marker_problems(source: str) -> list[str]:
    """What is wrong with the markers of a cell: lines that are nearly one, and pairs that do not follow each other."""
    lines = [line.strip() for line in source.splitlines()]
    problems = [
        f"the line {line!r} is no marker; students would get what follows. Write {_nearest(line)!r}."
        for line in lines
        if line not in _EXACT
        and (NEARLY_A_MARKER.match(line) if line.startswith("#") else NEARLY_A_MARKER.fullmatch(line))
    ]
    for begin, end in (HIDDEN_MARKERS, SOLUTION_MARKERS):
        edges = [line for line in lines if line in (begin, end)]
        if edges != [begin, end] * (len(edges) // 2):
            count = [edges.count(begin), edges.count(end)]
            problems.append(
                f"it has {count[0]} lines {begin!r} and {count[1]} lines {end!r}; they go in pairs, in turn."
            )
    return problems


def has_any(source: str, markers: Sequence[str]) -> bool:
    """Whether one of the markers stands anywhere in the text."""
    return any(marker in source for marker in markers)


def _nearest(line: str) -> str:
    pair = HIDDEN_MARKERS if "hidden" in line.lower() else SOLUTION_MARKERS
    return pair["end" in line.lower().split("hidden")[0].split("solution")[0]]
