"""Commands for authors: build the labs, test their tests, measure, reproduce."""

import os
from typing import Annotated

import typer

from course.cli.terminal import Labs, app, console, errors, logged, progress_bar
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
        builder.check(course, chosen)
        console.print(f"{len(chosen)} labs are up to date.")
        return
    os.environ.setdefault("MNIST_SOURCE", "bundled")  # answer keys show the digits everybody has
    with logged(course.root, "build"), progress_bar("cells") as progress:
        built = builder.build(course, chosen, progress, again)
    for path in built.written:
        console.print(f"wrote {path.relative_to(course.root)}", highlight=False)
    ran = ", ".join(lab.name for lab in built.executed) or "no lab, as no code has changed (--again executes all)"
    console.print(f"executed {ran}", highlight=False)


@app.command()
def variants(labs: Labs = None) -> None:
    """Test the tests: run right and wrong answers and report every test that judges one wrongly."""
    from course.authoring.try_variants import try_all

    course = load_course()
    with logged(course.root, "variants"), progress_bar("runs") as progress:
        found = [text for lab in course.choose(labs) for text in try_all(course, lab, progress)]
    for text in found:
        console.print(f"- {text}", highlight=False, markup=False)
    if found:
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
    with logged(course.root, "seeds"), progress_bar("runs") as progress:
        found = try_seeds(course, chosen, range(101, 101 + count), progress)
    for text in found:
        console.print(f"- {text}", highlight=False, markup=False)
    if found:
        raise typer.Exit(1)
    console.print(f"{len(chosen)} solutions got full marks with each of {count} seeds.")


@app.command()
def bench(labs: Labs = None) -> None:
    """Measure "Run All" of each solution: time and peak memory; kept for the labs' headers."""
    from course.authoring import bench as benchmark

    course = load_course()
    os.environ.setdefault("MNIST_SOURCE", "bundled")
    with logged(course.root, "bench"), progress_bar("cells") as progress:
        measured = benchmark.measure(course, course.choose(labs), progress)
    console.print(benchmark.table(measured))
    console.print(f"wrote {benchmark.save(course, measured).relative_to(course.root)}", highlight=False)


@app.command()
def bench_grading(
    lab: Annotated[str, typer.Option(help="For the comparison with plain nbgrader.")] = "05_lenet5_train_on_batch",
    many: Annotated[str, typer.Option(help="For the large class.")] = "01_data_inspection",
) -> None:
    """Measure how fast a class is graded, against plain nbgrader, and whether time and memory stay even."""
    from rich.markdown import Markdown

    from course.authoring.bench import save_part
    from course.authoring.benchmarks_page import of_class, of_many
    from course.grading import bench as benchmark
    from course.grading.bench_memory import memory

    course = load_course()
    heavy, light = course.lab(lab), course.lab(many)
    os.environ.setdefault("MNIST_SOURCE", "bundled")
    with logged(course.root, "bench-grading"), errors.status("measuring") as status:
        timed = benchmark.throughput(course, heavy, status.update)
        kept = benchmark.throughput_values(heavy, timed, memory(course, heavy))
        save_part(course, "throughput", kept)  # at once: what follows takes long
        console.print(Markdown("\n".join(of_class(kept))))
        reached, again = benchmark.many(course, light, status.update)
    kept = benchmark.many_values(light, reached, again)
    page = save_part(course, "many", kept)
    console.print(Markdown("\n".join(of_many(kept))))
    console.print(f"wrote {page.relative_to(course.root)}", highlight=False)


@app.command()
def reproduce(
    labs: Labs = None,
    again: Annotated[bool, typer.Option("--again", help="Also run what has been run already.")] = False,
    rehearse: Annotated[bool, typer.Option("--rehearse", help="Run at lab size, print, keep nothing.")] = False,
    page: Annotated[bool, typer.Option("--page", help="Run nothing; write the page from the runs kept.")] = False,
) -> None:
    """Run the labs at full size on all of MNIST and write docs/reproduction.md; goes on where it was interrupted."""
    from course.authoring import reproduce as runs
    from course.authoring.reproduction_page import page as page_text
    from course.authoring.systems import read_plan
    from course.files import put

    course = load_course()
    plans = [plan for lab in course.choose(labs) if (plan := read_plan(course, lab))]
    with logged(course.root, "reproduce"), progress_bar("cells") as progress:
        if rehearse:
            for key, run in runs.rehearse(course, plans, progress).items():
                console.print(key, run.values, run.times)
            return
        if not page:
            runs.reproduce(course, plans, progress, again)
    path = put(course.reproduction.with_suffix(".md"), page_text(course))
    console.print(f"wrote {path.relative_to(course.root)}", highlight=False)
