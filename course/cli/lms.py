"""Commands for learning management systems: collect what was handed in, export grades."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from course.cli.terminal import app, console, error_console
from course.config import Course, Lab, load_course
from course.inbox.systems import System, Times

if TYPE_CHECKING:
    from course.lms.collect import Collected


@app.command()
def collect(
    arguments: Annotated[
        list[str],
        typer.Argument(metavar="[ZIP] LAB", help="What Canvas or Moodle gives to download; name from course.toml."),
    ],
    folder: Annotated[
        Path, typer.Option(help="Gets submitted/STUDENT/LAB/LAB.ipynb, the rest in downloaded/.")
    ] = Path(),
    exchange: Annotated[
        bool, typer.Option("--exchange", help="From nbgrader's exchange, without ZIP: what students handed in there.")
    ] = False,
    system: Annotated[System | None, typer.Option(help="Recognised from the file names if not given.")] = None,
    roster: Annotated[
        Path | None, typer.Option(help="CSV file: id, and lms_id or name; see the instructors' page.")
    ] = None,
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
    show_collected(chosen, collected)


def from_exchange(course: Course, lab: Lab, folder: Path) -> "Collected":
    """Collect from nbgrader's exchange."""
    from course.lms.exchange import collect_exchange
    from course.nbgrader_api import load_config

    return collect_exchange(course, lab, folder, load_config(course))


def from_archive(
    course: Course, lab: Lab, folder: Path, archive: Path, system: System | None, roster: Path | None, times: Times
) -> "Collected":
    """Collect from an archive of Canvas or Moodle."""
    from course.inbox.roster import read_roster
    from course.lms.collect import collect
    from course.nbgrader_api import load_config

    people = read_roster(roster) if roster else None
    return collect(lab, folder, archive, system, people, times, config=load_config(course))


def show_collected(lab: Lab, collected: "Collected") -> None:
    """Print the table and the remarks; exit with 2 if nobody's submission could be read."""
    from course.lms.collect import collected_table

    source = collected.system.title() if collected.system else "the exchange"
    console.print(collected_table(f"{lab.name} from {source}: {len(collected.rows)} students", collected))
    for remark in collected.remarks:
        console.print(f"- {remark}", highlight=False, markup=False)
    if not collected.any_read:
        error_console.print("Nothing could be collected.")
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
