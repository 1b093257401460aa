"""What the instructor and the student are told about a submission that had to be mended."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Note:
    """One thing that was found or done.

    `where` is a grade id, a cell ("cell 7", counted from 1 in the file that was handed in) or a file. `review` means
    that a choice was made which an instructor should look at.
    """

    kind: str
    where: str
    text: str
    review: bool = False


def note_text(note: Note) -> str:
    """A note in one line: where, and what."""
    return f"{note.where}: {note.text}"


def note_lines(notes: Sequence[Note]) -> list[str]:
    """One line a note; those to look at come first and say so."""
    first = [f"please check · {note_text(note)}" for note in notes if note.review]
    return first + [note_text(note) for note in notes if not note.review]


def printable(name: str) -> str:
    """A file name as it can be printed anywhere, whatever bytes it holds."""
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in name)
