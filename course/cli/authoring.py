"""Commands for authors: build the labs, test their tests, measure, reproduce."""

import os
from typing import Annotated

import typer

from course.cli.terminal import Labs, app, console, log_to_file, progress_bar
from course.config import load_course


@app.command()
def build(
    labs: Labs = None,
    check: Annotated[bool, typer.Option("--check", help="Write nothing; fail if a generated file is stale.")] = False,
    again: Annotated[bool, typer.Option("--again", help="Execute also labs whose code has not changed.")] = False,
) -> None:
    """Make answer keys, student copies and the index; execute the solutions whose code has changed."""
    from course.authoring import build as builder

    course = load_course()
    chosen = course.choose(labs)
    if check:
        builder.check_generated(course, chosen)
        console.print(f"{len(chosen)} labs are up to date.")
        return
    os.environ.setdefault("MNIST_SOURCE", "bundled")  # answer keys show the digits everybody has
    with log_to_file(course.root, "build"), progress_bar("cells") as progress:
        built = builder.build(course, chosen, progress, again)
    for path in built.written:
        console.print(f"wrote {path.relative_to(course.root)}", highlight=False)
    ran = ", ".join(lab.name for lab in built.executed) or "no lab, as no code has changed (--again executes all)"
    console.print(f"executed {ran}", highlight=False)


@app.command()
def variants(
    labs: Labs = None,
    task: Annotated[str, typer.Option(help="Try the answers to this task alone.")] = "",
) -> None:
    """Test the tests: run right and wrong answers and report every test that judges one wrongly."""
    from course.authoring.try_variants import try_all

    course = load_course()
    with log_to_file(course.root, "variants"), progress_bar("runs") as progress:
        problems = [text for lab in course.choose(labs) for text in try_all(course, lab, progress, task)]
    for text in problems:
        console.print(f"- {text}", highlight=False, markup=False)
    if problems:
        raise typer.Exit(1)
    console.print("Every right answer got full marks, every wrong one lost what it should.")


@app.command()
def seeds(
    labs: Labs = None,
    count: Annotated[int, typer.Option(min=1, help="How many seeds to try.")] = 5,
) -> None:
    """Run each solution with several seeds and report every test that a right answer failed by bad luck."""
    from course.authoring.seeds import try_seeds

    course = load_course()
    chosen = course.choose(labs)
    os.environ.setdefault("MNIST_SOURCE", "bundled")
    with log_to_file(course.root, "seeds"), progress_bar("runs") as progress:
        problems = try_seeds(course, chosen, range(101, 101 + count), progress)
    for text in problems:
        console.print(f"- {text}", highlight=False, markup=False)
    if problems:
        raise typer.Exit(1)
    console.print(f"{len(chosen)} solutions got full marks with each of {count} seeds.")
