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
        typer.Option(
            "--id",
            metavar="SOURCE",
            help="What ids are made from: login, sis_id or lms_id (Canvas); idnumber, mailbox or email (Moodle).",
        ),
    ] = None,
) -> None:
    """Make roster.csv, which says who is who, from a table of Canvas or Moodle, or add those who are new."""
    from course.inbox.roster import ROSTER, roster_file
    from course.lms.make_roster import make_roster, write_roster

    path, existing = folder / ROSTER, roster_file(folder, None)
    new = make_roster(table, existing, id_from)
    if new.added:
        folder.mkdir(parents=True, exist_ok=True)
        write_roster(path, existing, new.added)
    for remark in new.remarks:
        show(f"- {remark}")
    if new.missing:
        show(f"- in the roster, but not in {table}: {', '.join(person.id for person in new.missing)}")
    added = f"{len(new.added)} added, their ids made from {new.id_source}" if new.added else "nobody added"
    show(f"roster     {path}: {len(new.people)} in it, {added}")


def show(text: str) -> None:
    """Print a line as it is."""
    console.print(text, highlight=False, markup=False, soft_wrap=True)
