"""Commands for the list of labs: make a new one, take one out."""

from typing import Annotated

import typer

from course.cli.terminal import app, console
from course.config import load_course


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="Such as my_lab, or with its number: 10_my_lab.")],
    title: Annotated[str, typer.Option(help="Its heading, without the number.")],
    task: Annotated[str | None, typer.Option(help="Its first task, such as ink-rows; the template's if none.")] = None,
    about: Annotated[str | None, typer.Option(help="What it is about, for its row of README.md.")] = None,
) -> None:
    """Make a lab of your own from a template that builds, tests its tests and can be graded."""
    from course.authoring.make_lab import make_lab

    course = load_course()
    source, *others = (path.relative_to(course.root) for path in make_lab(course, name, title, task, about))
    for path in (source, *others):
        console.print(f"wrote {path}", highlight=False)
    steps = f"Write your lab in {source}, then run: course build {source.stem} && course variants {source.stem}"
    if not about and any(path.name == "README.md" for path in others):
        steps += "\nSay in its row of README.md what it is about."
    console.print(steps, highlight=False, markup=False, soft_wrap=True)


@app.command("add-task")
def add_task(
    lab: Annotated[str, typer.Argument(help="Name from course.toml.")],
    name: Annotated[str, typer.Argument(help="Of the task, such as ink-rows: the grade id of its answer.")],
    title: Annotated[str, typer.Option(help="Its heading, without number and points.")],
    points: Annotated[int, typer.Option(min=1, help="What it is worth.")] = 2,
    written: Annotated[bool, typer.Option("--written", help="A question that a person marks, without a test.")] = False,
) -> None:
    """Add a task to a lab from a template that works: text, answer, test, right and wrong answers."""
    from course.authoring import add_task as adder
    from course.labs.sources import points_by_cell, read_source

    course = load_course()
    chosen = course.lab(lab)
    for path in adder.add_task(course, chosen, name, title, points, written):
        console.print(f"wrote {path.relative_to(course.root)}", highlight=False)
    source = course.source(chosen)
    line = max(n for n, text in enumerate(source.read_text("utf-8").splitlines(), 1) if f" · {title.strip()} (" in text)
    total = sum(points_by_cell(read_source(source)).values())
    then = f" && course variants {lab} --task {name}" if not written else ""
    console.print(
        f"Rewrite the task in {source.relative_to(course.root)}, from line {line} on; with it the lab has {total:g} "
        f"points. Then run: course build {lab}{then}",
        highlight=False,
        markup=False,
        soft_wrap=True,
    )


@app.command()
def drop(
    lab: Annotated[str, typer.Argument(help="Name from course.toml.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Take a lab out of the course: source, answer key, student copy, variants, figures, entries in pages."""
    from course.authoring.drop_lab import drop_lab, files_of_lab, mentions

    course = load_course()
    chosen = course.lab(lab)
    lab_files = [str(path.relative_to(course.root)) for path in files_of_lab(course, chosen)]
    if not yes:
        typer.confirm(f"Delete {', '.join(lab_files)} and the lab's entries in course.toml and in pages?", abort=True)
    written = drop_lab(course, chosen)
    lines = [
        *(f"deleted {path}" for path in lab_files),
        *(f"wrote {path.relative_to(course.root)}" for path in written),
    ]
    if remaining := list(mentions(course, chosen.name)):
        lines += [
            "Pages still speak of it; change them by hand, then run: course build",
            *(f"  {mention}" for mention in remaining),
        ]
    console.print("\n".join(lines), highlight=False, markup=False, soft_wrap=True)
