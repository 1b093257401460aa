"""Reading a class from its gradebook and its kept verdicts."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbgrader.api import Assignment, Gradebook
from nbgrader.api import Student as KnownStudent

from course.config import Course, Lab
from course.errors import BuildError, GradingError
from course.grading.feedback.titles import find_answer, find_title, lab_title
from course.grading.gradebook import cache
from course.grading.gradebook.entries import GradebookEntry, read_entries
from course.grading.gradebook.late_penalties import Lateness
from course.grading.gradebook.read_only import gradebook_address, open_read_only
from course.grading.gradebook.recorded import FAILED, UNREADABLE, read_stored
from course.grading.gradebook.results import review_remarks
from course.grading.report.attempts import attempts, read_verdicts
from course.grading.report.classroom import Classroom, Status, Student, Task, short_label
from course.inbox.notes import printable
from course.inbox.submissions import list_submissions
from course.labs.editions import as_built, cells_by_grade_id, check_gradebook
from course.labs.sources import grade_id, is_test, is_written
from course.nbgrader_api import database_errors, without_library_warnings
from course.text.commands import course_command
from course.text.times import in_utc


def read_class(course: Course, lab: Lab, folder: Path, database: str | None = None) -> Classroom:
    """The class as its folder has it; students by name.

    Raises
    ------
    EditionError
        The gradebook is of another edition of the lab.
    GradingError
        Nothing of the lab has been graded there, or the gradebook cannot be read.
    """
    if classroom := read_class_if_graded(course, lab, folder, database):
        return classroom
    command = course_command("grade", lab.name, folder)
    raise GradingError(f"Nothing of {lab.name} has been graded in {folder.resolve()}. Grade it first: {command}")


def read_class_if_graded(
    course: Course, lab: Lab, folder: Path, database: str | None = None, verdicts: bool = True
) -> Classroom | None:
    """The same, but None if nothing has been graded. Without `verdicts`, points alone are read of each task.

    Raises
    ------
    EditionError, GradingError
        As `read_class`.
    """
    folder, handed_out = folder.resolve(), released_lab(course, lab)
    with (
        open_read_only(gradebook_address(folder, database)) as gradebook,
        database_errors(),
        without_library_warnings(),
    ):
        check_gradebook(gradebook, lab, cells_by_grade_id(as_built(course, lab)), folder)
        entries, due = read_entries(gradebook, lab.name), due_date(gradebook, lab)
        known = {student for (student,) in gradebook.db.query(KnownStudent.id).all()}
    if not entries:
        return None
    handed_in = {submission.student for submission in list_submissions(folder, lab)}
    released = {grade_id(cell) or "": cell for cell in handed_out.cells}
    students = tuple(
        read_student(folder, lab, student, entries.get(student), due, released if verdicts else None)
        if student in entries or student in handed_in
        else Student(printable(student), Status.NOTHING)
        for student in sorted(known | handed_in | entries.keys())
    )
    return Classroom(lab.name, lab_title(handed_out.cells) or lab.name, lab_tasks(handed_out.cells), students, due)


def released_lab(course: Course, lab: Lab) -> NotebookNode:
    """The lab as students got it.

    Raises
    ------
    BuildError
        It is not there.
    """
    path = course.released(lab)
    if not path.is_file():
        raise BuildError(f"{path} is missing, which students get. Build the lab: course build {lab.name}")
    return nbformat.read(path, as_version=4)


def due_date(gradebook: Gradebook, lab: Lab) -> datetime | None:
    """When the lab is due by the gradebook, without extensions."""
    dates = gradebook.db.query(Assignment.duedate).filter(Assignment.name == lab.name).all()
    return in_utc(dates[0][0]) if dates else None


def lab_tasks(cells: Sequence[NotebookNode]) -> tuple[Task, ...]:
    """The tasks of a lab in its order."""
    found = []
    for place, cell in enumerate(cells):
        if is_test(cell) or is_written(cell):
            name = grade_id(cell) or ""
            answer = find_answer(cells, name) if is_test(cell) else place
            title = find_title(cells, place if answer is None else answer, name)[1]
            found.append((name, title, float(cell.metadata["nbgrader"]["points"]), is_test(cell)))
    labels = Counter(short_label(title) for _, title, _, _ in found)
    return tuple(
        Task(name, title, short_label(title if labels[short_label(title)] == 1 else name), max_points, test)
        for name, title, max_points, test in found
    )


def read_student(
    folder: Path,
    lab: Lab,
    student: str,
    entry: GradebookEntry | None,
    due: datetime | None,
    released: Mapping[str, NotebookNode] | None,
) -> Student:
    """One student who has handed in; verdicts are read if the released cells are given, by grade id."""
    stored, outcome = read_stored(folder, student, lab.name), cache.find_outcome(folder, lab.name, student)
    name = printable(student)
    if stored and stored.status == FAILED:
        return Student(name, Status.FAILED, review=(f"not graded: {stored.reason}",))
    if entry is None:
        return Student(name, Status.NOT_YET)
    readable = not stored or stored.status != UNREADABLE
    last_moment = due + (entry.extension or timedelta()) if due else None
    grace = timedelta(minutes=lab.late.grace_minutes)
    notes = outcome.notes if outcome else ()
    cells = read_verdicts(folder, student, lab.name) if readable and released is not None else None
    return Student(
        id=name,
        status=_status(entry) if readable else Status.UNREADABLE,
        points=entry.points,
        penalty=entry.penalty,
        due=last_moment,
        handed_in=entry.handed_in,
        late=Lateness(last_moment, entry.handed_in, False, entry.penalty, grace=grace).late,
        attempts=attempts(cells, entry.marks, released or {}) if readable else {},
        repairs=tuple((note.kind, f"{note.where}: {note.text}") for note in notes if readable),
        cuts=tuple((cut.where, cut.reason) for cut in outcome.cuts) if outcome else (),
        review=(*([stored.reason] if stored and stored.reason else []), *(review_remarks(outcome) if outcome else ())),
    )


def _status(entry: GradebookEntry) -> Status:
    return Status.WAITING if any(mark.waits for mark in entry.marks) else Status.GRADED
