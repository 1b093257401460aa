"""The command that shows what a class did."""

from pathlib import Path
from typing import Annotated

import typer

from course.cli.terminal import app, console
from course.config import Course, Lab, load_course
from course.grading.report.order import Order


@app.command()
def report(
    lab: Annotated[str | None, typer.Argument(help="Name from course.toml; the whole term if none.")] = None,
    folder: Annotated[Path, typer.Option(help="The folder that was graded.")] = Path(),
    order: Annotated[Order, typer.Option(help="Students by their points, or by name.")] = Order.POINTS,
    pseudonyms: Annotated[
        bool, typer.Option("--pseudonyms", help="Show numbers in place of names, drawn anew each time.")
    ] = False,
    earlier: Annotated[
        str | None,
        typer.Option(metavar="GRADEBOOK", help="Of the term: compare with this gradebook of an earlier class."),
    ] = None,
    db: Annotated[str | None, typer.Option(help="SQLAlchemy address of the gradebook; gradebook.db if none.")] = None,
) -> None:
    """Show what the class did in a lab, or in the term, as a page with figures and as tables; nothing is run."""
