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
from course.labs.editions import GRADE, SOLUTION, SOURCE, GradedCell, cells_by_kind, find_notebook, held_kinds


def move_to(api: NbGraderAPI, lab: Lab, now: Mapping[str, GradedCell]) -> Iterator[str]:
    """Let the gradebook hold the cells of this edition, all at once or nothing; say what became of it.

    Submissions keep what they have for the cells that stay. In the cells that are new they have no points, until they
    are graded.
    """
    with api.gradebook as gradebook:
        notebook = find_notebook(gradebook, lab)
        held = held_kinds(notebook) if notebook else {}
        if not notebook or not notebook.submissions or held == {name: part.kinds for name, part in now.items()}:
            yield f"{lab.name}: the gradebook is of the present edition already"
            return
        address = str(gradebook.engine.url.render_as_string(hide_password=False))
    kept = keep_copy(address)
    with one_transaction(), api.gradebook as gradebook:
        lost = list(_remove(gradebook, lab, now))
        _add(gradebook, lab, now)
    yield f"{lab.name}: the gradebook is of the present edition now; " + (
        f"as it was, it is {kept}" if kept else "no copy was kept, as it is no SQLite file"
    )
    yield from lost


def keep_copy(address: str) -> Path | None:
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


def _remove(gradebook: Gradebook, lab: Lab, now: Mapping[str, GradedCell]) -> Iterator[str]:
    """Delete the cells that are gone, with points and comments; says what a person had given there."""
    notebook = gradebook.find_notebook(lab.name, lab.name)
    for kind, cells in cells_by_kind(notebook).items():
        for cell in [cell for cell in cells if cell.name not in now or kind not in now[cell.name].kinds]:
            entries = {GRADE: "grades", SOLUTION: "comments"}.get(kind)
            for entry in list(getattr(cell, entries)) if entries else []:
                if text := _by_hand(entry):
                    yield f"{lab.name}, {cell.name}: gone with its task is {entry.student.id}'s {text}"
                gradebook.db.delete(entry)
            gradebook.db.flush()  # a database that checks references wants these gone first
            gradebook.db.delete(cell)
    gradebook.db.commit()


def _by_hand(entry: Grade | Comment) -> str:
    """What a person gave, in words; empty if nothing."""
    if isinstance(entry, Comment):
        return f"comment “{entry.manual_comment}”" if entry.manual_comment else ""
    return f"mark by hand, {entry.manual_score:g}" if entry.manual_score is not None else ""


def _add(gradebook: Gradebook, lab: Lab, now: Mapping[str, GradedCell]) -> None:
    """Add the cells that are new, to the lab and to every submission."""
    notebook = gradebook.find_notebook(lab.name, lab.name)
    held, place = held_kinds(notebook), (lab.name, lab.name)
    for name, part in now.items():
        kinds = part.kinds - held.get(name, frozenset())
        if SOURCE in kinds:
            locked = SOLUTION not in part.kinds
            about = {"cell_type": part.cell_type, "source": part.source, "locked": locked}
            gradebook.add_source_cell(name, *place, **about)
        entries: list[Callable[..., Grade | Comment]] = []
        if GRADE in kinds:
            cell = gradebook.add_grade_cell(name, *place, max_score=part.points, cell_type=part.cell_type)
            entries.append(partial(Grade, cell_id=cell.id, auto_score=0.0, needs_manual_grade=False))
        if SOLUTION in kinds:
            entries.append(partial(Comment, cell_id=gradebook.add_solution_cell(name, *place).id))
        for submission in notebook.submissions:
            gradebook.db.add_all([entry(notebook=submission) for entry in entries])
    gradebook.db.commit()
