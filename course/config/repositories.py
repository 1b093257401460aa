"""The two repositories of a course, as course.toml names them: the instructors' own and the one students get."""

import re
from dataclasses import dataclass
from typing import Any

from course.errors import CourseError

_NAME = re.compile(r"[A-Za-z0-9-]+/[A-Za-z0-9._-]+")
# Without "/", which Colab and Binder could not tell from the path that follows.
REF = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
HUB = re.compile(r"https?://[^\s?#]+")
_KEYS = {"instructors": ("repository",), "students": ("repository", "ref", "hub")}
_FORMS = {
    "repository": (_NAME, "OWNER/NAME on GitHub"),
    "ref": (REF, "the name of a branch or tag, without a slash"),
    "hub": (HUB, "the address of a JupyterHub, such as https://hub.example.edu"),
}


@dataclass(frozen=True)
class Repositories:
    """OWNER/NAME on GitHub of both repositories; the students' at its branch or tag `ref`.

    `hub` is the address of a JupyterHub that students use, without a slash at the end; None if there is none.
    """

    instructors: str
    students: str
    ref: str
    hub: str | None = None


def read_repositories(where: str, tables: dict[str, Any]) -> Repositories:
    """The tables `[instructors]` and `[students]` of course.toml; `where` names the file in messages.

    Raises
    ------
    CourseError
        A table or key is missing, unknown or of the wrong form, or both repositories are the same one.
    """
    values = {(name, key): value for name in _KEYS for key, value in _table(where, name, tables.get(name)).items()}
    instructors, students = values["instructors", "repository"], values["students", "repository"]
    if instructors.lower() == students.lower():
        raise CourseError(
            f"{where}: `[instructors]` and `[students]` name the same repository, {students}. Students would get the "
            "solutions. Give the students' edition, which `course publish` makes, a repository of its own."
        )
    return Repositories(instructors, students, values["students", "ref"], values.get(("students", "hub")))


def _table(where: str, name: str, table: Any) -> dict[str, str]:
    if not isinstance(table, dict):
        example = 'repository = "OWNER/NAME"' + (' and ref = "main"' if name == "students" else "")
        raise CourseError(f"{where}: there must be a table `[{name}]` with {example}; it is {table!r}.")
    if unknown := sorted(set(table) - set(_KEYS[name])):
        keys = ", ".join(_KEYS[name])
        raise CourseError(f"{where}: `[{name}]` has no key `{unknown[0]}`. The keys are: {keys}.")
    return {key: _text(where, name, key, table.get(key)) for key in _KEYS[name] if key != "hub" or key in table}


def _text(where: str, name: str, key: str, value: Any) -> str:
    pattern, description = _FORMS[key]
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise CourseError(f"{where}: `{key}` in `[{name}]` must be {description}; it is {value!r}.")
    return value.rstrip("/")
