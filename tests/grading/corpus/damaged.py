"""Files as mail, editors, learning platforms and tired students leave them."""

import copy
import json

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output

from corpus.material import Material, case, cell, in_place
from course.labs.sources import is_answer, is_test


def text(notebook) -> str:
    return nbformat.writes(notebook)


def changed(notebook, change):
    made = copy.deepcopy(notebook)
    change(made)
    return made


def as_json(notebook, change) -> bytes:
    tree = json.loads(text(notebook))
    change(tree)
    return json.dumps(tree).encode()


@case("damaged")
def byte_order_mark(m: Material):
    return b"\xef\xbb\xbf" + text(m.solved).encode()


@case("damaged")
def utf_16(m: Material):
    return text(m.solved).encode("utf-16")


@case("damaged")
def windows_lines(m: Material):
    return text(m.solved).replace("\n", "\r\n").encode()


@case("damaged")
def format_3(m: Material):
    return nbformat.writes(nbformat.convert(copy.deepcopy(m.solved), 3), version=3)


@case("damaged")
def format_4_0(m: Material):
    def change(tree):
        tree["nbformat_minor"] = 0
        for one in tree["cells"]:
            one.pop("id", None)

    return as_json(m.solved, change)


@case("damaged")
def from_colab(m: Material):
    def change(tree):
        tree["nbformat_minor"] = 0
        tree["metadata"] = {"colab": {"provenance": []}, "kernelspec": {"name": "python3", "display_name": "Python 3"}}
        for number, one in enumerate(tree["cells"]):
            one.pop("id", None)
            one["metadata"]["id"] = f"aB{number}cD"
            one["metadata"]["colab"] = {"base_uri": "https://localhost:8080/"}
        tree["cells"].insert(
            0,
            {
                "cell_type": "markdown",
                "metadata": {"id": "view-in-github", "colab_type": "text"},
                "source": ["<a></a>"],
            },
        )

    return as_json(m.solved, change)


@case("damaged")
def from_vs_code(m: Material):
    def change(tree):
        tree["metadata"] = {"language_info": {"name": "python"}, "orig_nbformat": 4}
        for one in tree["cells"]:
            one["metadata"]["vscode"] = {"languageId": "python"}

    return as_json(m.solved, change)


@case("damaged")
def all_metadata_stripped(m: Material):
    def change(tree):
        tree["metadata"] = {}
        for one in tree["cells"]:
            one["metadata"] = {}

    return as_json(m.solved, change)


@case("damaged")
def all_metadata_and_ids_stripped(m: Material):
    def change(tree):
        tree["metadata"], tree["nbformat_minor"] = {}, 4
        for one in tree["cells"]:
            one["metadata"] = {}
            one.pop("id", None)

    return as_json(m.solved, change)


@case("damaged")
def test_cell_deleted(m: Material):
    return changed(m.solved, lambda nb: nb.cells.remove(cell(nb, m.tests()[0])))


@case("damaged", earns=lambda m: m.tests()[1:])
def wrong_answer_and_its_test_deleted(m: Material):
    made = in_place(m.solved, m.answers()[0], "nothing = 0")
    made.cells.remove(cell(made, m.tests()[0]))
    return made


@case("damaged")
def all_tests_deleted(m: Material):
    return changed(m.solved, lambda nb: nb.update(cells=[one for one in nb.cells if not is_test(one)]))


@case("damaged")
def test_cell_doubled(m: Material):
    def change(nb):
        place = nb.cells.index(cell(nb, m.tests()[1]))
        nb.cells.insert(place, nbformat.from_dict(nb.cells[place] | {"id": "twin"}))

    return changed(m.solved, change)


@case("damaged", review=True)
def answer_doubled_old_stub_first(m: Material):
    def change(nb):
        name = m.answers()[1]
        place = nb.cells.index(cell(nb, name))
        nb.cells.insert(place, nbformat.from_dict(cell(m.blank, name) | {"id": "old-one"}))

    return changed(m.solved, change)


@case("damaged", review=True)
def answer_doubled_old_stub_last(m: Material):
    def change(nb):
        name = m.answers()[1]
        place = nb.cells.index(cell(nb, name))
        nb.cells.insert(place + 1, nbformat.from_dict(cell(m.blank, name) | {"id": "old-one"}))

    return changed(m.solved, change)


