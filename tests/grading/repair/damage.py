"""Ways in which a submission can be damaged, for tests: each changes a notebook made from the released lab."""

import copy

from nbformat import NotebookNode

from course.labs.sources import grade_id, is_answer, is_test


def find(notebook, name):
    """The first cell with that grade id."""
    return next(cell for cell in notebook.cells if grade_id(cell) == name)


def its_test(notebook, answer):
    return find(notebook, f"test-{answer}")


def code_answers(notebook):
    return [grade_id(cell) for cell in notebook.cells if is_answer(cell) and cell.cell_type == "code"]


def written_answer(notebook):
    return next(cell for cell in notebook.cells if is_answer(cell) and cell.cell_type == "markdown")


def is_known(cell):
    return bool(cell.metadata.get("nbgrader"))


def insert_after(notebook, cell, new):
    position = next(number for number, other in enumerate(notebook.cells) if other is cell)
    notebook.cells.insert(position + 1, new)


def copy_of(cell, source, name="pasted"):
    twin = copy.deepcopy(cell)
    twin.source, twin.id = source, name
    return twin


def retype(cell, cell_type):
    cell.cell_type = cell_type
    for key in ("outputs", "execution_count"):
        cell.pop(key, None)
    if cell_type == "code":
        cell.outputs, cell.execution_count = [], None


def at_question(notebook, released, name, damage):
    """Do that damage to one question alone."""
    places = sorted(notebook.cells.index(find(notebook, wanted)) for wanted in (name, f"test-{name}"))
    part = NotebookNode(cells=notebook.cells[places[0] : places[1] + 1])
    damage(part, released)
    notebook.cells[places[0] : places[1] + 1] = part.cells


# --- metadata


def strip_marks(notebook, released):
    """Cell ids stay, all metadata is gone."""
    for cell in notebook.cells:
        cell.metadata.clear()


def strip_everything(notebook, released):
    """As an editor of format 4.4 leaves it that knows neither cell ids nor nbgrader."""
    strip_marks(notebook, released)
    notebook.nbformat_minor = 4
    notebook.metadata.clear()
    for cell in notebook.cells:
        del cell["id"]


def like_colab(notebook, released):
    badge = copy.deepcopy(notebook.cells[0])
    badge.source = "<a href=…>Open In Colab</a>"
    badge.metadata = NotebookNode(id="view-in-github", colab_type="text")
    for number, cell in enumerate(notebook.cells):
        cell.metadata["id"] = f"Xy{number}"
        if cell.cell_type == "code":
            cell.metadata["outputId"] = f"aaaa-{number}"
            cell.metadata["colab"] = {"base_uri": "https://localhost:8080/"}
    del badge["id"]
    notebook.cells.insert(0, badge)
    notebook.metadata = NotebookNode(colab={"provenance": []}, kernelspec={"name": "python3"}, accelerator="GPU")
    notebook.nbformat_minor = 0


def like_vs_code(notebook, released):
    strip_everything(notebook, released)
    for cell in notebook.cells:
        cell.metadata["vscode"] = {"languageId": "python"}
    notebook.metadata["language_info"] = {"name": "python", "version": "3.13.1", "pygments_lexer": "ipython3"}


def change_marks(notebook, released):
    for cell in notebook.cells:
        if is_test(cell):
            cell.metadata.nbgrader |= {"points": 100, "locked": False, "schema_version": 1}


def same_ids(notebook, released):
    for cell in notebook.cells:
        cell.id = "a"


def wrong_ids(notebook, released):
    for number, cell in enumerate(notebook.cells):
        cell.id = ["", "two words", "x" * 65, None, 7][number % 5]


# --- cells


def delete_tests(notebook, released):
    notebook.cells[:] = [cell for cell in notebook.cells if not is_test(cell)]


def edit_tests(notebook, released):
    for cell in notebook.cells:
        if is_test(cell):
            cell.source = "\n".join(f"# {line}" for line in cell.source.splitlines())


def double_tests(notebook, released):
    for cell in [cell for cell in notebook.cells if is_test(cell)]:
        insert_after(notebook, cell, copy_of(cell, cell.source, f"twin-{cell.id}"))


