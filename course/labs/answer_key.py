"""Keeping the outputs of an answer key, so that no lab is executed again for a change of its text or addresses."""

import hashlib
import json
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from course.errors import BuildError
from course.labs.sources import grade_id
from course.labs.stamp import SETUP

BUILT_FROM = "built_from"  # in the metadata of an answer key
SOURCE_METADATA = ("tags", "nbgrader")  # of a cell


def read_key(path: Path) -> NotebookNode:
    """An answer key.

    Raises
    ------
    BuildError
        It does not exist or cannot be read; the message is the reason, to follow the file's name.
    """
    if not path.is_file():
        raise BuildError("does not exist")
    try:
        return nbformat.read(path, as_version=4)
    except (json.JSONDecodeError, nbformat.reader.NotJSONError, nbformat.ValidationError, UnicodeDecodeError) as error:
        raise BuildError(f"cannot be read ({error})") from error


def printed_text(key: NotebookNode) -> str:
    """What the cells of an answer key print that belong to no task, one after the other."""
    outputs = [out for cell in code_cells(key) if not grade_id(cell) for out in cell.outputs]
    return "\n".join(out.text.rstrip() for out in outputs if out.output_type == "stream" and out.name == "stdout")


def is_executed(key: NotebookNode) -> bool:
    """Whether every code cell was run."""
    return all(cell.execution_count is not None for cell in code_cells(key))


def sign(key: NotebookNode) -> None:
    """Store a checksum of an answer key's cells in it, to tell later whether somebody edited them."""
    key.metadata[BUILT_FROM] = author_checksum(key)


def is_edited(key: NotebookNode) -> bool:
    """Whether the cells have changed since the answer key was built."""
    return BUILT_FROM in key.metadata and key.metadata[BUILT_FROM] != author_checksum(key)


def author_checksum(notebook: NotebookNode) -> str:
    """A checksum of what an author writes."""
    return hashlib.sha256(repr(authored_content(notebook)).encode()).hexdigest()


def authored_content(notebook: NotebookNode) -> list[tuple[str, str, str]]:
    """What an author writes and a source holds: of each cell its type, text, tags and nbgrader's metadata."""
    return [
        (cell.cell_type, cell.source, json.dumps([cell.metadata.get(key) for key in SOURCE_METADATA], sort_keys=True))
        for cell in notebook.cells
    ]


def keep_outputs(path: Path, notebook: NotebookNode) -> bool:
    """Give `notebook` the outputs of the answer key at `path`, if both have the same code; return whether they do.

    The set-up cell counts as the same whatever address it names: where an answer key is made, it installs nothing.
    """
    try:
        key = read_key(path)
    except BuildError:
        return False
    if not is_executed(key) or [code_and_tags(cell) for cell in code_cells(key)] != [
        code_and_tags(cell) for cell in code_cells(notebook)
    ]:
        return False
    for cell, key_cell in zip(code_cells(notebook), code_cells(key), strict=True):
        cell.outputs, cell.execution_count = key_cell.outputs, key_cell.execution_count
    return True


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    """The cells that are run."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def code_and_tags(cell: NotebookNode) -> tuple[str, list[str]]:
    """What a cell's outputs depend on: its text, and its tags, which say what is kept of them."""
    tags = cell.metadata.get("tags", [])
    return ("" if SETUP in tags else cell.source), tags
