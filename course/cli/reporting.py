"""The commands that show what a class did, and whose answers are alike."""

from pathlib import Path
from typing import Annotated

import typer

from course.cli.terminal import ClassFolder, Database, app, console
from course.config import Course, Lab, load_course
from course.errors import CourseError
from course.grading.report.options import Order, ReportOptions
from course.grading.similarity.options import MOST_PAIRS, SimilarityOptions


@app.command()
def report(
    lab: Annotated[str | None, typer.Argument(help="Name from course.toml; the whole term if none.")] = None,
    folder: ClassFolder = Path(),
    order: Annotated[Order, typer.Option(help="Students by their points, or by name.")] = Order.POINTS,
    pseudonyms: Annotated[
        bool, typer.Option("--pseudonyms", help="Show numbers in place of names, drawn anew each time.")
    ] = False,
    earlier: Annotated[
        str | None,
        typer.Option(metavar="GRADEBOOK", help="Of the term: compare with this gradebook of an earlier class."),
    ] = None,
    db: Database = None,
) -> None:
    """Show what the class did in a lab, or in the term, as a page with figures and as tables; nothing is run."""
    course = load_course()
    chosen = course.lab(lab) if lab else None
    if chosen and earlier:
        raise CourseError("--earlier compares terms. Leave out the lab: course report --earlier GRADEBOOK")
    options = ReportOptions(order, pseudonyms, db)
    write_report(course, chosen, folder, options, earlier)


@app.command()
def similar(
    lab: Annotated[str, typer.Argument(help="Name from course.toml.")],
    folder: ClassFolder = Path(),
    pairs: Annotated[int, typer.Option(min=1, help="How many pairs the page shows at most.")] = MOST_PAIRS,
    pseudonyms: Annotated[
        bool, typer.Option("--pseudonyms", help="Show numbers in place of names, drawn anew each time.")
    ] = False,
) -> None:
    """Show pairs of students whose answers are alike beyond what the task explains; nothing is run, nothing proved."""
    from course.grading.similarity.similarity_report import write_similarity

    course = load_course()
    page, lines = write_similarity(course, course.lab(lab), folder, SimilarityOptions(pairs, pseudonyms))
    for line in lines:
        console.print(f"- {line}", highlight=False, markup=False)
    console.print(f"pairs      {page}", highlight=False, markup=False)
    console.print(f"table      {page.with_suffix('.csv')}", highlight=False, markup=False)


def write_report(
    course: Course, lab: Lab | None, folder: Path, options: ReportOptions, earlier: str | None = None
) -> None:
    """Write the page and the tables of a lab, or of the term; print what to look at first and where they are."""
    from course.grading.report.lab_report import write_lab_report
    from course.grading.report.term_report import write_term_report

    if lab:
        page, findings = write_lab_report(course, lab, folder, options)
    else:
        page, findings = write_term_report(course, folder, options, earlier)
    for about, found in findings:
        console.print(f"- {about}: {found}", highlight=False, markup=False)
    console.print(f"report     {page}", highlight=False, markup=False)
    console.print(f"tables     {page.parent}/*.csv", highlight=False, markup=False)
