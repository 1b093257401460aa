"""The command for marking by hand."""

from pathlib import Path
from typing import Annotated

import typer
from rich.markdown import Markdown

from course.cli.terminal import ClassFolder, Database, Roster, app, console
from course.config import Course, Lab, load_course
from course.text.commands import course_command
from course.text.listing import counted


@app.command()
def mark(
    lab: Annotated[str, typer.Argument(help="Name from course.toml.")],
    folder: ClassFolder = Path(),
    roster: Roster = None,
    db: Database = None,
    port: Annotated[int | None, typer.Option(help="Of the server; the next free one from 8888 if none.")] = None,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Only print the address.")] = False,
    write_table: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write all answers into a CSV file, to mark them there instead.")
    ] = None,
    read_table: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Take the points and comments of that file.")
    ] = None,
) -> None:
    """Open Formgrader where the written answers of a lab are marked (Ctrl+C ends it), or mark them in a table."""
    from course.grading.marking import server
    from course.inbox.roster import read_roster, roster_file

    course = load_course()
    chosen = course.lab(lab)
    if write_table and read_table:
        raise typer.BadParameter("Give --write-table or --read-table, one after the other.")
    file = roster_file(folder, roster, chosen.name)
    count = server.prepare_folder(course, chosen, folder, db, read_roster(file) if file else ())
    if table := write_table or read_table:
        mark_in_table(course, chosen, folder, db, table, taken=read_table is not None)
        return
    console.print(
        f"{count} submissions of {lab} in {folder.resolve()}. Ctrl+C, pressed twice, ends marking.", highlight=False
    )
    server.serve_formgrader(server.jupyter_command(chosen, folder, db, port, not no_browser), folder)


def mark_in_table(course: Course, lab: Lab, folder: Path, database: str | None, table: Path, taken: bool) -> None:
    """Write the table of all written answers and show how to mark them, or take the marks from the table."""
    from course.grading.course_nbgrader import course_nbgrader
    from course.grading.marking.marking_scheme import read_schemes
    from course.grading.marking.marks_table import take_marks, write_marks_table
    from course.grading.marking.unequal_marks import unequal_marks

    with course_nbgrader(course, folder, database).gradebook as gradebook:
        if taken:
            count = take_marks(gradebook, lab, folder, table)
            for line in unequal_marks(gradebook, lab, folder):
                console.print(line, highlight=False, markup=False, soft_wrap=True)
            text = f"New points or another comment: {counted(count, 'answer', 'answers')}. Then: "
            text += course_command("feedback", lab.name, folder)
        else:
            waiting = write_marks_table(gradebook, lab, folder, table)
            for question, scheme in read_schemes(course.solution(lab)).items():
                console.rule(question)
                console.print(Markdown(f"{scheme.text}\n\n**A model answer:** {scheme.answer}"), end="\n\n")
            text = f"wrote {table}: {counted(waiting, 'answer', 'answers')} to mark. "
            text += "Fill in points and comment, then: " if waiting else "If you change points or comments: "
            text += course_command("mark", lab.name, folder, "--read-table", str(table))
    console.print(text + (" (with the same --db)" if database else ""), highlight=False, markup=False, soft_wrap=True)
