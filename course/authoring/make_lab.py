"""A lab of one's own, from the template in new_lab/: source, right and wrong answers, and its entry in course.toml."""

import re
from dataclasses import replace
from pathlib import Path
from string import Template

import jupytext

from course.authoring.add_task import function_of, refuse_name
from course.authoring.lab_entries import with_entry
from course.authoring.readme_rows import add_readme_row
from course.authoring.titles import one_line_title
from course.config import COURSE_FILE, Course, Lab
from course.errors import CourseError
from course.labs.sources import PERCENT, source_text, with_ids
from course.labs.stamp import stamp_lab
from course.labs.variants import variants_file
from course.text.files import write_text

_TEMPLATE = Path(__file__).parent / "new_lab"
_NAME = re.compile(r"(?:(?P<number>[0-9]{2})_)?(?P<word>[a-z][a-z0-9]*(?:_[a-z0-9]+)*)")
_LONGEST_NAME = 50  # it is a part of file names in archives of Canvas and Moodle
WORK_MINUTES = 30
TASK, QUESTION = "ink-share", "explain-ink"  # of the template
TO_SAY = "…"  # stands where its author has to say something
ENTRY = """\
[[labs]]
name = "{name}"
work_minutes = {minutes}
budget = {{ N_TRAIN = 1_000, N_TEST = 500 }}
rules = {{ points = 5, fewest_tests = 1 }} # of the template; without this line, the course's rules hold
"""


def make_lab(course: Course, name: str, title: str, task: str | None = None, about: str | None = None) -> list[Path]:
    """Write the lab's source, its variants and its entry; return the files. It is built by `course build`.

    Parameters
    ----------
    name
        Such as "10_my_lab", or "my_lab" for the next number.
    title
        What its heading says, without the number.
    task
        The grade id of its first answer, such as "ink-rows"; its function is then called ink_rows. The template's if
        None.
    about
        What it is about, in a few words, for its row of README.md.

    Raises
    ------
    CourseError
        A name or text is not valid, the number is taken, or a file is in the way. Nothing is written.
    """
    lab_name = full_name(course, name)
    title, about = one_line_title(title, "lab"), one_line_title(about or TO_SAY, "lab", "about")
    lab = Lab(lab_name, WORK_MINUTES)
    paths = [course.source(lab), variants_file(course, lab)]
    if existing := [
        str(path) for path in (course.source(lab).parent, course.released(lab).parent, paths[1]) if path.exists()
    ]:
        raise CourseError(f"There is {', '.join(existing)} already. Delete it, or choose another name.")
    settings = course.root / COURSE_FILE
    entry = with_entry(settings.read_text("utf-8"), lab_name, ENTRY.format(name=lab_name, minutes=WORK_MINUTES))
    source = first_source(course, lab, title, task or TASK)
    variants = with_task((_TEMPLATE / "variants.toml").read_text("utf-8"), task or TASK)
    write_text(paths[0], source)
    write_text(paths[1], variants)
    return [*paths, write_text(settings, entry), *add_readme_row(course, lab, title, about)]


def full_name(course: Course, name: str) -> str:
    """The name with its number: the one it begins with, or the next after those of the course.

    Raises
    ------
    CourseError
        It is no name of a lab, or another lab has its number.
    """
    match = _NAME.fullmatch(name)
    if not match or len(name) > _LONGEST_NAME:
        raise CourseError(
            f"{name!r} is no name of a lab. Write small letters, digits and _, at most {_LONGEST_NAME}, such as my_lab "
            "or with its number 10_my_lab."
        )
    taken = {lab.name[:2]: lab.name for lab in course.labs}
    number = match["number"] or f"{max((int(prefix) for prefix in taken if prefix.isdigit()), default=0) + 1:02}"
    if number in taken:
        raise CourseError(f"{taken[number]} has the number {number} already. Choose another, or leave the number out.")
    if number == "00" or len(number) > 2:
        raise CourseError(f"A lab cannot have the number {number}; numbers go from 01 to 99.")
    return f"{number}_{match['word']}"


def first_source(course: Course, lab: Lab, title: str, task: str) -> str:
    """The template as a source with this task, stamped for this lab and written as Jupytext does."""
    text = Template((_TEMPLATE / "source.txt").read_text("utf-8")).substitute(number=int(lab.name[:2]), title=title)
    if task != TASK:
        refuse_name(task, jupytext.reads(text, fmt=dict(PERCENT)), lab)
    notebook = with_ids(jupytext.reads(with_task(text, task), fmt=dict(PERCENT)))
    stamp_lab(replace(course, labs=(*course.labs, lab)), lab, notebook)
    return source_text(notebook)


def with_task(text: str, task: str) -> str:
    """A text of the template in which the task, its function and the question after it are called so."""
    new = {TASK: task, function_of(TASK): function_of(task)}
    if task != TASK:
        new[QUESTION] = f"explain-{task}"
    return re.sub("|".join(map(re.escape, new)), lambda found: new[found[0]], text)
