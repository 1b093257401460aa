"""The terminal: the application that commands are added to, where text goes, progress bars, logs."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.logging import RichHandler
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.text import Text

from course.errors import CourseError
from course.text import logs


def new_app() -> typer.Typer:
    """An application without commands."""
    return typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)


def run_app(application: typer.Typer) -> None:
    """Run a command line; errors that the user can mend are printed without a traceback, exit code 2."""
    try:
        application()
    except CourseError as error:
        error_console.print(Text.assemble(("Error: ", "bold red"), str(error)), soft_wrap=True)
        sys.exit(2)


app = new_app()
console = Console(emoji=False)  # else the place "page.py:100: " would be a sign
error_console = Console(stderr=True, emoji=False)

# Where a class lies, in every command that works on one; the variable saves naming it each time.
ClassFolder = Annotated[
    Path,
    typer.Option(
        "--folder",
        envvar="COURSE_FOLDER",
        help="Of the class: holds submitted/, the roster and what is written from them.",
    ),
]
Database = Annotated[str | None, typer.Option(help="SQLAlchemy address of the gradebook; gradebook.db if none.")]
Roster = Annotated[
    Path | None,
    typer.Option(help="CSV file that says who is who; FOLDER/roster.csv if there is one. See the instructors' page."),
]
Labs = Annotated[list[str] | None, typer.Argument(metavar="[LAB]...", help="Names from course.toml; all if none.")]


@contextmanager
def log_to_file(folder: Path, name: str) -> Iterator[Path]:
    """Keep a log of this run in FOLDER/logs; it also gets what kernels write at their start, over no progress bar."""
    with logs.run_log(folder, name) as path:
        terminal = os.dup(2)
        log = os.open(path, os.O_WRONLY | os.O_APPEND)
        stream, sys.stderr = sys.stderr, os.fdopen(terminal, "w", buffering=1, encoding="utf-8")
        os.dup2(log, 2)
        try:
            yield path
        finally:
            os.dup2(terminal, 2)
            os.close(log)
            sys.stderr.close()
            sys.stderr = stream


def show_log() -> None:
    """Show what is logged also here, above the progress bar."""
    logs.add_handler(
        RichHandler(console=error_console, show_path=False, markup=False, highlighter=None, log_time_format="%X")
    )


def grades_file(folder: Path, lab: str) -> Path:
    """The table of grades that grading writes for the instructor, in the folder of a class."""
    return folder / f"grades_{lab}.csv"


def progress_bar(unit: str, time_left: bool = False) -> Progress:
    """A bar with a count of `unit` and the time so far, and if asked for the time that is left."""
    columns = (TextColumn("{task.description:24}"), BarColumn(), MofNCompleteColumn(), TextColumn(unit))
    more_columns = (TextColumn("left"), TimeRemainingColumn()) if time_left else ()
    return Progress(*columns, TimeElapsedColumn(), *more_columns, console=error_console)
