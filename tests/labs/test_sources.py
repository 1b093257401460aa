"""Text sources: ids that survive a rebuild, and texts that survive reading and writing."""

import pytest

from course.errors import LintError
from course.labs.sources import read_source, source_text

SOURCE = """\
# %% [markdown]
# # A title

# %% tags=["parameters"]
N = 3  # full run: 7

# %%
print(N)

# %%
print(N)
"""


def write(tmp_path, text):
    path = tmp_path / "source.py"
    path.write_text(text, "utf-8")
    return path


def test_ids_depend_on_the_text_alone(tmp_path):
    path = write(tmp_path, SOURCE)
    ids = [cell.id for cell in read_source(path).cells]
    assert ids == [cell.id for cell in read_source(path).cells]
    assert len(set(ids)) == 4, "two equal cells need two ids"
    longer = write(tmp_path, SOURCE.replace("# %% tags", "# %%\nnew = 1\n\n# %% tags"))
    assert [cell.id for cell in read_source(longer).cells if cell.source != "new = 1"] == ids


def test_graded_cells_are_named_after_their_grade_id(course, lab):
    notebook = read_source(course.source(lab))
    assert all(
        cell.id == cell.metadata["nbgrader"]["grade_id"] for cell in notebook.cells if "nbgrader" in cell.metadata
    )


def test_writing_what_was_read_changes_nothing(tmp_path):
    text = source_text(read_source(write(tmp_path, SOURCE)))
    assert source_text(read_source(write(tmp_path, text))) == text
    assert "jupytext_version" not in text and "metadata_filter" not in text


def test_a_source_that_is_not_text(tmp_path):
    path = tmp_path / "source.py"
    path.write_bytes(b"# %%\nname = '\xe9'\n")
    with pytest.raises(LintError, match=r"source\.py cannot be read"):
        read_source(path)
