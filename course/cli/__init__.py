"""The command line of the instructor: `course VERB`."""

from importlib.metadata import version as version_of
from typing import Annotated

import typer

from course.cli import (  # noqa: F401 - they add their commands
    authoring,
    due_dates,
    feedback,
    grading,
    labs,
    lms,
    lti,
    marking,
    publishing,
    reporting,
    roster,
)
from course.cli.terminal import app, console, run_app, show_log

PACKAGE = "cnn-labs"


def show_version(wanted: bool) -> None:
    """Print the version and end."""
    if wanted:
        console.print(f"course {version_of(PACKAGE)}", highlight=False)
        raise typer.Exit


@app.callback()
def global_options(
    verbose: Annotated[bool, typer.Option("--verbose", help="Show what is written into the log, too.")] = False,
    _: Annotated[
        bool, typer.Option("--version", callback=show_version, is_eager=True, help="Show the version and end.")
    ] = False,
) -> None:
    """Build, check and grade the labs. Run it anywhere inside the course's repository."""
    if verbose:
        show_log()


def main() -> None:
    """Run the command line."""
    run_app(app)
