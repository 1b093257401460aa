"""Reading a notebook's bytes: every way a file may be written, and one good reason for each that cannot be read."""

import codecs
import copy
import json

import nbformat
import pytest
from this_course import COURSE

from course.errors import SubmissionError
from course.grading.repair.drop_outputs import without_outputs
from course.grading.repair.read_notebook import MAX_CHARACTERS, MAX_NOTES, read_notebook
from course.grading.repair.repair import repair
from course.inbox.regular_files import MAX_FILE
from course.labs.sources import is_answer


@pytest.fixture(scope="module")
def released():
    return nbformat.read(COURSE.released(COURSE.labs[0]), as_version=4)


@pytest.fixture
def solved(released):
    """The lab with something in each answer that an encoding could spoil."""
    notebook = copy.deepcopy(released)
    for number, cell in enumerate(cell for cell in notebook.cells if is_answer(cell)):
        cell.source = f"# Größe × {number} 🙂\nanswer = {number}\n"
    return notebook


def string_sources(notebook):
    return json.dumps(notebook)


def list_sources(notebook):
    return nbformat.writes(notebook)


def mixed_sources(notebook):
    for cell in notebook.cells[::2]:
        cell.source = cell.source.splitlines(keepends=True)
    return json.dumps(notebook, indent=4)


def windows_line_ends(notebook):
    for cell in notebook.cells:
        cell.source = cell.source.replace("\n", "\r\n")
    return json.dumps(notebook, indent=1).replace("\n", "\r\n")


def old_mac_line_ends(notebook):
    for cell in notebook.cells:
        cell.source = cell.source.replace("\n", "\r")
    return json.dumps(notebook)


def format_3(notebook):
    return nbformat.v3.writes_json(nbformat.convert(notebook, 3))


def format_4_0(notebook):
    notebook.nbformat_minor = 0
    for cell in notebook.cells:
        del cell["id"]
    return json.dumps(notebook)


def nothing_optional(notebook):
    for cell in notebook.cells:
        for key in ("outputs", "execution_count"):
            cell.pop(key, None)
        if not cell.metadata:
            del cell["metadata"]
    return json.dumps({"cells": notebook.cells})


def unknown_additions(notebook):
    notebook["x-editor"] = {"deep": [[[]]]}
    notebook.metadata["widgets"] = {"state": {str(n): {} for n in range(100)}}
    for cell in notebook.cells:
        cell["collapsed"] = "yes"
        cell.metadata["slideshow"] = 7
    return json.dumps(notebook)


WRITERS = {
    string_sources: set(),
    list_sources: set(),
    mixed_sources: set(),
    windows_line_ends: {"line-ends"},
    old_mac_line_ends: {"line-ends"},
    format_3: {"format"},
    format_4_0: set(),
    nothing_optional: set(),
    unknown_additions: set(),
}


@pytest.mark.parametrize("write", WRITERS, ids=lambda write: write.__name__)
def test_however_it_is_written_the_same_notebook_is_read(solved, released, write):
    expected = copy.deepcopy(solved)
    notebook, notes = read_notebook(write(solved).encode(), "lab.ipynb")
    nbformat.validate(notebook)
    assert [cell.source for cell in notebook.cells] == [cell.source for cell in expected.cells]
    assert {note.kind for note in notes} == WRITERS[write]
    assert repair(notebook, released).notebook == expected


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_other_encodings_of_unicode(solved, released, encoding):
    data = json.dumps(solved, ensure_ascii=False).encode(encoding)
    notebook, notes = read_notebook(data, "lab.ipynb")
    assert repair(notebook, released).notebook == solved
    assert [note.kind for note in notes] == ["encoding"]


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "iso8859_15"])
@pytest.mark.parametrize(
    "text", ["Größe für sich, überall gleich", "Les données à part, déjà créées", "café", "año, función", "5 µm"]
)
def test_latin_text_is_read_and_the_student_is_told(text, encoding):
    data = json.dumps({"cells": [TEXT | {"source": text}, CODE]}, ensure_ascii=False).encode(encoding)
    notebook, notes = read_notebook(data, "lab.ipynb")
    assert notebook.cells[0].source == text
    assert [(note.kind, note.text[:37]) for note in notes] == [("encoding", "It was written as Windows or Latin te")]


def test_zero_bytes_are_left_out():
    data = cells(CODE | {"source": "x\0 = 1"}).replace(b"\\u0000", b"\0") + bytes(512)
    notebook, notes = read_notebook(data, "lab.ipynb")
    assert notebook.cells[0].source == "x = 1" and [note.kind for note in notes] == ["text"]


def test_a_line_end_or_a_tab_that_was_not_escaped_is_read():
    notebook, _ = read_notebook(cells(CODE | {"source": "x = 1\n\ty = 2"}).replace(b"\\n\\t", b"\n\t"), "lab.ipynb")
    assert notebook.cells[0].source == "x = 1\n\ty = 2"


