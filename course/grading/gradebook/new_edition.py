"""Moving a gradebook to another edition of a lab, with the marks given by hand of all tasks that stay."""

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from functools import partial
from itertools import count
from pathlib import Path

from nbgrader.api import Comment, Grade, Gradebook
from nbgrader.apps.api import NbGraderAPI
from sqlalchemy.engine import make_url

from course.config import Lab
from course.grading.gradebook.transaction import one_transaction
from course.labs.editions import (
    GRADE_ENTRY,
    SOLUTION_ENTRY,
    SOURCE_ENTRY,
    GradedCell,
    cells_by_kind,
    find_notebook,
    held_kinds,
)


def move_gradebook(api: NbGraderAPI, lab: Lab, edition: Mapping[str, GradedCell]) -> Iterator[str]:
    """Give the gradebook the cells of this edition, all at once or none; yield messages on what was changed.

    Submissions keep their points and comments for the cells that stay. In new cells they have no points until they are
    graded.
    """
    with api.gradebook as gradebook:
        notebook = find_notebook(gradebook, lab)
        old_kinds = held_kinds(notebook) if notebook else {}
        new_kinds = {name: cell.kinds for name, cell in edition.items()}
        if not notebook or not notebook.submissions or old_kinds == new_kinds:
            yield f"{lab.name}: the gradebook is of the present edition already"
            return
        address = str(gradebook.engine.url.render_as_string(hide_password=False))
    copy = copy_gradebook(address)
    with api.gradebook as gradebook, one_transaction(gradebook):
        messages = list(_remove(gradebook, lab, edition))
        _add(gradebook, lab, edition)
    yield f"{lab.name}: the gradebook is of the present edition now; " + (
        f"as it was, it is {copy}" if copy else "no copy was kept, as it is no SQLite file"
    )
    yield from messages


def copy_gradebook(address: str) -> Path | None:
    """Copy a gradebook to a new file beside it; None if it is no SQLite file."""
    url = make_url(address)
    if url.get_backend_name() != "sqlite" or not url.database:
        return None
    path = Path(url.database)
    copies = (path.with_name(f"{path.name}.before-{number}") for number in count(1))
    copy = next(copy for copy in copies if not copy.exists())
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
    return copy


def _remove(gradebook: Gradebook, lab: Lab, edition: Mapping[str, GradedCell]) -> Iterator[str]:
    """Delete the cells that are gone, with points and comments; yield messages on marks given by hand there."""
    notebook = gradebook.find_notebook(lab.name, lab.name)
    for kind, cells in cells_by_kind(notebook).items():
        for cell in [cell for cell in cells if cell.name not in edition or kind not in edition[cell.name].kinds]:
            entries = {GRADE_ENTRY: "grades", SOLUTION_ENTRY: "comments"}.get(kind)
            for entry in list(getattr(cell, entries)) if entries else []:
                if text := _mark_in_words(entry):
                    yield f"{lab.name}, {cell.name}: gone with its task is {entry.student.id}'s {text}"
                gradebook.db.delete(entry)
            gradebook.db.flush()  # a database that checks references requires these to be deleted first
            gradebook.db.delete(cell)
    gradebook.db.commit()


def _mark_in_words(entry: Grade | Comment) -> str:
    """A mark or comment given by hand, in words; empty if there is none."""
    if isinstance(entry, Comment):
        return f"comment “{entry.manual_comment}”" if entry.manual_comment else ""
    return f"mark by hand, {entry.manual_score:g}" if entry.manual_score is not None else ""


def _add(gradebook: Gradebook, lab: Lab, edition: Mapping[str, GradedCell]) -> None:
    """Add the cells that are new, to the lab and to every submission."""
    notebook = gradebook.find_notebook(lab.name, lab.name)
    old_kinds, notebook_key = held_kinds(notebook), (lab.name, lab.name)
    for name, graded_cell in edition.items():
        kinds = graded_cell.kinds - old_kinds.get(name, frozenset())
        if SOURCE_ENTRY in kinds:
            locked = SOLUTION_ENTRY not in graded_cell.kinds
            source_settings = {"cell_type": graded_cell.cell_type, "source": graded_cell.source, "locked": locked}
            gradebook.add_source_cell(name, *notebook_key, **source_settings)
        entries: list[Callable[..., Grade | Comment]] = []
        if GRADE_ENTRY in kinds:
            cell = gradebook.add_grade_cell(
                name, *notebook_key, max_score=graded_cell.points, cell_type=graded_cell.cell_type
            )
            entries.append(partial(Grade, cell_id=cell.id, auto_score=0.0, needs_manual_grade=False))
        if SOLUTION_ENTRY in kinds:
            entries.append(partial(Comment, cell_id=gradebook.add_solution_cell(name, *notebook_key).id))
        for submission in notebook.submissions:
            gradebook.db.add_all([entry(notebook=submission) for entry in entries])
    gradebook.db.commit()
