"""Commands for the list of labs: make a new one, take one out."""

from typing import Annotated

import typer

from course.cli.terminal import app, console
from course.config import load_course


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="Such as my_lab, or with its number: 10_my_lab.")],
    title: Annotated[str, typer.Option(help="Its heading, without the number.")],
) -> None:
    """Make a lab of your own from a template that builds, tests its tests and can be graded."""
    from course.authoring.make_lab import make_lab

    course = load_course()
    source, *others = (path.relative_to(course.root) for path in make_lab(course, name, title))
    for path in (source, *others):
        console.print(f"wrote {path}", highlight=False)
    steps = (
        f"Write your lab in {source}, then run: course build {source.stem} && course variants {source.stem}\n"
        "If README.md lists the labs, add a line for it."
    )
    console.print(steps, highlight=False, markup=False, soft_wrap=True)
