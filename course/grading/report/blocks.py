"""What a report's page is made of. Each part names its form in the template, which escapes all text."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

Cell = str | float | None


@dataclass(frozen=True)
class TextBlock:
    """A paragraph."""

    text: str
    form: ClassVar[str] = "text"


@dataclass(frozen=True)
class Items:
    """A list; pairs have a first part that stands out."""

    items: Sequence[tuple[str, str]]
    form: ClassVar[str] = "items"


@dataclass(frozen=True)
class Figure:
    """A picture as a data URI, with what it shows in words; `wide` ones are scrolled on a small screen."""

    image: str
    alt: str
    width: int
    height: int
    wide: bool = False
    form: ClassVar[str] = "figure"


@dataclass(frozen=True)
class TableBlock:
    """A table; the first column names the row. `folded` ones are opened by a click, and open on paper."""

    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    folded: bool = False
    form: ClassVar[str] = "table"


@dataclass(frozen=True)
class Quote:
    """What students read, with the code that says it, and what some of them wrote, as pairs of student and answer.

    The answers are opened by a click on the label.
    """

    heading: str
    message: str
    code: str
    answers: Sequence[tuple[str, str]]
    label: str = "answers as examples"
    form: ClassVar[str] = "quote"


@dataclass(frozen=True)
class Heading:
    """A heading within a section."""

    text: str
    form: ClassVar[str] = "heading"


Block = TextBlock | Items | Figure | TableBlock | Quote | Heading


@dataclass(frozen=True)
class Section:
    """A part of the page under a heading; `name` is its anchor."""

    name: str
    title: str
    blocks: Sequence[Block]


@dataclass(frozen=True)
class Page:
    """A whole page: what stands first, in pairs of a number and its meaning, and the sections."""

    title: str
    subtitle: str
    facts: Sequence[tuple[str, str]]
    sections: Sequence[Section]
