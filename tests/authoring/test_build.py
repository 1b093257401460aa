"""Generated files follow from the sources, and drift is found and named."""

import json
import re

import nbformat
import pytest
from rich.progress import Progress

from course.authoring import build
from course.authoring.execute import execute_notebook
from course.authoring.index import title
from course.config import load_course
from course.errors import BuildError, DriftError, LintError
from course.labs.sources import read_source, source_text
from course.labs.stamp import gibibytes_in_words, minutes_in_words

pytestmark = pytest.mark.slow


def test_the_repository_is_up_to_date(course):
    build.check_generated(course, course.labs)


def edit(path, old, new):
    text = path.read_text("utf-8")
    assert old in text, f"{path} no longer holds {old!r}"
    path.write_text(text.replace(old, new, 1), "utf-8")


DRIFT = {
    "a word in the source": (
        lambda c, lab: edit(c.source(lab), "## Set-up\n", "## Set-up now\n"),
        ["solutions/{0}/{0}.ipynb has other cells", "labs/{0}/{0}.ipynb is not what the source makes"],
    ),
    "the student copy edited": (
        lambda c, lab: edit(c.released(lab), "Set-up", "Setup"),
        ["labs/{0}/{0}.ipynb is not what the source makes"],
    ),
    "the answer key deleted": (lambda c, lab: c.solution(lab).unlink(), ["solutions/{0}/{0}.ipynb does not exist"]),
    "the answer key cut off": (
        lambda c, lab: c.solution(lab).write_text(c.solution(lab).read_text()[:999]),
        ["solutions/{0}/{0}.ipynb cannot be read"],
    ),
    "a stamped cell edited": (
        lambda c, lab: edit(c.source(lab), "Open in Colab", "Colab"),
        ["solutions/{0}/{0}.py has a stale stamped cell"],
    ),
    "a file that does not belong": (
        lambda c, lab: (c.released(lab).parent / "notes.txt").write_text("the answers"),
        ["labs/{0}/notes.txt is no lab"],
    ),
    "the index edited": (
        lambda c, lab: edit(c.root / "labs" / "README.md", "Take the labs in this", "Take these in this"),
        ["labs/README.md is not what the sources say"],
    ),
    "the repository moved": (
        lambda c, lab: edit(c.root / "course.toml", c.repositories.students, "someone/else"),
        ["solutions/{0}/{0}.py has a stale", "labs/README.md is not", "solutions/{0}/{0}.ipynb has other cells"],
    ),
}


@pytest.mark.parametrize("name", DRIFT)
def test_drift_is_named_with_its_remedy(copied, name):
    damage, messages = DRIFT[name]
    lab = copied.labs[0]
    damage(copied, lab)
    with pytest.raises(DriftError) as error:
        build.check_generated(load_course(copied.root), [lab])
    for message in messages:
        assert message.format(lab.name) in str(error.value)
    assert "course build" in str(error.value) or "Delete it" in str(error.value)


def test_a_key_that_was_not_run_is_found(copied):
    lab = copied.labs[0]
    key = nbformat.read(copied.solution(lab), as_version=4)
    next(cell for cell in key.cells if cell.cell_type == "code").execution_count = None
    nbformat.write(key, copied.solution(lab))
    with pytest.raises(DriftError, match="was not executed"):
        build.check_generated(copied, [lab])


def test_a_source_with_duplicate_grade_ids_is_refused_before_anything_is_written(copied):
    lab = copied.labs[0]
    text = copied.source(lab).read_text("utf-8")
    first, second = re.findall(r'"grade_id": "(test-[^"]+)"', text)[:2]
    copied.source(lab).write_text(text.replace(f'"{second}"', f'"{first}"'), "utf-8")
    released = copied.released(lab).read_text()
    with pytest.raises(LintError, match=f"'{first}' is used by 2 cells"), Progress(disable=True) as progress:
        build.build(copied, [lab], progress)
    assert copied.released(lab).read_text() == released


def test_a_build_writes_what_the_check_expects(copied):
    lab = copied.labs[0]
    edit(copied.source(lab), "## Set-up\n", "## Set-up now\n")
    with Progress(disable=True) as progress:
        build.build(copied, [lab], progress)
    build.check_generated(copied, [lab])
    assert "Set-up now" in copied.released(lab).read_text("utf-8")


def test_a_source_saved_while_its_lab_is_executed_is_not_overwritten(copied, monkeypatch):
    lab = copied.labs[0]
    edit(copied.source(lab), "## Set-up\n", "## Set-up now\n")
    monkeypatch.setattr(build, "execute_notebook", lambda *_: edit(copied.source(lab), "Set-up now", "Set-up later"))
    with Progress(disable=True) as progress, pytest.raises(BuildError, match="was changed while its lab was built"):
        build.build(copied, [lab], progress, again=True)
    assert "Set-up later" in copied.source(lab).read_text("utf-8")
    assert "Set-up now" not in copied.released(lab).read_text("utf-8")


def notebook_of(*sources):
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])


@pytest.mark.kernel
def test_a_solution_that_fails_is_named_with_its_cell():
    with Progress(disable=True) as progress, pytest.raises(BuildError, match=r"(?s)my_lab.*1 / 0.*ZeroDivisionError"):
        execute_notebook("my_lab", notebook_of("x = 1", "1 / 0"), progress)


@pytest.mark.kernel
def test_a_warning_in_an_answer_key_is_not_kept_silently(tmp_path):
    notebook = notebook_of("import sys; print('careful', file=sys.stderr)")
    with Progress(disable=True) as progress:
        execute_notebook("my_lab", notebook, progress)
    with pytest.raises(BuildError, match="writes to stderr: careful"):
        build.drop_machine_notes(tmp_path / "my_lab.py", notebook)
    notebook.cells[0].metadata["tags"] = ["remove-stderr"]
    build.drop_machine_notes(tmp_path / "my_lab.py", notebook)
    assert notebook.cells[0].outputs == []


def test_header_and_index_tell_points_minutes_and_objectives(course, lab):
    notebook = read_source(course.source(lab))
    index = (course.root / "labs" / "README.md").read_text("utf-8")
    measured = json.loads(course.measurements.read_text())["run_all"].get(lab.name)  # a lab may be new
    needs = (
        measured and f"{minutes_in_words(measured['seconds'])} and {gibibytes_in_words(measured['peak_mib'])} of memory"
    )
    facts = next(cell.source for cell in notebook.cells if "stamp-facts" in cell.metadata.get("tags", []))
    for text in (facts, index):
        assert f"**{lab.rules.points} points**" in text and (needs or "") in text
        assert f"{course.repositories.students}/blob/{course.repositories.ref}/labs/{lab.name}/{lab.name}.ipynb" in text
        assert f"urlpath=lab/tree/labs/{lab.name}/{lab.name}.ipynb" in text
    assert f"[{title(notebook)}]({lab.name}/{lab.name}.ipynb)" in index
    learned = notebook.cells[0].source.split("## What you will learn")[1].split("##")[0].strip()
    assert learned and learned in index


def test_minutes_and_memory_in_words():
    assert (minutes_in_words(1), minutes_in_words(150)) == ("about 0.1 minutes", "about 2.5 minutes")
    assert [gibibytes_in_words(mebibytes) for mebibytes in (445, 1024, 1025)] == ["0.5 GiB", "1.0 GiB", "1.1 GiB"]


def test_jupytext_keeps_notebook_and_source_in_step(course, lab):
    key = nbformat.read(course.solution(lab), as_version=4)
    assert source_text(key) == course.source(lab).read_text("utf-8")
