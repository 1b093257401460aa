"""The command for the roster of a class."""

from pathlib import Path
from typing import Annotated

import typer

from course.cli.terminal import ClassFolder, app, console
from course.config import load_course


@app.command("roster")
def make_or_complete_roster(
    table: Annotated[
        Path,
        typer.Argument(metavar="CSV", help="Canvas's gradebook, or Moodle's grading worksheet or participants."),
    ],
    folder: ClassFolder = Path(),
    lab: Annotated[
        str | None,
        typer.Option(help="Moodle: also note the numbers and groups that students have in this lab's assignment."),
    ] = None,
    id_from: Annotated[
        str | None,
        typer.Option(
            "--id",
            metavar="SOURCE",
            help="What ids are made from: login, sis_id or lms_id (Canvas); idnumber, mailbox or email (Moodle).",
        ),
    ] = None,
) -> None:
    """Make roster.csv, which says who is who, from a table of Canvas or Moodle, or add those who are new."""
    from course.errors import RosterError
    from course.inbox.roster import LAB_ROSTER, ROSTER, roster_file
    from course.lms.make_roster import make_roster, write_roster

    path, existing = folder / ROSTER, roster_file(folder, None)
    own = folder / LAB_ROSTER.format(lab=load_course().lab(lab).name) if lab else None
    new = make_roster(table, existing, id_from, own)
    if own and not new.numbered:
        raise RosterError(f"{table} has no numbers of an assignment. --lab is for Moodle's grading worksheet.")
    folder.mkdir(parents=True, exist_ok=True)
    if new.added:
        write_roster(path, existing, new.added)
    if own:
        write_roster(own, None, new.numbered)
    for remark in new.remarks:
        show(f"- {remark}")
    if new.missing:
        show(f"- in the roster, but not in {table}: {', '.join(person.id for person in new.missing)}")
    added = f"{len(new.added)} added, their ids made from {new.id_source}" if new.added else "nobody added"
    show(f"roster     {path}: {len(new.people)} in it, {added}")
    if own:
        show(f"numbers    {own}: of {len(new.numbered)} students in {lab}, in place of the roster for this lab")


def show(text: str) -> None:
    """Print a line as it is."""
    console.print(text, highlight=False, markup=False, soft_wrap=True)
