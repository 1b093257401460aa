"""The right and wrong answers that a lab's tests are tested with, as tests/variants/NN_name.toml lists them."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from course.config import Course, Lab
from course.config.unknown_keys import refuse_unknown_keys
from course.errors import CourseError
from course.labs.sources import cells_with_tests, grade_id, is_answer

_KEYS = {"task": str, "name": str, "right": bool, "answer": str}  # of an answer in the file


@dataclass(frozen=True)
class Variant:
    """One answer to one task: the whole text of its cell, and the test cells it must fail (none if it is right)."""

    task: str
    name: str
    answer: str
    fails: frozenset[str]

    @property
    def spoils(self) -> frozenset[str]:
        """The other tasks that it fails, because they rightly build on this one."""
        return frozenset(test.removeprefix("test-") for test in self.fails) - {self.task}


def read_variants(path: Path, notebook: NotebookNode) -> tuple[Variant, ...]:
    """Read a file of variants.

    Raises
    ------
    CourseError
        The file is missing or not valid, has an unknown key, or names a task or a test that the lab does not have.
    """
    tests = {str(grade_id(cell)) for cell in cells_with_tests(notebook)}
    try:
        table = tomllib.loads(path.read_text("utf-8"))
        refuse_unknown_keys(str(path), table, ("variant",))
        variants = tuple(_variant(f"{path}, variant {n}", entry, tests) for n, entry in enumerate(table["variant"], 1))
    except FileNotFoundError as error:
        raise CourseError(
            f"{path} does not exist; every lab needs right and wrong answers to test its tests."
        ) from error
    except (tomllib.TOMLDecodeError, KeyError) as error:
        raise CourseError(f"{path} is not a valid file of variants: {error}.") from error
    answers = {grade_id(cell) for cell in notebook.cells if is_answer(cell)}
    unknown = sorted({variant.task for variant in variants} - answers)
    if unknown:
        raise CourseError(f"{path} names tasks that the lab does not have: {', '.join(unknown)}.")
    return variants


def _variant(where: str, entry: dict[str, Any], tests: set[str]) -> Variant:
    refuse_unknown_keys(where, entry, (*_KEYS, "also_fails"))
    for key, kind in _KEYS.items():
        if not isinstance(entry.get(key), kind):
            raise CourseError(f"{where}: `{key}` must be given as a {kind.__name__}; it is {entry.get(key)!r}.")
    also_fails = entry.get("also_fails", [])
    if (
        not isinstance(also_fails, list)
        or not tests.issuperset(map(str, also_fails))
        or (also_fails and entry["right"])
    ):
        raise CourseError(
            f"{where}: `also_fails` must list tests of the lab that a wrong answer fails; it is {also_fails!r}."
        )
    fails = [] if entry["right"] else [f"test-{entry['task']}", *also_fails]
    return Variant(entry["task"], entry["name"], entry["answer"].strip("\n"), frozenset(fails))


def variants_file(course: Course, lab: Lab) -> Path:
    """Where a lab's right and wrong answers are listed."""
    return course.root / "tests" / "variants" / f"{lab.name}.toml"