def retype_tests(notebook, released):
    for number, cell in enumerate(cell for cell in notebook.cells if is_test(cell)):
        retype(cell, ("markdown", "raw")[number % 2])


def retype_answers(notebook, released):
    for number, cell in enumerate(cell for cell in notebook.cells if is_answer(cell)):
        retype(cell, "code" if cell.cell_type == "markdown" else ("markdown", "raw")[number % 2])


def paste_stub_below(notebook, released):
    """Each answer, and below it the empty answer cell once more."""
    for name in code_answers(notebook):
        cell = find(notebook, name)
        insert_after(notebook, cell, copy_of(cell, find(released, name).source, f"stub-{name}"))


def paste_older_above(notebook, released):
    """Each answer, and above it an earlier try that was wrong, with the same grade id."""
    for name in code_answers(notebook):
        cell = find(notebook, name)
        answer = cell.source
        cell.source = f"1 / 0  # first try at {name}"
        insert_after(notebook, cell, copy_of(cell, answer, f"new-{name}"))


def merge_into_tests(notebook, released):
    """Each answer and its test as one cell, with the marks of the test."""
    for name in code_answers(notebook):
        answer, test = find(notebook, name), its_test(notebook, name)
        test.source = f"{answer.source}\n{test.source}"
        notebook.cells[:] = [cell for cell in notebook.cells if cell is not answer]


def reverse(notebook, released):
    notebook.cells.reverse()


def delete_setup(notebook, released):
    """All code above the first answer."""
    first = next(number for number, cell in enumerate(notebook.cells) if is_answer(cell))
    above = [cell for cell in notebook.cells[:first] if cell.cell_type != "code"]
    notebook.cells[:] = above + notebook.cells[first:]


def empty_setup(notebook, released):
    first = next(number for number, cell in enumerate(notebook.cells) if is_answer(cell))
    for cell in notebook.cells[:first]:
        if cell.cell_type == "code":
            cell.source = "\n"


def delete_demos(notebook, released):
    """Code below the first answer that nobody grades."""
    first = next(number for number, cell in enumerate(notebook.cells) if is_answer(cell))
    kept = [cell for cell in notebook.cells[first:] if cell.cell_type != "code" or is_known(cell)]
    notebook.cells[first:] = kept


def delete_prose(notebook, released):
    notebook.cells[:] = [cell for cell in notebook.cells if cell.cell_type != "markdown" or is_known(cell)]


def add_scratch(notebook, released):
    """A cell of the student's own after each cell."""
    for number, cell in enumerate(list(notebook.cells)):
        own = copy.deepcopy(notebook.cells[-1])
        retype(own, ("code", "markdown", "raw")[number % 3])
        own.metadata, own.source, own.id = NotebookNode(tags=["parameters"]), f"scratch_{number} = 1", f"s{number}"
        insert_after(notebook, cell, own)


ALL = {
    "strip_marks": (strip_marks, {"marks-lost"}),
    "strip_everything": (strip_everything, {"marks-lost"}),
    "like_colab": (like_colab, set()),
    "like_vs_code": (like_vs_code, {"marks-lost"}),
    "change_marks": (change_marks, {"marks-changed"}),
    "same_ids": (same_ids, set()),
    "wrong_ids": (wrong_ids, set()),
    "delete_tests": (delete_tests, {"test-restored"}),
    "edit_tests": (edit_tests, {"test-restored"}),
    "double_tests": (double_tests, set()),
    "retype_tests": (retype_tests, {"test-restored"}),
    "retype_answers": (retype_answers, {"answer-retyped"}),
    "paste_stub_below": (paste_stub_below, {"answer-twice"}),
    "paste_older_above": (paste_older_above, {"answer-twice"}),
    "reverse": (reverse, {"order"}),
    "delete_setup": (delete_setup, {"setup-restored"}),
    "empty_setup": (empty_setup, {"setup-restored"}),
    "delete_prose": (delete_prose, set()),
    "add_scratch": (add_scratch, set()),
}
