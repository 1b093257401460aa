"""The order of the students, and pseudonyms in place of their names."""

import random
from collections.abc import Iterable, Mapping
from dataclasses import replace

from course.grading.report.classroom import Classroom
from course.grading.report.options import Order


def ordered(classroom: Classroom, order: Order) -> Classroom:
    """The same class in that order; among equals by name."""
    by_name = sorted(classroom.students, key=lambda student: student.id)
    if order == Order.NAMES:
        return replace(classroom, students=tuple(by_name))
    return replace(classroom, students=tuple(sorted(by_name, key=lambda one: (not one.known, -one.points))))


def draw_pseudonyms(names: Iterable[str]) -> dict[str, str]:
    """A pseudonym for each name. They are drawn anew at each call, so that no two reports can be put together."""
    shuffled = sorted(set(names))
    random.SystemRandom().shuffle(shuffled)
    width = len(str(len(shuffled)))
    return {name: f"student {number:0{width}}" for number, name in enumerate(shuffled, 1)}


def with_pseudonyms(classroom: Classroom, pseudonyms: Mapping[str, str]) -> Classroom:
    """The same class without a name."""
    students = tuple(replace(student, id=pseudonyms[student.id]) for student in classroom.students)
    return replace(classroom, students=students)
