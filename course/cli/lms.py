"""Commands for learning management systems: collect what was handed in, export grades."""

from pathlib import Path
from typing import Annotated

import typer

from course.cli.terminal import app, console, errors
from course.config import load_course
from course.inbox.systems import System, Times


@app.command()
def collect(
    archive: Annotated[Path, typer.Argument(metavar="ZIP", help="What Canvas or Moodle gives to download.")],
    lab: Annotated[str, typer.Argument(help="Name from course.toml.")],
    folder: Annotated[
        Path, typer.Option(help="Gets submitted/STUDENT/LAB/LAB.ipynb, the rest in downloaded/.")
    ] = Path(),
    system: Annotated[System | None, typer.Option(help="Recognised from the file names if not given.")] = None,
    roster: Annotated[
        Path | None, typer.Option(help="CSV file: id, and lms_id or name; see the instructors' page.")
    ] = None,
    times: Annotated[Times, typer.Option(help="Whether times in the archive are those of handing in.")] = Times.AUTO,
) -> None:
    """Unpack a submission archive, safely; what is there already is replaced only by what is newer, and kept."""
    from course.inbox.roster import read_roster
    from course.lms import collect as collector
    from course.nbgrader_api import load_config

    course = load_course()
    chosen = course.lab(lab)
    people = read_roster(roster) if roster else None
    found = collector.collect(chosen, folder, archive, system, people, times, config=load_config(course))
    console.print(collector.collected_table(f"{lab} from {found.system.title()}: {len(found.rows)} students", found))
    for remark in found.remarks:
        console.print(f"- {remark}", highlight=False, markup=False)
    if not found.any_read:
        errors.print("Nothing could be collected.")
        raise typer.Exit(2)


@app.command()
def export(
    lab: Annotated[str, typer.Argument(help="Name from course.toml.")],
    to: Annotated[Path, typer.Option(metavar="FILE", help="The CSV file to write.")],
    system: Annotated[System, typer.Option(help="Who is to read it.")],
    folder: Annotated[Path, typer.Option(help="Holds gradebook.db.")] = Path(),
    roster: Annotated[Path | None, typer.Option(help="CSV file with names and numbers, as for collect.")] = None,
    column: Annotated[str | None, typer.Option(help="Canvas: the assignment's column, “Title (number)”.")] = None,
    allow_unmarked: Annotated[bool, typer.Option("--allow-unmarked", help="Export unfinished grades, too.")] = False,
) -> None:
    """Write the grades of a lab as Canvas or Moodle reads them; no grade for what still has to be marked by hand."""
    from course.lms.export import export_grades

    course = load_course()
    chosen = course.lab(lab)
    for remark in export_grades(course, chosen, folder, to, system, roster, column, allow_unmarked):
        console.print(f"- {remark}", highlight=False, markup=False)
    console.print(f"grades     {to}", highlight=False, markup=False)
