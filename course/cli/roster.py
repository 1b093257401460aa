"""The command for the roster of a class."""

from pathlib import Path
from typing import Annotated

import typer

from course.cli.terminal import ClassFolder, app, console


@app.command("roster")
def make_or_complete_roster(
    table: Annotated[
        Path,
        typer.Argument(metavar="CSV", help="Canvas's gradebook, or Moodle's grading worksheet or participants."),
    ],
    folder: ClassFolder = Path(),
    id_from: Annotated[
        str | None,
        typer.Option("--id", help="What ids are made of: login, sis_id, lms_id; idnumber, email, “whole email”."),
    ] = None,
) -> None:
    """Make roster.csv, which says who is who, from a table of Canvas or Moodle; or add who is new to it."""
    from course.inbox.roster import ROSTER, roster_file
    from course.lms.make_roster import make_roster, write_roster

    path, existing = folder / ROSTER, roster_file(folder, None)
    new = make_roster(table, existing, id_from)
    folder.mkdir(parents=True, exist_ok=True)
    write_roster(path, existing, new)
    for remark in new.remarks:
        console.print(f"- {remark}", highlight=False, markup=False, soft_wrap=True)
    if new.missing:
        names = ", ".join(person.id for person in new.missing)
        console.print(f"- not in {table} any more, but kept: {names}", highlight=False, markup=False, soft_wrap=True)
    added = f"{len(new.added)} added, ids made of their {new.id_source}" if new.added else "nobody added"
    console.print(
        f"roster     {path}: {len(new.people)} students, {added}", highlight=False, markup=False, soft_wrap=True
    )