@case("damaged")
def test_cell_edited(m: Material):
    def change(nb):
        cell(nb, m.tests()[2]).source = "assert False, 'my own test'"

    return changed(m.solved, change)


@case("damaged")
def test_cell_retyped(m: Material):
    def change(nb):
        for name, kind in zip(m.tests()[:2], ("markdown", "raw"), strict=True):
            one = cell(nb, name)
            one.cell_type = kind
            one.pop("outputs", None), one.pop("execution_count", None)

    return changed(m.solved, change)


@case("damaged")
def answer_retyped(m: Material):
    def change(nb):
        one = cell(nb, m.answers()[0])
        one.cell_type = "markdown"
        one.pop("outputs", None), one.pop("execution_count", None)

    return changed(m.solved, change)


@case("damaged")
def tests_all_at_the_end(m: Material):
    def change(nb):
        tests = [one for one in nb.cells if is_test(one)]
        nb.cells = [one for one in nb.cells if not is_test(one)] + tests

    return changed(m.solved, change)


@case("damaged")
def tests_reversed(m: Material):
    def change(nb):
        tests = iter([one for one in nb.cells if is_test(one)][::-1])
        nb.cells = [next(tests) if is_test(one) else one for one in nb.cells]

    return changed(m.solved, change)


@case("damaged")
def set_up_deleted(m: Material):
    def change(nb):
        first = next(i for i, one in enumerate(nb.cells) if is_answer(one))
        nb.cells = [one for i, one in enumerate(nb.cells) if i >= first or one.cell_type == "markdown"]

    return changed(m.solved, change)


@case("damaged")
def only_answers_left(m: Material):
    return changed(m.solved, lambda nb: nb.update(cells=[one for one in nb.cells if is_answer(one)]))


@case("damaged")
def points_and_locks_changed(m: Material):
    def change(nb):
        for one in nb.cells:
            if is_test(one):
                one.metadata["nbgrader"] |= {"points": 0, "locked": False}

    return changed(m.solved, change)


@case("damaged")
def old_schema(m: Material):
    def change(nb):
        for one in nb.cells:
            if "nbgrader" in one.metadata:
                one.metadata["nbgrader"]["schema_version"] = 1
                one.metadata["nbgrader"].pop("task", None)
                one.metadata["nbgrader"].pop("cell_type", None)

    return changed(m.solved, change)


@case("damaged")
def another_kernel(m: Material):
    def change(nb):
        nb.metadata["kernelspec"] = {"name": "ir", "display_name": "R", "language": "R"}
        nb.metadata["language_info"] = {"name": "R"}

    return changed(m.solved, change)


@case("damaged")
def same_id_everywhere(m: Material):
    def change(tree):
        for one in tree["cells"]:
            one["id"] = "same"

    return as_json(m.solved, change)


@case("damaged")
def fields_missing(m: Material):
    def change(tree):
        for one in tree["cells"]:
            for field in ("outputs", "execution_count", "id"):
                one.pop(field, None)

    return as_json(m.solved, change)


@case("damaged")
def huge_outputs(m: Material):
    def change(nb):
        nb.cells.append(new_code_cell("1", outputs=[new_output("stream", name="stdout", text="x" * 9_000_000)]))

    return changed(m.solved, change)


@case("damaged")
def grade_ids_in_notes(m: Material):
    """A note that carries an answer's grade id, as copied cells do."""

    def change(nb):
        note = new_markdown_cell("my notes")
        note.metadata["nbgrader"] = dict(cell(nb, m.answers()[0]).metadata["nbgrader"])
        nb.cells.append(note)

    return changed(m.solved, change)


@case("damaged")
def renamed_by_the_browser(m: Material):
    return {f"{m.lab} (1).ipynb": text(m.solved).encode()}


@case("damaged")
def other_files_beside_it(m: Material):
    return {
        f"{m.lab}.ipynb": text(m.solved).encode(),
        "notes.txt": b"x",
        "numpy.py": b"raise SystemExit",
        "another.ipynb": b"{}",
        "Untitled.ipynb": text(m.blank).encode(),
        "data/big.bin": bytes(1000),
    }