@pytest.mark.slow
def test_outputs_and_widgets_do_not_count(solved, released):
    """24 MiB of pictures, as a student's own plots may be; brackets and escapes in them mean nothing."""
    for cell in solved.cells:
        if cell.cell_type == "code":
            picture = '"outputs": [ ] \\ ' + "x" * 2**20
            cell.outputs = [nbformat.v4.new_output("display_data", data={"image/png": picture, "text/plain": "]["})]
    data = json.dumps(solved | {"metadata": {"widgets": {"state": {"a": ["y" * 8 * 2**20]}}}}).encode()
    assert len(data) > MAX_CHARACTERS
    notebook, notes = read_notebook(data, "lab.ipynb")
    assert [cell.source for cell in notebook.cells] == [cell.source for cell in solved.cells] and notes == []


def test_leaving_out_outputs_leaves_everything_else():
    text = json.dumps({"cells": [CODE | {"source": '"outputs": [', "outputs": [{"a": [1, {}]}]}, TEXT], "b": "outputs"})
    assert json.loads(without_outputs(text)) == json.loads(text.replace('[{"a": [1, {}]}]', "null"))
    assert without_outputs('{"outputs": [[') == '{"outputs": [['


def cells(*values, **others):
    return json.dumps({"cells": list(values), "nbformat": 4, "nbformat_minor": 5, "metadata": {}, **others}).encode()


CODE = {"cell_type": "code", "source": "x = 1", "metadata": {}, "outputs": [], "execution_count": None}
WHOLE = cells(CODE, CODE | {"source": "y = 2"})

