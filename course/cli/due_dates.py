"""Commands for deadlines: times of handing in, and extensions granted, taken back and listed."""

from collections.abc import Sequence
from datetime import UTC, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from course.cli.terminal import ClassFolder, Roster, app, console
from course.config import Course, Lab, load_course
from course.errors import CourseError

if TYPE_CHECKING:
    from course.grading.gradebook.extensions import Extension


@app.command()
def extend(
    students: Annotated[
        list[str], typer.Argument(metavar="STUDENT...", help="Ids: as in the roster and in submitted/.")
    ],
    labs: Annotated[list[str], typer.Option("--lab", metavar="LAB", help="From course.toml; repeat for several.")],
    until: Annotated[
        str | None, typer.Option(help="“2026-03-09 23:59”, in the course's time zone if it names none.")
    ] = None,
    days: Annotated[float | None, typer.Option(min=0, max=3650, help="So many days after the due date.")] = None,
    revoke: Annotated[bool, typer.Option("--revoke", help="Take the extensions back.")] = False,
    folder: ClassFolder = Path(),
) -> None:
    """Let students hand in labs later, or take that back; counts from the next `course grade` or `course feedback`."""
    from course.grading.gradebook import extensions
    from course.inbox.known_students import refuse_unknown
    from course.inbox.roster import roster_file

    course = load_course()
    chosen = course.choose(labs)
    if sum((until is not None, days is not None, revoke)) != 1:
        raise CourseError("Say one of: --until TIME, --days NUMBER, --revoke.")
    if revoke:
        changed = extensions.revoke(folder, students, [lab.name for lab in chosen])
    else:
        refuse_unknown(students, folder, chosen)
        changed = [_extension(course, lab, student, until, days) for lab in chosen for student in students]
        extensions.grant(folder, changed)
    _print_extensions(course, "Taken back" if revoke else "Granted", changed)
    console.print(f"wrote      {folder / extensions.FILE}", highlight=False, markup=False)
    if not (folder / "submitted").is_dir():
        console.print(
            f"- {folder.resolve()} holds no submitted/: is it the folder of the class? Name it with --folder.",
            highlight=False,
            markup=False,
        )
        return
    question = "" if roster_file(folder, None) else "; is the name right?"
    for student in students:
        if not (folder / "submitted" / student).is_dir():
            console.print(f"- {student} has handed in nothing yet{question}", highlight=False, markup=False)


@app.command(name="extensions")
def list_extensions(folder: ClassFolder = Path()) -> None:
    """List all extensions."""
    from course.grading.gradebook.extensions import FILE, read_extensions

    course, extensions = load_course(), read_extensions(folder)
    if extensions:
        _print_extensions(course, f"{folder / FILE}", extensions)
    else:
        console.print(f"There are no extensions in {folder / FILE}.", highlight=False, markup=False)


@app.command()
def times(
    lab: Annotated[str, typer.Argument(help="Name from course.toml.")],
    table: Annotated[
        Path, typer.Argument(metavar="TABLE", help="Columns student,handed_in; or Moodle's grading worksheet.")
    ],
    folder: ClassFolder = Path(),
    roster: Roster = None,
) -> None:
    """Say when students handed in a lab, from a table; counts from the next `course grade` or `course feedback`."""
    from course.inbox.roster import roster_file
    from course.inbox.times_table import read_times_table, write_times
    from course.lms.worksheet_times import is_worksheet, read_worksheet_times

    course = load_course()
    chosen = course.lab(lab)
    if is_worksheet(table):
        handed_in = read_worksheet_times(table, roster_file(folder, roster, chosen.name), course.zone)
    else:
        handed_in = read_times_table(table, course.zone)
    remarks = write_times(folder, chosen, handed_in)
    for remark in remarks:
        console.print(f"- {remark}", highlight=False, markup=False)
    written = f"{len(handed_in) - len(remarks)} of {len(handed_in)} times of {lab}"
    console.print(f"Wrote {written} beside the submissions in {folder / 'submitted'}.", highlight=False, markup=False)
    if len(remarks) == len(handed_in):
        raise typer.Exit(2)


def _extension(course: Course, lab: Lab, student: str, until: str | None, days: float | None) -> "Extension":
    from course.grading.gradebook.extensions import Extension
    from course.text.times import TimeError, read_time

    if until is not None:
        try:
            return Extension(lab.name, student, read_time(until, course.zone))
        except TimeError as error:
            raise CourseError(f"--until: {error}") from error
    if lab.due is None:
        raise CourseError(f"{lab.name} has no due date in course.toml, after which days could be counted. Use --until.")
    # Days by the clock on the wall: 23:59 stays 23:59 when summer time begins.
    return Extension(lab.name, student, (lab.due + timedelta(days=days or 0)).astimezone(UTC))


def _print_extensions(course: Course, title: str, extensions: "Sequence[Extension]") -> None:
    from rich.table import Table

    from course.text.times import time_text

    dues = {lab.name: lab.due for lab in course.labs}
    table = Table("student", "lab", "until", "due", title=title, title_justify="left")
    for extension in extensions:
        due = dues.get(extension.lab)
        due_text = time_text(due, course.zone) if due else "no such lab" if extension.lab not in dues else "no due date"
        remark = "" if not due or extension.until > due else " (not later than due)"
        table.add_row(extension.student, extension.lab, time_text(extension.until, course.zone) + remark, due_text)
    console.print(table)
