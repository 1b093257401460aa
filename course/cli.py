"""The command line of the instructor: `course VERB`."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from course.config import Course, Lab, load_course
from course.errors import CourseError
from course.grading.lms.systems import System, Times

if TYPE_CHECKING:
    from course.grading.grade import Options

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
def bench_grading(
    lab: Annotated[str, typer.Option(help="For the comparison with plain nbgrader.")] = "05_lenet5_train_on_batch",
    many: Annotated[str, typer.Option(help="For the large class.")] = "01_data_inspection",
) -> None:
    """Measure how fast a class is graded, against plain nbgrader, and whether time and memory stay even."""
    from course.authoring.bench import save_part
    from course.grading import bench as benchmark

    course = load_course()
    heavy, light = course.lab(lab), course.lab(many)
    os.environ.setdefault("MNIST_SOURCE", "bundled")
    with kernels(course), errors.status("measuring") as status:
        timed = benchmark.throughput(course, heavy, status.update)
        reached = benchmark.many(course, light, status.update)
    console.print(benchmark.throughput_table(heavy, timed))
    console.print(benchmark.many_table(light, reached))
    console.print(
        f"wrote {save_part(course, 'grading', benchmark.plain_values(timed, reached)).relative_to(course.root)}"
    )


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
    workers: Annotated[int | None, typer.Option(min=1, help="Submissions run at a time; one a core if none.")] = None,
    scheduler: Annotated[str | None, typer.Option(help="Address of a Dask cluster, such as tcp://host:8786.")] = None,
    db: Annotated[str | None, typer.Option(help="SQLAlchemy address of the gradebook; gradebook.db if none.")] = None,
    full_size: Annotated[bool, typer.Option("--full-size", help="Leave out the lab's grading budget.")] = False,
    trust_submissions: Annotated[
        bool, typer.Option("--trust-submissions", help="Run without a box: only for code that you would run yourself.")
    ] = False,
) -> None:
    """Grade all submissions of a lab: gradebook, feedback as HTML, grades as CSV, and a table here.

    Run it again after an interruption: what was finished is not done again.
    """
    from course.grading.grade import Options

    course = load_course()
    chosen = course.lab(lab)
    grade_and_show(course, chosen, folder, Options(workers, scheduler, trust_submissions, full_size, db))


@app.command()
def mend(
    file: Annotated[Path, typer.Argument(help="A notebook as it was handed in.")],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FIXED", help="Where to write the mended one.")],
    lab: Annotated[
        str | None, typer.Option(help="Name from course.toml; guessed from the notebook if not given.")
    ] = None,
) -> None:
    """Rebuild a damaged notebook on the released lab: answers are kept, the rest is put right."""
    import nbformat

    from course.authoring.build import put
    from course.grading.mending.mend import guess_lab
    from course.grading.mending.mend import mend as mended
    from course.grading.mending.notes import listed
    from course.grading.mending.plain_files import read_plain_file
    from course.grading.mending.reading import MAX_BYTES, read_notebook

    course = load_course()
    labs = {known.name: known for known in (course.choose([lab]) if lab else course.labs)}
    if output.resolve() == file.resolve():
        raise CourseError(f"{output} is the file to be mended; what was handed in is never overwritten. Name another.")
    submitted, notes = read_notebook(read_plain_file(file, MAX_BYTES + 1), file.name)
    released = {name: nbformat.read(course.released(known), as_version=4) for name, known in labs.items()}
    name = lab or guess_lab(submitted, file.name, released)
    if name is None:
        raise CourseError(f"{file} looks like no lab of this course. Name it with --lab: {course.names()}.")
    result = mended(submitted, released[name])
    put(output, nbformat.writes(result.notebook) + "\n")
    lines = listed([*notes, *result.notes]) or ["nothing had to be mended"]
    for line in lines:
        console.print(f"- {line}", highlight=False, markup=False, soft_wrap=True)
    console.print(f"wrote {output}, a copy of {name}", highlight=False, markup=False)


@app.command()
def collect(
    archive: Annotated[Path, typer.Argument(metavar="ZIP", help="What Canvas or Moodle gives to download.")],
    lab: Annotated[str, typer.Argument(help="Name from course.toml.")],
    folder: Annotated[
        Path, typer.Option(help="Gets submitted/STUDENT/LAB/LAB.ipynb, the rest in downloaded/.")
    ] = Path(),
    system: Annotated[System | None, typer.Option(help="Recognised from the file names if not given.")] = None,
    roster: Annotated[
        Path | None, typer.Option(help="CSV file: id, and lms_id or name; see the instructors' page.")
    ] = None,
    times: Annotated[Times, typer.Option(help="Whether times in the archive are those of handing in.")] = Times.AUTO,
) -> None:
    """Unpack a submission archive, safely; what is there already is replaced only by what is newer, and kept."""
    from course.grading.lms import collect as collector
    from course.grading.lms.roster import read_roster
    from course.nbgrader import load_config

    course = load_course()
    chosen = course.lab(lab)
    people = read_roster(roster) if roster else None
    found = collector.collect(chosen, folder, archive, system, people, times, config=load_config(course))
    console.print(collector.collected_table(f"{lab} from {found.system.title()}: {len(found.rows)} students", found))
    for remark in found.remarks:
        console.print(f"- {remark}", highlight=False, markup=False)
    if not found.any_read:
        errors.print("Nothing could be collected.")
        raise typer.Exit(2)


@app.command()
def export(
    lab: Annotated[str, typer.Argument(help="Name from course.toml.")],
    to: Annotated[Path, typer.Option(metavar="FILE", help="The CSV file to write.")],
    system: Annotated[System, typer.Option(help="Who is to read it.")],
    folder: Annotated[Path, typer.Option(help="Holds gradebook.db.")] = Path(),
    roster: Annotated[Path | None, typer.Option(help="CSV file with names and numbers, as for collect.")] = None,
    column: Annotated[str | None, typer.Option(help="Canvas: the assignment's column, “Title (number)”.")] = None,
    allow_unmarked: Annotated[bool, typer.Option("--allow-unmarked", help="Export unfinished grades, too.")] = False,
) -> None:
    """Write the grades of a lab as Canvas or Moodle reads them; no grade for what still has to be marked by hand."""
    from course.grading.lms.export import export_grades

    course = load_course()
    chosen = course.lab(lab)
    for remark in export_grades(course, chosen, folder, to, system, roster, column, allow_unmarked):
        console.print(f"- {remark}", highlight=False, markup=False)
    console.print(f"grades     {to}", highlight=False, markup=False)


@app.command()
def demo(
    lab: Annotated[str, typer.Argument(help="Name from course.toml.")] = "03_mlp_baseline",
    folder: Annotated[Path, typer.Option(help="Made anew at each run.")] = Path("demo"),
) -> None:
    """Show the main job: strip a lab for students, make a small class, grade it, print the grades."""
    from course.grading.demo import make_class
    from course.grading.grade import Options

    course = load_course()
    chosen = course.lab(lab)
    os.environ.setdefault("MNIST_SOURCE", "bundled")
    console.print(f"1  {course.source(chosen).relative_to(course.root)} → student copy, stripped by nbgrader")
    console.print(f"2  a class of made-up students, each handing in the student copy, in {folder}/submitted")
    students = make_class(course, chosen, folder)
    for student, what in students.items():
        console.print(f"   {student:18} {what}", highlight=False)
    console.print(f"3  grading {lab}, each submission in a box of its own")
    grade_and_show(course, chosen, folder, Options())


def grade_and_show(course: Course, lab: Lab, folder: Path, options: "Options") -> None:
    """Grade, write the CSV, print the table and where everything is."""
    from course.grading import grade as grader
    from course.grading import report, submissions

    found = submissions.find(folder, lab)
    with kernels(course), progress_bar("students", left=True) as progress:
        bar = progress.add_task(lab.name, total=len(found))

        def advance(student: str) -> None:
            progress.update(bar, advance=1, description=f"graded {escape(student)}")

        try:
            results = grader.grade(course, lab, folder, found, advance, options)
        except KeyboardInterrupt:
            errors.print(f"Interrupted. {grader.AGAIN}")
            raise
    grades = folder / f"grades_{lab.name}.csv"
    report.write_csv(grades, results)
    console.print(report.grades_table(f"{lab.name}: {len(results)} submissions", results))
    for line in [*report.for_review(results), *submissions.passed_over(folder, lab)]:
        console.print(line, highlight=False, markup=False)
    console.print(f"gradebook  {options.database or folder / 'gradebook.db'}", highlight=False)
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


def progress_bar(unit: str, left: bool = False) -> Progress:
    """A bar with a count of `unit` and the time so far, and if asked for the time that is left."""
    columns = (TextColumn("{task.description:24}"), BarColumn(), MofNCompleteColumn(), TextColumn(unit))
    more = (TextColumn("left"), TimeRemainingColumn()) if left else ()
    return Progress(*columns, TimeElapsedColumn(), *more, console=errors)


def main() -> None:
    """Run the command line; errors that the user can mend are printed without a traceback, exit code 2."""
    try:
        app()
    except CourseError as error:
        errors.print(f"[bold red]Error:[/] {type(error).__name__}", highlight=False)
        errors.print(str(error), highlight=False, markup=False, soft_wrap=True)
        sys.exit(2)