TEXT = {"cell_type": "markdown", "source": "TEXT", "metadata": {}}
CANNOT_BE_TOLD = "and what else it is cannot be told for certain"
REFUSED = {
    "empty": (b"", "is empty"),
    "blank": (b" \n\t", "is empty"),
    "text": (b"I could not do it, sorry.", "is not JSON, so it is no notebook: line 1"),
    "cut-off": (WHOLE[: len(WHOLE) // 2], "the end of the file is missing"),
    "cut-off-in-a-text": (WHOLE[: WHOLE.index(b"y =") + 2], "the end of the file is missing"),
    "cut-off-in-a-letter": ("é".encode()[:1].join([WHOLE[:40], b""]), "the end of the file is missing"),
    "of-a-mac": (cells(CODE, TEXT).decode().replace("TEXT", "Größe für sich").encode("mac_roman"), CANNOT_BE_TOLD),
    "of-ms-dos": (cells(CODE, TEXT).decode().replace("TEXT", "Größe für sich").encode("cp850"), CANNOT_BE_TOLD),
    "cyrillic": (cells(CODE, TEXT).decode().replace("TEXT", "Тестовые цифры").encode("cp1251"), CANNOT_BE_TOLD),
    "polish": (cells(CODE, TEXT).decode().replace("TEXT", "Zażółć gęślą jaźń").encode("cp1250"), CANNOT_BE_TOLD),
    "czech": (cells(CODE, TEXT).decode().replace("TEXT", "Příliš žluťoučký kůň").encode("cp1250"), CANNOT_BE_TOLD),
    "turkish": (cells(CODE, TEXT).decode().replace("TEXT", "Şu şişe yağ için").encode("cp1254"), CANNOT_BE_TOLD),
    "two-encodings": (
        cells(CODE, TEXT).replace(b"TEXT", "Größe ".encode() + "Größe".encode("latin-1")),
        CANNOT_BE_TOLD,
    ),
    "random": (b"{" + bytes(range(128, 256)), CANNOT_BE_TOLD),
    "zeros": (bytes(1000), "is empty"),
    "a-comma-too-many": (WHOLE.replace(b"}, {", b"},\n, {"), "line 2 is not what a notebook has there"),
    "unmerged": (WHOLE.replace(b"}, {", b"},\n<<<<<<< HEAD\n{"), "the marks of a conflict that git could not merge"),
    "more-after-its-end": (WHOLE + b"\nMore.", "something follows after its end, in line 2"),
    "zip": (b"PK\x03\x04\x14\x00", "it looks like a zip archive"),
    "pdf": (b"%PDF-1.7 \xe2\xe3", "it looks like a PDF"),
    "html": (b"\n<!DOCTYPE html><html>", "it looks like a web page"),
    "python": (b"def scale(images):\n    return images / 255\n", "is not JSON"),
    "two-files": (WHOLE + WHOLE, "is not JSON"),
    "list": (b"[1, 2, 3]", "is JSON but not a valid notebook (it holds a list)"),
    "number": (b"7", "(it holds a int)"),
    "no-cells": (b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}}', "has no cells"),
    "empty-cells": (cells(), "has no cells"),
    "cells-are-text": (b'{"cells": "all"}', "has no cells"),
    "worksheets-are-text": (b'{"worksheets": ["all", {"cells": 3}]}', "has no cells"),
    "deep-list": (b"[" * 100_000, "nested too deeply"),
    "deep-cell": (b'{"cells": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "nested too deeply"),
    "too-large": (b'{"cells": ["' + b"x" * MAX_CHARACTERS + b'"]}', "is larger than 20 MiB even without its outputs"),
    "much-too-large": (b"{" + b" " * MAX_FILE, "is larger than 100 MiB"),
    "too-many-cells": (cells(*[{}] * 5_001), "has 5001 cells, more than 5000"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_read_is_refused_with_one_line(name):
    data, reason = REFUSED[name]
    with pytest.raises(SubmissionError) as caught:
        read_notebook(data, "my\nlab.ipynb")
    message = str(caught.value)
    assert reason in message and message.startswith("my\\nlab.ipynb ")
    assert message.isprintable() and len(message) < 250
    assert "again" in message or "Delete" in message, "it says what to do"


def test_a_number_that_is_no_problem():
    notebook, notes = read_notebook(cells(CODE, x=10**300, y=1e300, nbformat=10**30), "lab.ipynb")
    assert (len(notebook.cells), notes) == (1, [])


def test_cells_that_are_none_become_empty_ones():
    odd = [None, 5, [], "text", {"source": 5}, {"source": ["a", 5]}, {"cell_type": ["code"], "source": "kept"}]
    notebook, notes = read_notebook(cells(*odd, CODE), "lab.ipynb")
    nbformat.validate(notebook)
    assert [cell.source for cell in notebook.cells] == [*[""] * 6, "kept", "x = 1"]
    assert [note.where for note in notes] == [f"cell {number}" for number in range(1, 7)]
    assert all(note.review for note in notes)


def test_a_thousand_odd_cells_make_no_thousand_notes():
    _, notes = read_notebook(cells(*[5] * 1000), "lab.ipynb")
    assert len(notes) == MAX_NOTES + 1
    assert "980 more" in notes[-1].text


def test_characters_that_cannot_be_written():
    notebook, notes = read_notebook(
        b'{"cells": [{"cell_type": "code", "source": "a \\ud83d\\ude42 \\ud800 b"}]}', "lab.ipynb"
    )
    assert notebook.cells[0].source == "a 🙂 \N{REPLACEMENT CHARACTER} b"
    assert [note.kind for note in notes] == ["text"]
    nbformat.writes(notebook).encode("utf-8")


def test_ids_are_made_valid_and_unique():
    ids = ["same", "same", "", "two words", None, 7, ["x"], "x" * 65, "cell-2", {"a": 1}]
    values = [CODE | {"id": value} for value in ids]
    notebook, notes = read_notebook(cells(*values, CODE, CODE | {"metadata": {"id": "Colab_1"}}), "lab.ipynb")
    nbformat.validate(notebook)
    found = [cell.id for cell in notebook.cells]
    assert (found[0], found[-1], len(set(found)), notes) == ("same", "Colab_1", 12, [])
    assert notebook == read_notebook(cells(*values, CODE, CODE | {"metadata": {"id": "Colab_1"}}), "lab.ipynb")[0]


def test_of_metadata_only_what_grading_needs_is_read():
    about = {"grade_id": "a", "points": 2, "checksum": "x", "solution": [[]], "locked": None}
    metadata = {"tags": ["parameters", "parameters", "a,b", 5], "nbgrader": about, "name": 7, "jupyter": []}
    notebook, _ = read_notebook(cells(CODE | {"metadata": metadata}), "lab.ipynb")
    marks = {"grade_id": "a", "points": 2, "checksum": "x"}
    assert notebook.cells[0].metadata == {"tags": ["parameters"], "nbgrader": marks}


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"grade_id": 7, "grade": True}, {"grade": True}),
        ({"grade_id": True}, {}),
        ({"grade_id": "a\ud800", "checksum": 5}, {"grade_id": "a\N{REPLACEMENT CHARACTER}"}),
        ({"grade": "\ud800", "locked": 1, "solution": False}, {"solution": False}),
        ({"points": 10**400, "task": False}, {"task": False}),
        ({"points": float("nan"), "task": False}, {"task": False}),
        ({"points": 1.5}, {"points": 1.5}),
    ],
)
def test_marks_of_another_kind_than_nbgraders_are_left_out(given, kept):
    notebook, _ = read_notebook(cells(CODE | {"metadata": {"nbgrader": given}}), "lab.ipynb")
    assert notebook.cells[0].metadata.get("nbgrader", {}) == kept


def test_headings_of_format_3():
    heading = {"cell_type": "heading", "level": 3, "source": "Title"}
    data = json.dumps({"nbformat": 3, "worksheets": [{"cells": [heading]}, 5, {"cells": [{"cell_type": "html"}]}]})
    notebook, _ = read_notebook(codecs.BOM_UTF8 + data.encode(), "lab.ipynb")
    assert [(cell.cell_type, cell.source) for cell in notebook.cells] == [("markdown", "### Title"), ("markdown", "")]
