"""Commands for grading: grade a class, mend one notebook, show it all on a made-up class."""

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from course.cli.terminal import (
    ClassFolder,
    Database,
    app,
    console,
    error_console,
    grades_file,
    log_to_file,
    progress_bar,
)
from course.config import Course, Lab, load_course
from course.errors import CourseError
from course.text.commands import course_command

if TYPE_CHECKING:
    from course.grading.gradebook.results import Result
    from course.grading.options import Options

NOT_GRADED = 3  # the exit code if the machine has failed for some submissions; 2 is that of all errors


@app.command()
def grade(
    lab: Annotated[str, typer.Argument(help="Name from course.toml.")],
    folder: ClassFolder = Path(),
    workers: Annotated[int | None, typer.Option(min=1, help="Submissions run at a time; one a core if none.")] = None,
    scheduler: Annotated[str | None, typer.Option(help="Address of a Dask cluster, such as tcp://host:8786.")] = None,
    db: Database = None,
    full_size: Annotated[bool, typer.Option("--full-size", help="Leave out the lab's grading budget.")] = False,
    as_built: Annotated[
        bool, typer.Option("--as-built", help="Grade by the lab as it was built, though its source was edited since.")
    ] = False,
    new_edition: Annotated[
        bool, typer.Option("--new-edition", help="Move the gradebook to the lab as it is now; marks by hand stay.")
    ] = False,
    again: Annotated[
        bool, typer.Option("--again", help="Run also what has not changed, as after an update of this project.")
    ] = False,
    trust_submissions: Annotated[
        bool,
        typer.Option("--trust-submissions", help="Run without a sandbox: only for code that you would run yourself."),
    ] = False,
) -> None:
    """Grade all submissions of a lab: gradebook, feedback as HTML, grades as CSV, and a table here.

    Run it again after an interruption: what was finished is not done again. The exit code is 3 if somebody could not be
    graded because of the machine: that is tried again, too.
    """
    from course.grading.options import Options

    course = load_course()
    chosen = course.lab(lab)
    options = Options(
        workers=workers,
        scheduler=scheduler,
        trust=trust_submissions,
        full_size=full_size,
        database=db,
        built=as_built,
        new_edition=new_edition,
        again=again,
    )
    grade_and_show(course, chosen, folder, options)


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

    from course.grading.repair.read_notebook import read_notebook
    from course.grading.repair.repair import guess_lab, repair
    from course.inbox.notes import note_lines
    from course.inbox.regular_files import MAX_FILE, read_plain_file
    from course.text.files import write_text

    course = load_course()
    labs = {candidate.name: candidate for candidate in (course.choose([lab]) if lab else course.labs)}
    if output.resolve() == file.resolve():
        raise CourseError(f"{output} is the file to be mended; what was handed in is never overwritten. Name another.")
    submitted, notes = read_notebook(read_plain_file(file, MAX_FILE + 1), file.name)
    released = {name: nbformat.read(course.released(candidate), as_version=4) for name, candidate in labs.items()}
    name = lab or guess_lab(submitted, file.name, released)
    if name is None:
        raise CourseError(f"{file} looks like no lab of this course. Name it with --lab: {course.names()}.")
    result = repair(submitted, released[name])
    write_text(output, nbformat.writes(result.notebook) + "\n")
    lines = note_lines([*notes, *result.notes]) or ["nothing had to be mended"]
    for line in lines:
        console.print(f"- {line}", highlight=False, markup=False, soft_wrap=True)
    console.print(f"wrote {output}, a copy of {name}", highlight=False, markup=False)


@app.command()
def demo(
    lab: Annotated[str | None, typer.Argument(help="Name from course.toml; the third, or the last, if none.")] = None,
    folder: Annotated[Path, typer.Option(help="Made anew at each run.")] = Path("demo"),
) -> None:
    """Show the main job: strip a lab for students, make a small class, grade it, print the grades, report on it."""
    from course.cli.reporting import write_report
    from course.grading.demo import make_class
    from course.grading.options import Options
    from course.grading.report import options as report_options

    course = load_course()
    chosen = course.lab(lab) if lab else course.labs[:3][-1]
    os.environ.setdefault("MNIST_SOURCE", "bundled")
    console.print(f"1  {course.source(chosen).relative_to(course.root)} → student copy, stripped by nbgrader")
    console.print(f"2  a class of made-up students, each handing in the student copy, in {folder}/submitted")
    students = make_class(course, chosen, folder)
    for student, description in students.items():
        console.print(f"   {student:18} {description}", highlight=False)
    console.print(f"3  grading {chosen.name}, each submission in a sandbox of its own")
    grade_and_show(course, chosen, folder, Options())
    console.print("4  what the class did, for the instructor")
    write_report(course, chosen, folder, report_options.ReportOptions())


def grade_and_show(course: Course, lab: Lab, folder: Path, options: "Options") -> None:
    """Grade, write the CSV, print the table and where everything is."""
    from course.grading import grade as grader
    from course.grading.file_errors import RUN_AGAIN
    from course.grading.marking.folder_config import write_settings
    from course.inbox import submissions

    handed_in, remarks = submissions.require_submissions(folder, lab), list[str]()
    with log_to_file(folder, f"grade-{lab.name}") as log, progress_bar("students", time_left=True) as progress:
        bar = progress.add_task(lab.name, total=len(handed_in))
        pages = progress.add_task("pages", total=len(handed_in), visible=False)

        def advance(student: str) -> None:
            progress.update(bar, advance=1, description=f"graded {escape(student)}")

        def on_page(student: str) -> None:
            progress.update(pages, advance=1, visible=True)

        try:
            results = grader.grade(course, lab, folder, handed_in, advance, options, remarks.append, on_page)
        except KeyboardInterrupt:
            error_console.print(f"Interrupted. {RUN_AGAIN}")
            raise
    with suppress(CourseError):  # settings of somebody else's stay; only `nbgrader` and `course mark` look there
        write_settings(course, folder)
    show_results(course, lab, folder, results, [*remarks, *submissions.stray_entries(folder, lab)], options.database)
    console.print(f"gradebook  {options.database or folder / 'gradebook.db'}", highlight=False)
    console.print(f"feedback   {folder / 'feedback'}/STUDENT/{lab.name}/{lab.name}.html", highlight=False)
    console.print(f"grades     {grades_file(folder, lab.name)}", highlight=False)
    console.print(f"log        {log}", highlight=False)
    if missing := [result.student for result in results if not result.graded]:
        error_console.print(f"Not graded: {', '.join(missing)}. {RUN_AGAIN}", highlight=False, markup=False)
        raise typer.Exit(NOT_GRADED)


def show_results(
    course: Course, lab: Lab, folder: Path, results: "list[Result]", remarks: list[str], database: str | None = None
) -> None:
    """Write the CSV, print the table and what an instructor should know."""
    from course.grading.feedback import tables
    from course.grading.file_errors import file_errors

    with file_errors(folder):
        tables.write_grades(grades_file(folder, lab.name), results)
    console.print(tables.grades_table(f"{lab.name}: {len(results)} submissions", results))
    same_db = " (with the same --db)" if database else ""
    lines = [*tables.deadline_lines(course, lab, results), *remarks, *tables.review_lines(results)]
    if waiting := sum(1 for result in results if result.to_mark):
        lines.append(f"to mark    {waiting} of {len(results)}: {course_command('mark', lab.name, folder)}{same_db}")
    for line in lines:
        console.print(line, highlight=False, markup=False)
