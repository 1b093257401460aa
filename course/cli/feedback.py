"""The command for giving feedback back."""

from pathlib import Path
from typing import Annotated

import typer

from course.cli.terminal import app, console
from course.config import load_course
from course.grading.lms.systems import System


@app.command()
def feedback(
    lab: Annotated[str, typer.Argument(help="Name from course.toml.")],
    packed: Annotated[System, typer.Option("--zip", help="Pack the pages as this system takes them back.")],
    folder: Annotated[Path, typer.Option(help="The folder that was graded.")] = Path(),
    to: Annotated[Path | None, typer.Option(metavar="FILE", help="The zip file to write.")] = None,
) -> None:
    """Pack the students' pages for Canvas or Moodle."""
    from course.grading.lms.feedback_zip import pack_feedback

    course = load_course()
    chosen = course.lab(lab)
    target = to or folder / f"feedback_{chosen.name}_{packed}.zip"
    for remark in pack_feedback(course, chosen, folder, packed, target):
        console.print(f"- {remark}", highlight=False, markup=False)
    console.print(f"feedback   {target}", highlight=False, markup=False)
