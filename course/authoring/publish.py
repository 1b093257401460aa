"""Writing the students' edition, which shows nothing that students must not see."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from course.authoring.build import check_generated
from course.authoring.leaks import leaks, secret_pairs, secrets_of_all
from course.authoring.managed_folder import Changes, File, update_folder, with_bullets
from course.authoring.prepare_once import prepare_once
from course.authoring.students_edition import edition
from course.config import Course, Lab
from course.errors import PublishError

AUTHOR_NOTE = "<!-- AUTHOR:"  # in the templates of new_lab/ and new_task/


def course_until(course: Course, until: Lab | None) -> Course:
    """The course as students have it so far: its labs up to this one, or all of them."""
    last = course.labs.index(until) if until else len(course.labs) - 1
    return replace(course, labs=course.labs[: last + 1])


def publish(course: Course, folder: Path, until: Lab | None = None) -> Changes:
    """Write the students' edition into `folder`, or bring the one that is there up to date. `.git` is left alone.

    Later labs than `until` are left out, and taken out if they are there.

    Raises
    ------
    DriftError
        Labs do not match their sources.
    PublishError
        A file would show a solution or a hidden test, the folder holds files that `publish` did not write, or a file
        that it wrote has been changed since. The message names every file. Nothing has been written.
    """
    check_generated(course, course.labs)
    files = edition(course_until(course, until))
    refuse_leaks(course, files)
    refuse_overlap(course, folder.resolve())
    return update_folder(folder.resolve(), files)


def refuse_leaks(course: Course, files: Mapping[str, File]) -> None:
    """Raise `PublishError` if a page or notebook holds a line of a solution or of a hidden test."""
    package = "\n".join(file.content.decode() for path, file in files.items() if path.startswith("data_utils/"))
    sources = [prepare_once(course, lab) for lab in course.labs]
    secrets = secrets_of_all(sources, package).union(*(secret_pairs(source, package) for source in sources))
    if leaked_lines := leaks({path: file.content for path, file in files.items()}, secrets):
        text = "Students would see lines of solutions or hidden tests. Take them out, or write harmless ones otherwise:"
        raise PublishError(with_bullets(text, leaked_lines))


AUTHOR_NOTES_LEFT = (  # after the name of a lab
    "still has notes of the template to its author, which students can read (<!-- AUTHOR: … -->): replace them before "
    "you publish."
)


def labs_with_author_notes(course: Course) -> list[str]:
    """The names of labs in which notes of a template to its author are left, which students would read."""
    return [lab.name for lab in course.labs if AUTHOR_NOTE in course.source(lab).read_text("utf-8")]


def refuse_overlap(course: Course, folder: Path) -> None:
    """Raise `PublishError` for a folder inside the instructors' repository, or one that it lies in."""
    if folder.is_relative_to(course.root) or course.root.is_relative_to(folder):
        suggestion = course.root.parent / course.repositories.students.split("/")[1]
        raise PublishError(
            f"{folder} and the instructors' repository, {course.root}, lie one in the other. The students' edition is "
            f"a repository of its own: choose a folder beside this one, such as {suggestion}."
        )
