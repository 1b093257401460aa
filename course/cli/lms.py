"""Commands for learning management systems: collect what was handed in, export grades."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from course.cli.lti import export_by_lti
from course.cli.terminal import ClassFolder, Database, Roster, app, console, error_console, grades_file
from course.config import Course, Lab, load_course
from course.inbox.systems import GradesTo, System, Times

if TYPE_CHECKING:
    from course.lms.collect import Collected


@app.command()
def collect(
    arguments: Annotated[
        list[str],
        typer.Argument(metavar="[ZIP] LAB", help="What Canvas or Moodle gives to download; name from course.toml."),
    ],
    folder: ClassFolder = Path(),
    exchange: Annotated[
        bool, typer.Option("--exchange", help="From nbgrader's exchange, without ZIP: what students handed in there.")
    ] = False,
    system: Annotated[System | None, typer.Option(help="Recognised from the file names if not given.")] = None,
    roster: Roster = None,
    times: Annotated[Times, typer.Option(help="Whether times in the archive are those of handing in.")] = Times.AUTO,
) -> None:
    """Take in what was handed in, safely; what is there already is replaced only by what is newer, and kept."""
    course = load_course()
    if len(arguments) != (1 if exchange else 2):
        raise typer.BadParameter("Give ZIP and LAB, or --exchange and LAB.")
    chosen = course.lab(arguments[-1])
    if exchange and (system or roster or times is not Times.AUTO):
        raise typer.BadParameter("--system, --roster and --times are about an archive; leave them out with --exchange.")
    collected = (
        from_exchange(course, chosen, folder)
        if exchange
        else from_archive(course, chosen, folder, Path(arguments[0]), system, roster, times)
    )
    show_collected(course, chosen, collected)


def from_exchange(course: Course, lab: Lab, folder: Path) -> "Collected":
    """Collect from nbgrader's exchange."""
    from course.lms.collect_exchange import collect_exchange
    from course.nbgrader_api import load_config

    return collect_exchange(course, lab, folder, load_config(course.root))


def from_archive(
    course: Course, lab: Lab, folder: Path, archive: Path, system: System | None, roster: Path | None, times: Times
) -> "Collected":
    """Collect from an archive of Canvas or Moodle."""
    from course.inbox.roster import read_roster, roster_file
    from course.lms.collect import collect
    from course.nbgrader_api import load_config

    file = roster_file(folder, roster, lab.name)
    if file:
        console.print(f"roster     {file}", highlight=False, markup=False)
    people = read_roster(file) if file else None
    return collect(lab, folder, archive, system, people, times, config=load_config(course.root), zone=course.zone)


def show_collected(course: Course, lab: Lab, collected: "Collected") -> None:
    """Print the table and the remarks; exit with 2 if nobody's submission could be read."""
    from course.lms.collect import collected_table

    source = collected.system.title() if collected.system else "the exchange"
    title = f"{lab.name} from {source}: {len(collected.rows)} students"
    console.print(collected_table(title, collected, course.zone))
    for remark in collected.remarks:
        console.print(f"- {remark}", highlight=False, markup=False)
    if not collected.any_read:
        error_console.print("Nothing could be collected.")
        raise typer.Exit(2)


@app.command()
def export(
    lab: Annotated[str, typer.Argument(help="Name from course.toml.")],
    system: Annotated[GradesTo, typer.Option(help="Who is to read them; lti sends them.")],
    to: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The CSV file to write, for Canvas or Moodle.")
    ] = None,
    folder: ClassFolder = Path(),
    roster: Roster = None,
    column: Annotated[str | None, typer.Option(help="Canvas: the assignment's column, “Title (number)”.")] = None,
    allow_unmarked: Annotated[bool, typer.Option("--allow-unmarked", help="Export unfinished grades, too.")] = False,
    db: Database = None,
    lti: Annotated[
        Path | None, typer.Option(metavar="FILE", help="lti: the settings; FOLDER/lti.toml if not given.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="lti: show who would get what; send nothing, to nobody.")
    ] = False,
    again: Annotated[bool, typer.Option("--again", help="lti: send also what has not changed since.")] = False,
) -> None:
    """Write the grades of a lab as Canvas or Moodle reads them, or send them; no grade for what waits to be marked.

    With --system lti, the exit code is 2 if a grade could not be sent.
    """
    from course.inbox.roster import roster_file

    course = load_course()
    chosen = course.lab(lab)
    if system is GradesTo.LTI:
        if to or column:
            raise typer.BadParameter("--to and --column are about a file; --system lti sends grades.")
        if not (file := roster_file(folder, roster, chosen.name)):
            raise typer.BadParameter("--system lti needs --roster, a CSV file that says who is whom: id, lti_user_id.")
        export_by_lti(course, chosen, folder, lti, file, allow_unmarked, dry_run, again, db)
        return
    if lti or dry_run or again:
        raise typer.BadParameter(f"--lti, --dry-run and --again are about sending; leave them out with {system}.")
    if not to:
        raise typer.BadParameter(f"--system {system} writes a file. Name it: --to FILE.")
    if to.resolve() == grades_file(folder, lab).resolve():
        raise typer.BadParameter(f"{to} is the table that `course grade` writes, and writes anew. Name another file.")
    export_to_file(course, chosen, folder, to, System(system), roster, column, allow_unmarked, db)


def export_to_file(
    course: Course,
    lab: Lab,
    folder: Path,
    to: Path,
    system: System,
    roster: Path | None,
    column: str | None,
    allow_unmarked: bool,
    database: str | None,
) -> None:
    """Write the file, and print what a person should know about it."""
    from course.lms.export import export_grades

    for remark in export_grades(course, lab, folder, to, system, roster, column, allow_unmarked, database):
        console.print(f"- {remark}", highlight=False, markup=False)
    console.print(f"to upload  {to}", highlight=False, markup=False)
