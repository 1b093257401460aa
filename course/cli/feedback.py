"""The command for students' pages: brought up to date, and packed for the system that gives them back."""

from pathlib import Path
from typing import Annotated

import typer

from course.cli.grading import show_results
from course.cli.terminal import ClassFolder, Database, Roster, app, console, grades_file, progress_bar
from course.config import load_course
from course.inbox.systems import System


@app.command()
def feedback(
    lab: Annotated[str, typer.Argument(help="Name from course.toml.")],
    folder: ClassFolder = Path(),
    system: Annotated[
        System | None, typer.Option("--zip", help="Also pack the pages as this system takes them back.")
    ] = None,
    to: Annotated[Path | None, typer.Option(metavar="FILE", help="The zip file to write.")] = None,
    roster: Roster = None,
    db: Database = None,
) -> None:
    """Bring grades and students' pages up to date with marks, comments, dates and rules; nothing is run."""
    from course.grading.grade import refresh
    from course.grading.options import Options
    from course.inbox.roster import read_roster, roster_file
    from course.inbox.submissions import list_submissions
    from course.lms.feedback_zip import pack_feedback

    if roster and not system:
        raise typer.BadParameter("--roster is about the file that --zip packs; name the system: --zip moodle")
    course, remarks = load_course(), list[str]()
    chosen = course.lab(lab)
    file = roster_file(folder, roster, chosen.name)
    people = read_roster(file) if file and system else ()
    with progress_bar("students") as progress:
        bar = progress.add_task("pages", total=len(list_submissions(folder, chosen)))
        results = refresh(course, chosen, folder, Options(database=db), remarks.append, lambda _: progress.advance(bar))
    show_results(course, chosen, folder, results, remarks, db)
    console.print(f"grades     {grades_file(folder, chosen.name)}", highlight=False)
    console.print(f"feedback   {folder / 'feedback'}/STUDENT/{lab}/{lab}.html", highlight=False)
    if system:
        target = to or folder / f"feedback_{chosen.name}_{system}.zip"
        for remark in pack_feedback(course, chosen, folder, system, target, people):
            console.print(f"- {remark}", highlight=False, markup=False)
        console.print(f"packed     {target}", highlight=False, markup=False)
