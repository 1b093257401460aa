"""The command line of the instructor: `course VERB`."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from course.config import Course, Lab, load_course
from course.errors import CourseError

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)
console = Console()
errors = Console(stderr=True)

Labs = Annotated[list[str] | None, typer.Argument(metavar="[LAB]...", help="Names from course.toml; all if none.")]


@app.callback()
def about() -> None:
    """Build, check and grade the labs. Run it anywhere inside the course's repository."""


@app.command()
def build(
    labs: Labs = None,
    check: Annotated[bool, typer.Option("--check", help="Write nothing; fail if a generated file is stale.")] = False,
) -> None:
    """Execute the solutions and make answer keys, student copies and the index."""
    from course.authoring import build as builder

    course = load_course()
    chosen = course.choose(labs)
    if check:
        builder.check(course, chosen)
        console.print(f"{len(chosen)} labs are up to date.")
        return
    os.environ.setdefault("MNIST_SOURCE", "bundled")  # answer keys show the digits everybody has
    with kernels(course), progress_bar("cells") as progress:
        written = builder.build(course, chosen, progress)
    for path in written:
        console.print(f"wrote {path.relative_to(course.root)}", highlight=False)


@app.command()
def variants(labs: Labs = None) -> None:
    """Test the tests: run right and wrong answers and report every test that judges one wrongly."""
    from course.authoring import variants as trials

    course = load_course()
    with kernels(course), progress_bar("runs") as progress:
        found = [text for lab in course.choose(labs) for text in trials.try_all(course, lab, progress)]
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
    with kernels(course), progress_bar("runs") as progress:
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
    with kernels(course), progress_bar("cells") as progress:
        measured = benchmark.measure(course, course.choose(labs), progress)
    console.print(benchmark.table(measured))
    console.print(f"wrote {benchmark.save(course, measured).relative_to(course.root)}", highlight=False)


@app.command()
def reproduce(
    labs: Labs = None,
    again: Annotated[bool, typer.Option("--again", help="Also run what has been run already.")] = False,
    rehearse: Annotated[bool, typer.Option("--rehearse", help="Run at lab size, print, keep nothing.")] = False,
    page: Annotated[bool, typer.Option("--page", help="Run nothing; write the page from the runs kept.")] = False,
) -> None:
    """Run the labs at full size on all of MNIST and write docs/reproduction.md; goes on where it was interrupted."""
    from course.authoring import build as builder
    from course.authoring import reproduce as runs
    from course.authoring.reproduction_page import page as page_text
    from course.authoring.systems import read_plan

    course = load_course()
    plans = [plan for lab in course.choose(labs) if (plan := read_plan(course, lab))]
    with kernels(course), progress_bar("cells") as progress:
        if rehearse:
            for key, run in runs.rehearse(course, plans, progress).items():
                console.print(key, run.values, run.times)
            return
        if not page:
            runs.reproduce(course, plans, progress, again)
    path = builder.put(course.reproduction.with_suffix(".md"), page_text(course))
    console.print(f"wrote {path.relative_to(course.root)}", highlight=False)


@app.command()
def grade(
    lab: Annotated[str, typer.Argument(help="Name from course.toml.")],
    folder: Annotated[Path, typer.Option(help="Holds submitted/STUDENT/LAB/LAB.ipynb; results go there too.")] = Path(),
) -> None:
    """Grade all submissions of a lab: gradebook, feedback as HTML, grades as CSV, and a table here."""
    course = load_course()
    chosen = course.lab(lab)
    grade_and_show(course, chosen, folder)


@app.command()
def demo(
    lab: Annotated[str, typer.Argument(help="Name from course.toml.")] = "03_mlp_baseline",
    folder: Annotated[Path, typer.Option(help="Made anew at each run.")] = Path("demo"),
) -> None:
    """Show the main job: strip a lab for students, make a small class, grade it, print the grades."""
    from course.authoring.stamp import run_all_seconds, spoken
    from course.grading.demo import make_class

    course = load_course()
    chosen = course.lab(lab)
    os.environ.setdefault("MNIST_SOURCE", "bundled")
    console.print(f"1  {course.source(chosen).relative_to(course.root)} → student copy, stripped by nbgrader")
    console.print(f"2  a class of made-up students, each handing in the student copy, in {folder}/submitted")
    students = make_class(course, chosen, folder)
    for student, what in students.items():
        console.print(f"   {student:18} {what}", highlight=False)
    seconds = run_all_seconds(course, chosen)
    console.print(f"3  grading {lab}" + (f", {spoken(seconds)} a student" if seconds else ""))
    grade_and_show(course, chosen, folder)


def grade_and_show(course: Course, lab: Lab, folder: Path) -> None:
    """Grade, write the CSV, print the table and where everything is."""
    from course.grading import grade as grader
    from course.grading import report, submissions

    found = submissions.find(folder, lab)
    with kernels(course), progress_bar("students") as progress:
        bar = progress.add_task(lab.name, total=len(found))

        def advance(student: str) -> None:
            progress.update(bar, advance=1, description=f"graded {student}")

        results = grader.grade(course, lab, folder, found, advance)
    grades = folder / f"grades_{lab.name}.csv"
    report.write_csv(grades, results)
    console.print(report.grades_table(f"{lab.name}: {len(results)} submissions", results))
    console.print(f"gradebook  {folder / 'gradebook.db'}", highlight=False)
    console.print(f"feedback   {folder / 'feedback'}/STUDENT/{lab.name}/{lab.name}.html", highlight=False)
    console.print(f"grades     {grades}", highlight=False)


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
        sys.stderr = stream


def progress_bar(unit: str) -> Progress:
    """A bar with a count of `unit` and the time so far."""
    columns = (TextColumn("{task.description:24}"), BarColumn(), MofNCompleteColumn(), TextColumn(unit))
    return Progress(*columns, TimeElapsedColumn(), console=errors)


def main() -> None:
    """Run the command line; errors that the user can mend are printed without a traceback, exit code 2."""
    try:
        app()
    except CourseError as error:
        errors.print(f"[bold red]Error:[/] {type(error).__name__}", highlight=False)
        errors.print(str(error), highlight=False, markup=False, soft_wrap=True)
        sys.exit(2)
