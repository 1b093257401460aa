"""The terminal: the application that commands are added to, where text goes, progress bars."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from course.config import Course

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)
console = Console()
errors = Console(stderr=True)

Labs = Annotated[list[str] | None, typer.Argument(metavar="[LAB]...", help="Names from course.toml; all if none.")]


@contextmanager
def kernels(course: Course) -> Iterator[None]:
    """Let kernels write their start-up notes to kernels.log instead of over the progress bar."""
    terminal = os.dup(2)
    log = os.open(course.root / "kernels.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    stream, sys.stderr = sys.stderr, os.fdopen(terminal, "w", buffering=1, encoding="utf-8")
    os.dup2(log, 2)
    try:
        yield
    finally:
        os.dup2(terminal, 2)
        os.close(log)
        sys.stderr.close()
        sys.stderr = stream


def progress_bar(unit: str, left: bool = False) -> Progress:
    """A bar with a count of `unit` and the time so far, and if asked for the time that is left."""
    columns = (TextColumn("{task.description:24}"), BarColumn(), MofNCompleteColumn(), TextColumn(unit))
    more = (TextColumn("left"), TimeRemainingColumn()) if left else ()
    return Progress(*columns, TimeElapsedColumn(), *more, console=errors)
