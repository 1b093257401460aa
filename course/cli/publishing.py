"""Commands for handing out: write the students' edition, print the links to it."""

import shlex
from pathlib import Path
from typing import Annotated

import typer

from course.cli.terminal import app, console
from course.config import Course, load_course


@app.command()
def publish(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="New, empty, or a clone of the students' repository.")],
    until: Annotated[
        str | None, typer.Option(metavar="LAB", help="Leave out later labs, which build what earlier ones ask for.")
    ] = None,
) -> None:
    """Write what students get into DIR, or bring it up to date: no solutions, no hidden tests, no grading."""
    from course.authoring.publish import AUTHOR_NOTES_LEFT, course_until, labs_with_author_notes
    from course.authoring.publish import publish as write
    from course.labs.links import listing

    course = load_course()
    last = course.lab(until) if until else None
    changes = write(course, folder, last)
    lines = [f"wrote {path}" for path in changes.written]
    first = not changes.unchanged and not changes.removed
    if first:  # all are new, which tells nothing
        lines = [f"wrote {len(lines)} files into {folder}"]
    lines += [f"deleted {path}" for path in changes.removed]
    lines.append(f"{changes.unchanged} files were up to date already.")
    count = changes.unchanged + len(changes.written)
    lines.append(f"None of the {count} files shows a line of a solution or of a hidden test.")
    published = course_until(course, last)
    lines += [f"- {name} {AUTHOR_NOTES_LEFT}" for name in labs_with_author_notes(published)]
    steps = next_steps(course, folder, changed=bool(changes.written or changes.removed))
    give_out = listing(published) if first else "The links to give out: course links"
    for part in ("\n".join(lines), steps, give_out):
        console.print(part + "\n", highlight=False, markup=False, soft_wrap=True)


@app.command()
def links() -> None:
    """Print the addresses to give to students: of the list of labs and of each lab."""
    from course.labs.links import listing

    console.print(listing(load_course()), highlight=False, markup=False, soft_wrap=True)


def next_steps(course: Course, folder: Path, changed: bool) -> str:
    """How to push a published folder, to be printed."""
    from course.labs.links import home

    ref, git = course.repositories.ref, f"git -C {shlex.quote(str(folder))}"
    lines = [f"Push it to {home(course)}:"]
    if not (folder / ".git").exists():
        lines += [f"  {git} init", f"  {git} remote add origin {home(course)}.git"]
    elif not changed:
        lines = ["Nothing has changed. If it is not pushed yet:"]
    lines += [f"  {git} add --all", f'  {git} commit -m "The labs as they are now"', f"  {git} push origin HEAD:{ref}"]
    return "\n".join([*lines, f"(If {ref} is to be a tag: `{git} tag {ref}`, then push {ref} in place of HEAD:{ref}.)"])
