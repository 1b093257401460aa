"""A lab is executed when its code has changed, and only then."""

import copy
import re

import nbformat
import pytest
from rich.progress import Progress

from course.authoring import build
from course.config import load_course
from course.errors import BuildError
from course.labs.answer_key import code_cells, keep_outputs
from course.labs.sources import read_source, source_text, with_ids

pytestmark = pytest.mark.slow


def outputs(path):
    return [(cell.outputs, cell.execution_count) for cell in code_cells(nbformat.read(path, as_version=4))]


@pytest.fixture
def executed(monkeypatch):
    """The names of the labs that a build executes; their cells get an output that says so."""
    names = []

    def execute(name, notebook, progress):
        names.append(name)
        for count, cell in enumerate(code_cells(notebook), 1):
            cell.execution_count = count
            cell.outputs = [nbformat.v4.new_output("stream", text="executed\n")]

    monkeypatch.setattr(build, "execute_notebook", execute)
    return names


def run(course, *labs, **options):
    with Progress(disable=True) as progress:
        return build.build(course, labs, progress, **options)


def edit(path, old, new):
    text = path.read_text("utf-8")
    assert old in text, f"{path} no longer holds {old!r}"
    path.write_text(text.replace(old, new, 1), "utf-8")


def test_a_new_address_changes_stamped_cells_and_executes_nothing(copied, executed):
    edit(copied.root / "course.toml", f'"{copied.repositories.students}"', '"someone/else"')
    moved = load_course(copied.root)
    before = [outputs(copied.solution(lab)) for lab in moved.labs]
    assert run(moved, *moved.labs).executed == []
    assert [outputs(copied.solution(lab)) for lab in moved.labs] == before
    build.check_generated(moved, moved.labs)
    for path in [*copied.root.glob("labs/**/*"), *copied.root.glob("solutions/**/*")]:
        assert path.is_dir() or copied.repositories.students not in path.read_text("utf-8"), path
    assert executed == []


def test_a_change_of_text_executes_nothing(copied, executed):
    lab = copied.labs[0]
    before = outputs(copied.solution(lab))
    edit(copied.source(lab), "## Set-up\n", "## Set-up now\n")
    edit(copied.source(lab), "# %% [markdown]\n", "# %% [markdown]\n# A new cell.\n\n# %% [markdown]\n")
    assert run(copied, lab).executed == []
    assert outputs(copied.solution(lab)) == before
    build.check_generated(copied, [lab])


def test_a_change_of_points_executes_the_lab_as_its_tests_say_them(copied, executed):
    lab = copied.labs[0]
    notebook = read_source(copied.source(lab))
    graded = [cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("grade")][:2]
    for cell, change in zip(graded, (1, -1), strict=True):
        points = cell.metadata["nbgrader"]["points"]
        cell.metadata["nbgrader"]["points"] += change
        before = notebook.cells[: notebook.cells.index(cell)]
        heading = next(one for one in reversed(before) if re.search(r"^#.*points?\)", one.source, re.MULTILINE))
        heading.source = heading.source.replace(f"({points} points)", f"({points + change} points)")
    copied.source(lab).write_text(source_text(notebook), "utf-8")
    assert run(copied, lab).executed == [lab]
    build.check_generated(copied, [lab])
    for cell in graded:
        assert f"gives {cell.metadata['nbgrader']['points']} point" in copied.released(lab).read_text("utf-8")


CHANGES = {
    "a number": lambda course, lab: edit(course.source(lab), "N_TRAIN = ", "N_TRAIN = 1"),
    "a hidden test": lambda course, lab: edit(
        course.source(lab), "### BEGIN HIDDEN TESTS", "### BEGIN HIDDEN TESTS\n#"
    ),
    "a new cell": lambda course, lab: edit(course.source(lab), "# %% [markdown]\n", "# %%\n1\n\n# %% [markdown]\n"),
    "no key": lambda course, lab: course.solution(lab).unlink(),
    "a damaged key": lambda course, lab: course.solution(lab).write_text("{"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_of_code_executes_the_lab(copied, executed, name):
    lab = copied.labs[0]
    CHANGES[name](copied, lab)
    assert run(copied, lab).executed == [lab]
    assert executed == [lab.name]
    assert "executed\n" in copied.solution(lab).read_text("utf-8").replace("\\n", "\n")


def test_again_executes_in_any_case(copied, executed):
    assert run(copied, copied.labs[0], again=True).executed == [copied.labs[0]]
    assert executed == [copied.labs[0].name]


def notebook_of(*cells):
    return with_ids(nbformat.v4.new_notebook(cells=list(cells)))


def cell(source, *tags, output="", count=1):
    made = nbformat.v4.new_code_cell(source, execution_count=count, metadata={"tags": list(tags)} if tags else {})
    made.outputs = [nbformat.v4.new_output("stream", text=output)] if output else []
    return made


def kept(key, new, tmp_path):
    """Whether `new` gets the outputs of `key`, and which outputs it has then."""
    path = tmp_path / "key.ipynb"
    nbformat.write(key, path)
    answer = keep_outputs(path, new := copy.deepcopy(new))
    return answer, [out.text for one in code_cells(new) for out in one.outputs]


def test_outputs_go_to_the_cells_they_came_from(tmp_path):
    key = notebook_of(cell("a", output="A"), cell("b"), cell("c", output="C"))
    new = notebook_of(*(nbformat.v4.new_code_cell(one) for one in "abc"))
    assert kept(key, new, tmp_path) == (True, ["A", "C"])


def test_cells_in_another_order_or_with_other_tags_are_other_code(tmp_path):
    key = notebook_of(cell("a", output="A"), cell("b", output="B"))
    assert kept(key, notebook_of(nbformat.v4.new_code_cell("b"), nbformat.v4.new_code_cell("a")), tmp_path)[0] is False
    tagged = notebook_of(cell("a", "remove-stderr", count=None), nbformat.v4.new_code_cell("b"))
    assert kept(key, tagged, tmp_path) == (False, [])


def test_a_key_that_was_not_executed_throughout_gives_nothing(tmp_path):
    key = notebook_of(cell("a", output="A"), cell("b", count=None))
    assert kept(key, notebook_of(*(nbformat.v4.new_code_cell(one) for one in "ab")), tmp_path) == (False, [])


def test_edits_of_a_notebook_that_its_source_lacks_are_never_written_over(copied, executed):
    lab = copied.labs[0]
    path, source = copied.solution(lab), copied.source(lab)
    edit(path, "Know your data", "Look at your data")
    before = path.read_bytes(), source.read_bytes()
    with pytest.raises(BuildError, match=rf"was edited, and {lab.name}\.py beside it .*\n.*jupytext --sync"):
        run(copied, lab)
    assert (path.read_bytes(), source.read_bytes()) == before and executed == []
    edit(source, "Know your data", "Look at your data")  # as the advice does, or JupyterLab for a paired notebook
    assert run(copied, lab).executed == []
    assert "Look at your data" in copied.released(lab).read_text("utf-8")
    edit(source, "Look at your data", "Know your data")
    assert run(copied, lab).executed == [], "an edit of the source alone is what building is for"
