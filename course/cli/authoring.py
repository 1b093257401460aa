"""Commands for authors: build the labs, and test their tests."""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer

from course.cli.terminal import Labs, app, console, log_to_file, progress_bar
from course.config import load_course
from course.text.listing import counted

MOST_WRITTEN = 9  # files that `course build` names


@app.command()
def build(
    labs: Labs = None,
    check: Annotated[bool, typer.Option("--check", help="Write nothing; fail if a generated file is stale.")] = False,
    again: Annotated[bool, typer.Option("--again", help="Execute also labs whose code has not changed.")] = False,
    show: Annotated[bool, typer.Option("--show", help="Print what the cells between the tasks print.")] = False,
) -> None:
    """Make answer keys, student copies and the index; execute the solutions whose code has changed."""
    from course.authoring import build as builder
    from course.authoring.publish import AUTHOR_NOTES_LEFT, labs_with_author_notes
    from course.authoring.spelling import misspelt_words
    from course.labs.answer_key import printed_text, read_key

    course = load_course()
    chosen = course.choose(labs)
    if check:
        builder.check_generated(course, chosen)
        console.print(f"{len(chosen)} labs are up to date.")
        return
    os.environ.setdefault("MNIST_SOURCE", "bundled")  # answer keys show the digits everybody has
    with log_to_file(course.root, "build"), progress_bar("cells") as progress:
        built = builder.build(course, chosen, progress, again)
    for line in written_lines([path.relative_to(course.root) for path in built.written]):
        console.print(line, highlight=False, markup=False)
    console.print(f"{built.unchanged} files were up to date already.", highlight=False)
    ran = ", ".join(lab.name for lab in built.executed) or "no lab, as no code has changed (--again executes all)"
    console.print(f"executed {ran}", highlight=False)
    for lab in chosen if show else ():
        console.rule(lab.name)
        console.print(printed_text(read_key(course.solution(lab))), highlight=False, markup=False, soft_wrap=True)
    for found in misspelt_words(course, chosen):
        console.print(f"- misspelt? {found}", highlight=False, markup=False, soft_wrap=True)
    for name in labs_with_author_notes(course):
        console.print(f"- {name} {AUTHOR_NOTES_LEFT}", highlight=False, markup=False, soft_wrap=True)


def written_lines(paths: Sequence[Path]) -> Iterator[str]:
    """The files that were written, a line each; if they are many, only how many in which folder."""
    if len(paths) <= MOST_WRITTEN:
        yield from (f"wrote {path}" for path in paths)
        return
    for folder, count in Counter(path.parts[0] if len(path.parts) > 1 else "." for path in paths).items():
        yield f"wrote {counted(count, 'file', 'files')} in {folder}"


@app.command()
def variants(
    labs: Labs = None,
    task: Annotated[str, typer.Option(help="Try the answers to this task alone.")] = "",
    again: Annotated[bool, typer.Option("--again", help="Also try what has not changed since it was tried.")] = False,
    hidden: Annotated[
        bool, typer.Option("--hidden", help="List the wrong answers tried now of which no visible test tells.")
    ] = False,
) -> None:
    """Test the tests: run right and wrong answers and report every test that judges one wrongly."""
    from course.authoring.build import why_stale
    from course.authoring.ends import End
    from course.authoring.try_all_variants import try_all
    from course.labs.prepare import prepare_lab

    course = load_course()
    chosen = course.choose(labs)
    os.environ["MNIST_SOURCE"] = "bundled"
    with log_to_file(course.root, "variants"), progress_bar("runs") as progress:
        tried = try_all(course, chosen, progress, task, again)
    for text in tried.problems:
        console.print(f"- {text}", highlight=False, markup=False)
    for one in tried.mistakes if hidden else ():
        if one.end == End.HIDDEN:
            text = f"- {one.lab}, {one.variant.task}, «{one.variant.name}»: told by hidden tests only"
            console.print(text, highlight=False, markup=False, soft_wrap=True)
    if tried.problems:
        raise typer.Exit(1)
    unchanged = f"; for {tried.unchanged} others nothing has changed since they were tried" if tried.unchanged else ""
    console.print(f"{tried.runs} runs{unchanged}.")
    for lab in chosen:
        if why_stale(course.solution(lab), prepare_lab(course, lab)):
            console.print(f"{lab.name} has changed and is not built, so its model answers were not run: make build")
    console.print("Every right answer got full marks, every wrong one lost what it should.")


@app.command()
def mutants(
    labs: Labs = None,
    task: Annotated[str, typer.Option(help="Change the answer to this task alone.")] = "",
    sample: Annotated[int, typer.Option(min=0, help="How many to draw from each lab; 0 tries all.")] = 0,
    seed: Annotated[int, typer.Option(help="By which they are drawn.")] = 0,
) -> None:
    """Test the tests: change each model answer a little, and report the changes that no test notices."""
    from course.authoring.ends import End
    from course.authoring.mutant_table import mutant_table
    from course.authoring.try_mutants import try_mutants

    course = load_course()
    with log_to_file(course.root, "mutants"), progress_bar("mutants") as progress:
        tried = {lab.name: try_mutants(course, lab, progress, task, sample, seed) for lab in course.choose(labs)}
    console.print(mutant_table(tried))
    not_caught = [(name, one.mutant) for name, found in tried.items() for one in found if one.end == End.NOT]
    for name, mutant in not_caught:
        console.print(f"- {name}, {mutant.task}, {mutant.change}", highlight=False, markup=False, soft_wrap=True)
    if not_caught:
        console.print(
            "Make the test notice these changes, or list them in tests/mutants/LAB.toml with the reason why such an "
            "answer is as right as the model one."
        )
        raise typer.Exit(1)
    console.print("Every change was noticed, or is listed as another right answer.")


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
