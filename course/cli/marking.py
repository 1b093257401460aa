"""The command for marking by hand."""

from pathlib import Path
from typing import Annotated

import typer

from course.cli.terminal import ClassFolder, Roster, app, console
from course.config import load_course


@app.command()
def mark(
    lab: Annotated[str, typer.Argument(help="Name from course.toml.")],
    folder: ClassFolder = Path(),
    roster: Roster = None,
    db: Annotated[str | None, typer.Option(help="SQLAlchemy address of the gradebook; gradebook.db if none.")] = None,
    port: Annotated[int | None, typer.Option(help="Of the server; the next free one from 8888 if none.")] = None,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Only print the address.")] = False,
) -> None:
    """Open Formgrader where the written answers of a lab are marked; Ctrl+C ends it."""
    from course.grading.marking import server
    from course.inbox.roster import read_roster, roster_file

    course = load_course()
    chosen = course.lab(lab)
    file = roster_file(folder, roster)
    count = server.prepare_folder(course, chosen, folder, db, read_roster(file) if file else ())
    console.print(
        f"{count} submissions of {lab} in {folder.resolve()}. Ctrl+C, pressed twice, ends marking.", highlight=False
    )
    server.serve_formgrader(server.jupyter_command(chosen, folder, db, port, not no_browser), folder)