@case("damaged", earns="none", unreadable="not JSON")
def cut_off(m: Material):
    return text(m.solved)[: len(text(m.solved)) // 2].encode()


@case("damaged", earns="none", unreadable="empty")
def empty(m: Material):
    return b""


@case("damaged", earns="none", unreadable="not JSON")
def a_letter(m: Material):
    return b"I could not do it, sorry."


@case("damaged")
def latin_1(m: Material):
    def change(nb):
        nb.cells[0].source += "\n\nDie Größe ist überall gleich."

    return text(changed(m.solved, change)).encode("latin-1", "ignore")


@case("damaged", earns="none", unreadable="cannot be told for certain")
def of_an_old_mac(m: Material):
    def change(nb):
        nb.cells[0].source += "\n\nDie Größe ist überall gleich."

    return text(changed(m.solved, change)).encode("mac_roman", "ignore")


@case("damaged")
def large_outputs(m: Material):
    def change(nb):
        code = [one for one in nb.cells if one.cell_type == "code"]
        code[0].outputs = [new_output("display_data", data={"image/png": "A" * 24 * 2**20})]

    return changed(m.solved, change)


@case("damaged", earns="none", unreadable="git could not merge")
def unmerged(m: Material):
    return text(m.solved).replace('"cells": [', '"cells": [\n<<<<<<< HEAD', 1).encode()


@case("damaged")
def zero_bytes_at_its_end(m: Material):
    return text(m.solved).encode() + bytes(4096)


@case("damaged", earns="none", unreadable=" ")
def a_list(m: Material):
    return b"[1, 2, 3]"


@case("damaged", earns="none", unreadable=" ")
def too_deep(m: Material):
    return b'{"cells":' + b"[" * 100_000 + b"]" * 100_000 + b"}"


@case("damaged", earns="none", unreadable=" ")
def too_large(m: Material):
    return b" " * 60_000_000


@case("damaged", earns="none", unreadable=" ")
def a_picture(m: Material):
    return b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 50


@case("damaged", earns="none")
def cells_are_numbers(m: Material):
    return b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [1, 2, null]}'


@case("damaged", earns="none", unreadable=" ")
def no_notebook_at_all(m: Material):
    return {"readme.txt": b"forgot it"}


@case("damaged", earns="none")
def lost_ids_of_others(m: Material):
    """A notebook of another lab under this lab's name."""
    return text(nbformat.v4.new_notebook(cells=[new_markdown_cell("# Poem"), new_code_cell("print('roses')")]))


@case("damaged")
def not_a_number_in_outputs(m: Material):
    """Plotting libraries write such JSON, which Python reads."""
    data = {"application/x": [float("nan"), float("inf")]}
    output = {"output_type": "display_data", "data": data, "metadata": {}}
    return as_json(m.solved, lambda tree: tree["cells"][3].update(outputs=[output]))


@case("damaged")
def endless_number(m: Material):
    return text(m.solved).rstrip()[:-1] + ', "x": ' + "9" * 5_000 + "}"


@case("damaged")
def answers_swap_their_ids(m: Material):
    def swap(notebook):
        one, other = (cell(notebook, name) for name in m.answers()[:2])
        one.metadata, other.metadata, one.id, other.id = other.metadata, one.metadata, other.id, one.id

    return changed(m.solved, swap)


@case("damaged")
def one_grade_id_for_all_answers(m: Material):
    def rename(notebook):
        for one in notebook.cells:
            if is_answer(one) and one.cell_type == "code":
                one.metadata.nbgrader.grade_id = m.answers()[0]

    return changed(m.solved, rename)


@case("damaged")
def all_code_pasted_into_one_cell(m: Material):
    code = "\n\n".join(one.source for one in m.solved.cells if one.cell_type == "code")
    return as_json(m.solved, lambda tree: tree.update(cells=[{"cell_type": "code", "metadata": {}, "source": code}]))


@case("damaged")
def no_cells_among_the_cells(m: Material):
    def spoil(tree):
        tree["cells"][5:5] = [None, 3, "x", [], {}]

    return as_json(m.solved, spoil)


@case("damaged")
def no_date_in_timestamp(m: Material):
    return {f"{m.lab}.ipynb": text(m.solved).encode(), "timestamp.txt": b"\xff\x00 yesterday" * 100}
