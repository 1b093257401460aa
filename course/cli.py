"""The command line of the instructor: `course VERB`."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from course.config import load_course
from course.errors import CourseError

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)
console = Console()
errors = Console(stderr=True)

Labs = Annotated[list[str] | None, typer.Argument(metavar="[LAB]...", help="Names from course.toml; all if none.")]


@app.callback()
def about() -> None:
    """Build, check and grade the labs. Run it anywhere inside the course's repository."""


@app.command()
def build(
    labs: Labs = None,
    check: Annotated[bool, typer.Option("--check", help="Write nothing; fail if a generated file is stale.")] = False,
) -> None:
    """Execute the solutions and make answer keys, student copies and the index."""
    from course.authoring import build as builder

    course = load_course()
    chosen = course.choose(labs)
    if check:
        builder.check(course, chosen)
        console.print(f"{len(chosen)} labs are up to date.")
        return
    os.environ.setdefault("MNIST_SOURCE", "bundled")  # answer keys show the digits everybody has
    with progress_bar("cells") as progress:
        written = builder.build(course, chosen, progress)
    for path in written:
        console.print(f"wrote {path.relative_to(course.root)}", highlight=False)


def progress_bar(unit: str) -> Progress:
    """A bar with a count of `unit` and the time so far."""
    columns = (TextColumn("{task.description:24}"), BarColumn(), MofNCompleteColumn(), TextColumn(unit))
    return Progress(*columns, TimeElapsedColumn(), console=errors)


def main() -> None:
    """Run the command line; errors that the user can mend are printed without a traceback, exit code 2."""
    try:
        app()
    except CourseError as error:
        errors.print(f"[bold red]Error:[/] {type(error).__name__}", highlight=False)
        errors.print(str(error), highlight=False, markup=False, soft_wrap=True)
        sys.exit(2)
