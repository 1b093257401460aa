"""Reading what a student handed in: the bytes of a file in, a plain notebook or one good reason out.

Nothing in the file is trusted. Each part that grading needs is picked out, checked and copied; the rest (outputs,
widget states, whatever editors add) is dropped. So nothing unusual in it can reach the tools that come after.
"""

import json
import re
from typing import Any

import nbformat
from nbformat import NotebookNode

from course.errors import SubmissionError
from course.grading.repair.decode import HAND_IN_AGAIN, decode_text
from course.grading.repair.drop_outputs import without_outputs
from course.grading.repair.read_cell import plain_cell, unique_id
from course.inbox.notes import Note, printable
from course.inbox.regular_files import MAX_FILE

MAX_CHARACTERS = 20 * 2**20  # without outputs, which do not count
MAX_CELLS = 5_000
MAX_NOTES = 20
MAX_DIGITS = 100  # Python refuses to read a number of thousands

OTHER_FILES = {b"PK\x03\x04": "a zip archive", b"%PDF": "a PDF", b"<": "a web page", b"\x1f\x8b": "a gzip archive"}
CONFLICT = re.compile(r"^(<{7}|>{7})( |$)", re.MULTILINE)
BLANK = "\0 \t\r\n"
CLEAR = "Clear all outputs, save and hand in again."


def read_notebook(data: bytes, name: str) -> tuple[NotebookNode, list[Note]]:
    """The notebook in the bytes of the file `name`, and notes on what was unusual about the file.

    The result is valid nbformat 4.5 with unique cell ids and without outputs. Of the metadata only tags and nbgrader's
    marks are in it, as they were found.

    Raises
    ------
    SubmissionError
        No notebook can be read; the message is one line that says why and what to do.
    """
    name = printable(name)
    notes: list[Note] = []
    content = _parsed(_text(data, name, notes), name)
    cells = [
        plain_cell(raw, f"cell {number}", notes) for number, raw in enumerate(_raw_cells(content, name, notes), start=1)
    ]
    taken: set[str] = set()
    for number, cell in enumerate(cells, start=1):
        cell.id = unique_id(cell.id, taken, f"cell-{number}")
    if any("\r" in cell.source for cell in cells):
        notes.append(Note("line-ends", name, "Its line ends were Windows' or an old Mac's; they are plain now."))
    for cell in cells:
        cell.source = cell.source.replace("\r\n", "\n").replace("\r", "\n")
    if len(notes) > MAX_NOTES:
        notes[MAX_NOTES:] = [Note("more", name, f"{len(notes) - MAX_NOTES} more remarks of this kind.", review=True)]
    return nbformat.from_dict({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}), notes


def _text(data: bytes, name: str, notes: list[Note]) -> str:
    """The text of the file; without outputs if it is large."""
    if len(data) > MAX_FILE:
        raise SubmissionError(f"{name} is larger than {MAX_FILE // 2**20} MiB. {CLEAR}")
    if not data.strip(BLANK.encode()):
        raise SubmissionError(f"{name} is empty, so it is not JSON and no notebook. {HAND_IN_AGAIN}")
    for magic, kind in OTHER_FILES.items():
        if data.lstrip().startswith(magic):
            raise SubmissionError(f"{name} is not JSON, so it is no notebook: it looks like {kind}. {HAND_IN_AGAIN}")
    text = decode_text(data, name, notes).rstrip(BLANK)  # damaged disks fill up files with zero bytes
    if len(text) <= MAX_CHARACTERS:
        return text
    text = without_outputs(text)
    if len(text) > MAX_CHARACTERS:
        raise SubmissionError(
            f"{name} is larger than {MAX_CHARACTERS // 2**20} MiB even without its outputs. Make pictures in its texts "
            "smaller, and hand in again."
        )
    return text


def _parsed(text: str, name: str) -> dict[str, Any]:
    try:
        # Only outputs hold such numbers, which are not JSON; grading does not need them.
        content = json.loads(text, strict=False, parse_constant=lambda _: None, parse_int=_whole)
    except json.JSONDecodeError as error:
        raise SubmissionError(
            f"{name} is not JSON, so it is no notebook: {_looks_like(text, error)}. {HAND_IN_AGAIN}"
        ) from error
    except RecursionError as error:
        raise SubmissionError(f"{name} is nested too deeply to be a notebook. {HAND_IN_AGAIN}") from error
    if not isinstance(content, dict):
        raise SubmissionError(
            f"{name} is JSON but not a valid notebook (it holds a {type(content).__name__}). {HAND_IN_AGAIN}"
        )
    return content


def _whole(digits: str) -> int | None:
    return int(digits) if len(digits) <= MAX_DIGITS else None


def _looks_like(text: str, error: json.JSONDecodeError) -> str:
    if CONFLICT.search(text):
        return "it holds the marks of a conflict that git could not merge (<<<<<<<)"
    if error.msg.startswith("Extra data"):
        return f"something follows after its end, in line {error.lineno}"
    if text.lstrip().startswith("{") and (error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated")):
        return "the end of the file is missing"
    return f"line {error.lineno} is not what a notebook has there"


def _raw_cells(content: dict[str, Any], name: str, notes: list[Note]) -> list[Any]:
    """The cells of format 4 or, on worksheets, of format 3: what is there counts, not the number that is given."""
    cells = content.get("cells")
    worksheets = content.get("worksheets")
    if not isinstance(cells, list) and isinstance(worksheets, list):
        sheets = [sheet.get("cells") for sheet in worksheets if isinstance(sheet, dict)]
        cells = [cell for sheet in sheets if isinstance(sheet, list) for cell in sheet]
        notes.append(
            Note("format", name, "It was saved in the old notebook format 3 and was brought to the current one.")
        )
    if not isinstance(cells, list) or not cells:
        raise SubmissionError(f"{name} is JSON but not a valid notebook (it has no cells). {HAND_IN_AGAIN}")
    if len(cells) > MAX_CELLS:
        raise SubmissionError(
            f"{name} has {len(cells)} cells, more than {MAX_CELLS}. Delete what the lab does not need."
        )
    return cells
