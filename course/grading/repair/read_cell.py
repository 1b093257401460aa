"""A cell of a submission, as JSON has it, reduced to what grading needs."""

import re
from types import UnionType
from typing import Any

import nbformat
from nbformat import NotebookNode

from course.inbox.notes import Note

MAX_POINTS = 1e6  # that a cell may claim to have
MAX_ATTACHMENTS = 5 * 2**20  # characters in one cell

CELL_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
TAG = re.compile(r"[\w.:-]{1,100}")
LONE_SURROGATE = re.compile("[\ud800-\udfff]")  # cannot be written as UTF-8
# nbgrader's marks, and what each of them is; `points` may be any number.
MARKS: dict[str, type | UnionType] = {
    **{"grade_id": str, "grade": bool, "solution": bool, "locked": bool, "task": bool},
    **{"points": int | float, "checksum": str},
}
TYPES = {"code": "code", "markdown": "markdown", "heading": "markdown", "html": "markdown"}  # the last two: format 3
COLAB_BADGE = "view-in-github"  # the cell that Colab puts at the top


def plain_cell(value: object, where: str, notes: list[Note]) -> NotebookNode:
    """The cell with its type, text, pictures, tags and nbgrader's marks; its id is still to be checked.

    What is no cell becomes an empty one, so that cells are counted as a reader counts them. Adds to `notes`.
    """
    if not isinstance(value, dict):
        notes.append(Note("unreadable-cell", where, "It is no cell and was left out.", review=True))
    raw = _dictionary(value)
    kind, metadata = raw.get("cell_type"), _dictionary(raw.get("metadata"))
    source = "" if metadata.get("id") == COLAB_BADGE else _text(raw.get("source", raw.get("input")))
    if source is None:
        notes.append(Note("unreadable-cell", where, "Its text cannot be read; it counts as empty.", review=True))
        source = ""
    if "\0" in source:
        notes.append(Note("text", where, "Zero bytes in its text, which no program writes on purpose, were left out."))
        source = source.replace("\0", "")
    if LONE_SURROGATE.search(source):
        notes.append(Note("text", where, "Characters that no file can hold were replaced."))
        source = _writable(source)
    if kind == "heading":
        level = raw.get("level")
        source = "#" * (level if isinstance(level, int) and 1 <= level <= 6 else 1) + " " + source
    kind = TYPES.get(kind, "raw") if isinstance(kind, str) else "raw"
    name = raw.get("id", metadata.get("id"))  # Colab keeps an id of its own in the metadata
    cell: dict[str, Any] = {"cell_type": kind, "id": name if isinstance(name, str) else "", "source": source}
    cell["metadata"] = _marks(metadata)
    if kind == "code":
        cell |= {"outputs": [], "execution_count": None}
    elif attachments := _attachments(raw.get("attachments"), where, notes):
        cell["attachments"] = attachments
    return nbformat.from_dict(cell)


def _text(value: object) -> str | None:
    if isinstance(value, list) and all(isinstance(line, str) for line in value):
        return "".join(value)
    return "" if value is None else value if isinstance(value, str) else None


def _marks(metadata: dict[str, Any]) -> dict[str, Any]:
    tags, nbgrader = metadata.get("tags"), _dictionary(metadata.get("nbgrader"))
    marks = {key: nbgrader[key] for key, kind in MARKS.items() if isinstance(nbgrader.get(key), kind)}
    marks = {key: _writable(value) if isinstance(value, str) else value for key, value in marks.items()}
    if not abs(marks.get("points", 0)) < MAX_POINTS:  # nor is NaN a number of points
        del marks["points"]
    names = [tag for tag in tags if isinstance(tag, str) and TAG.fullmatch(tag)] if isinstance(tags, list) else []
    kept_metadata = {"nbgrader": marks} if marks else {}
    return kept_metadata | ({"tags": list(dict.fromkeys(names))} if names else {})


def _attachments(value: object, where: str, notes: list[Note]) -> dict[str, dict[str, str]]:
    pictures = {
        _writable(name): {_writable(kind): _writable(text) for kind, data in bundle.items() if (text := _text(data))}
        for name, bundle in _dictionary(value).items()
        if isinstance(bundle, dict)
    }
    if sum(len(data) for bundle in pictures.values() for data in bundle.values()) > MAX_ATTACHMENTS:
        notes.append(Note("attachments", where, "Its pictures are larger than 5 MiB and were left out.", review=True))
        return {}
    return pictures


def _writable(text: str) -> str:
    return LONE_SURROGATE.sub("\N{REPLACEMENT CHARACTER}", text)


def _dictionary(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def unique_id(cell_id: object, taken: set[str], otherwise: str) -> str:
    """`cell_id` if it is a valid cell id that is free, else a free one made from `otherwise`; it is taken then."""
    if not (isinstance(cell_id, str) and CELL_ID.fullmatch(cell_id)) or cell_id in taken:
        count, cell_id = 1, otherwise
        while cell_id in taken:
            count += 1
            cell_id = f"{otherwise}-{count}"
    taken.add(cell_id)
    return cell_id
