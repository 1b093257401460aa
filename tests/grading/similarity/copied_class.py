"""A class of 60 made-up students of the light lab, three pairs of whom share their answers; and files of odd forms."""

import random
from pathlib import Path

import nbformat
from light import light_course

from benchmarks.made_answers import independent_class, reformatted, renamed, reordered
from course.grading.demo import fill_in, hand_in, submission_path
from course.grading.similarity.read_answers import Question, list_questions
from course.labs.editions import as_built
from course.labs.variants import read_variants, variants_file
from course.text.files import write_text

COURSE = light_course()
LAB = COURSE.labs[0]
RELEASED = nbformat.read(COURSE.released(LAB), as_version=4)
COPIED = {("student-00", "student-01"), ("student-20", "student-21"), ("student-40", "zoë <b>山")}
SCRIPT = "<script>alert('answer')</script></code></pre>"
PROSE = f"We must not look at the test images before the end {SCRIPT}, or our result would be too good, as Zoë told me."


def questions() -> list[Question]:
    return list_questions(COURSE, LAB, RELEASED)


def made_answers(count: int = 60, seed: int = 0) -> dict[str, dict[str, str]]:
    """Answers of a class by name and grade id; who copied has disguised it."""
    variants = read_variants(variants_file(COURSE, LAB), as_built(COURSE, LAB))
    draw = random.Random(seed)
    made = independent_class(questions(), variants, count, draw, mistakes=0.6)  # a short lab
    by_name = {f"student-{number:02}": answers for number, answers in enumerate(made)}
    by_name.pop("student-41", None)
    for (first, second), disguise in zip(sorted(COPIED), (renamed, reordered, reformatted), strict=True):
        copied = {name: disguise(answer, draw) for name, answer in by_name[first].items()}
        by_name[second] = {name: answer + f"\n# {SCRIPT}" for name, answer in copied.items()}
    for name in sorted(COPIED)[0]:
        by_name[name]["explain-test-set"] = PROSE if name.endswith("0") else f"{PROSE.upper()}!"
    return by_name


def hand_in_class(folder: Path, answers: dict[str, dict[str, str]]) -> None:
    for name, own in answers.items():
        notebook = fill_in(RELEASED, own)
        path = submission_path(folder, LAB, name)
        write_text(path, nbformat.writes(notebook))


def hand_in_odd(folder: Path) -> None:
    """A blank lab, half of a file, a link, and a folder without a notebook."""
    hand_in(folder, LAB, "blank-ben", RELEASED)
    whole = nbformat.writes(RELEASED)
    write_text(submission_path(folder, LAB, "finn-cut-off"), whole[: len(whole) // 2])
    (folder / "submitted" / "linked-lea").symlink_to(folder / "submitted" / "student-00")
    write_text(folder / "submitted" / "nora-nothing" / LAB.name / "notes.txt", "nothing")
