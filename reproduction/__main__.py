"""Run the labs at full size on all of MNIST and write docs/reproduction.md: `python -m reproduction [LAB]...`."""

from typing import Annotated

import typer

from course.cli.terminal import Labs, console, log_to_file, new_app, progress_bar, run_app
from course.config import load_course
from course.text.files import write_text
from reproduction import runs
from reproduction.page import page as page_text
from reproduction.systems import read_plan

app = new_app()


@app.command()
def reproduce(
    labs: Labs = None,
    again: Annotated[bool, typer.Option("--again", help="Also run what has been run already.")] = False,
    rehearse: Annotated[bool, typer.Option("--rehearse", help="Run at lab size, print, keep nothing.")] = False,
    page: Annotated[bool, typer.Option("--page", help="Run nothing; write the page from the runs kept.")] = False,
) -> None:
    """Run the labs at full size on all of MNIST and write docs/reproduction.md; goes on where it was interrupted."""
    course = load_course()
    plans = [plan for lab in course.choose(labs) if (plan := read_plan(course, lab))]
    with log_to_file(course.root, "reproduction"), progress_bar("cells") as progress:
        if rehearse:
            for key, run in runs.rehearse(course, plans, progress).items():
                console.print(key, run.values, run.times)
            return
        if not page:
            runs.reproduce(course, plans, progress, again)
    path = write_text(course.reproduction.with_suffix(".md"), page_text(course))
    console.print(f"wrote {path.relative_to(course.root)}", highlight=False)


if __name__ == "__main__":
    run_app(app)
