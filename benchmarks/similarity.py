"""What `course similar` finds in made classes: how many copies in disguise, and how many pairs that are none."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import nbformat

from benchmarks.made_answers import DISGUISES, Answers, independent_class
from course.config import Course, Lab
from course.grading.similarity.compare_class import Comparison, compare_class
from course.grading.similarity.read_answers import list_questions
from course.labs.editions import as_built
from course.labs.variants import read_variants, variants_file

HALF = "all three, in half of the answers"
STUDENTS, COPIED, CLASSES = 60, 3, 1  # of a class; pairs in it; classes for each lab and disguise


@dataclass(frozen=True)
class Found:
    """One class: of the copied pairs, how many are listed as surprising and how many stand at the top; false ones."""

    listed: int
    at_the_top: int
    false: int


def measure(course: Course, labs: Sequence[Lab], notify: Callable[[str], None]) -> list[dict[str, Any]]:
    """Make classes of each lab with three pairs copied in each way; the sums by lab and disguise."""
    rows = []
    for lab in labs:
        for name in (*DISGUISES, HALF):
            notify(f"{lab.name}, {name}")
            found = [find_copies(course, lab, name, seed) for seed in range(CLASSES)]
            sums = {key: sum(getattr(one, key) for one in found) for key in ("listed", "at_the_top", "false")}
            made = {"students": STUDENTS, "classes": CLASSES, "pairs": COPIED * CLASSES}
            rows.append({"lab": lab.name, "disguise": name} | made | sums)
    return rows


def find_copies(course: Course, lab: Lab, disguise: str, seed: int) -> Found:
    """Compare one class, in which the students 1, 3 and 5 have the answers of 0, 2 and 4 in disguise."""
    comparison = compare(course, lab, lambda made, draw: copy_pairs(made, disguise, draw), seed)
    copied = {(2 * number, 2 * number + 1) for number in range(COPIED)}
    top = [(pair.first, pair.second) for pair in comparison.pairs]
    listed = {(pair.first, pair.second) for pair in comparison.pairs if pair.is_surprising}
    return Found(len(listed & copied), len(set(top[:COPIED]) & copied), len(listed - copied))


def copy_pairs(made: list[Answers], disguise: str, draw: random.Random) -> None:
    """Let three students of a class copy from their neighbours, all answers or half of them."""
    change = DISGUISES["all three" if disguise == HALF else disguise]
    for number in range(COPIED):
        source = made[2 * number]
        names = draw.sample(list(source), len(source) // 2) if disguise == HALF else list(source)
        made[2 * number + 1] |= {name: change(source[name], draw) for name in names}


def compare(course: Course, lab: Lab, copy: Callable[[list[Answers], random.Random], None], seed: int) -> Comparison:
    """A made class, changed by `copy`, as `course similar` compares it."""
    released = nbformat.read(course.released(lab), as_version=4)
    questions, draw = list_questions(course, lab, released), random.Random(seed)
    variants = read_variants(variants_file(course, lab), as_built(course, lab))
    made = independent_class(questions, variants, STUDENTS, draw)
    copy(made, draw)
    by_name = {f"student-{number:02}": answers for number, answers in enumerate(made)}
    return compare_class(by_name, questions, released, max_pairs=100)
