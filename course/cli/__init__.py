"""The command line of the instructor: `course VERB`."""

import sys

from course.cli import (  # noqa: F401 - they add their commands
    authoring,
    deadlines,
    feedback,
    grading,
    labs,
    lms,
    marking,
    publishing,
)
from course.cli.terminal import app, errors
from course.errors import CourseError


@app.callback()
def about() -> None:
    """Build, check and grade the labs. Run it anywhere inside the course's repository."""


def main() -> None:
    """Run the command line; errors that the user can mend are printed without a traceback, exit code 2."""
    try:
        app()
    except CourseError as error:
        errors.print(f"[bold red]Error:[/] {type(error).__name__}", highlight=False)
        errors.print(str(error), highlight=False, markup=False, soft_wrap=True)
        sys.exit(2)
