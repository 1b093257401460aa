"""Comparing a student's cell with one of the lab by its text.

No code is parsed or run here: an answer need not be valid Python to be recognised, and a hostile one can do no harm.
"""

import re
from functools import cached_property

from course.labs.sources import HIDDEN_PART

FUNCTION = re.compile(r"^(?:async[ \t]+)?(?:def|class)[ \t]+(\w+)", re.MULTILINE)
VARIABLES = re.compile(r"^([A-Za-z_]\w*(?:[ \t]*,[ \t]*[A-Za-z_]\w*)*)[ \t]*=(?!=)", re.MULTILINE)
EDITORS = re.compile(r"^#[ \t]*%%.*$", re.MULTILINE)
_WORD = re.compile(r"\w+")
LONG = 100_000  # characters of a cell in which names and words are looked for


class Text:
    """The text of a cell, and what it is compared by, worked out once."""

    def __init__(self, source: str) -> None:
        """Take the source of a cell; nothing is worked out yet."""
        self.source = source

    @cached_property
    def plain(self) -> str:
        """The text without the blank space that editors add and remove."""
        return "\n".join(line.rstrip() for line in self.source.splitlines()).strip()

    @cached_property
    def dense(self) -> str:
        """The text without any blank space, and without the marks of cells (#%%) that some editors add."""
        return "".join(EDITORS.sub("", self.source).split())

    @cached_property
    def functions(self) -> set[str]:
        """Functions and classes defined at the top level."""
        return set(FUNCTION.findall(self.source[:LONG]))

    @cached_property
    def names(self) -> set[str]:
        """Functions, classes and variables defined at the top level."""
        variables = VARIABLES.findall(self.source[:LONG])
        return self.functions | {name.strip() for several in variables for name in several.split(",")}

    @cached_property
    def words(self) -> set[str]:
        """All words, code or prose."""
        return set(_WORD.findall(self.source[:LONG]))

    def is_blank(self, stub: "Text") -> bool:
        """Whether nothing was written: the text is empty or still the lab's."""
        return self.plain in ("", stub.plain)

    def defines(self, stub: "Text") -> float:
        """Which share of a stub's functions the text defines; of variables, if it has no function, all or none."""
        names = stub.functions or stub.names
        share = len(names & self.names) / max(1, len(names))
        return share if stub.functions or share == 1 else 0

    def likeness(self, other: "Text") -> float:
        """Share of the words, or of the names defined, that two texts have in common, from 0 to 1."""
        return max(overlap(self.words, other.words), overlap(self.names, other.names))


def overlap(first: set[str], second: set[str]) -> float:
    """What two sets have in common, as a share of both."""
    return 2 * len(first & second) / max(1, len(first) + len(second))


def visible_source(source: str) -> str:
    """The text without hidden tests, as students have it."""
    return HIDDEN_PART.sub("", source)
