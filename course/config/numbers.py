"""Tables of course.toml in which every value is a whole number above 0, such as `[limits]` and `[rules]`."""

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any, TypeVar

from course.errors import CourseError

Table = TypeVar("Table", bound=Any)


def read_numbers(where: str, kind: str, table: object, default: Table) -> Table:
    """The dataclass `default` with what the table sets; `kind`, such as "limit", names a value in messages.

    Raises
    ------
    CourseError
        It is not a table, has an unknown key, or a value is not a whole number above 0; the message begins with
        `where`.
    """
    keys = [field.name for field in fields(default)]
    if not isinstance(table, Mapping):
        example = f"{{ {keys[0]} = {getattr(default, keys[0])} }}"
        raise CourseError(f"{where}: `{kind}s` must be a table such as {example}; it is {table!r}.")
    numbers: Table = replace(default, **{key: _number(where, kind, key, value, keys) for key, value in table.items()})
    return numbers


def _number(where: str, kind: str, key: str, value: Any, keys: list[str]) -> int:
    if key not in keys:
        raise CourseError(f"{where}: there is no {kind} `{key}`. The {kind}s are: {', '.join(keys)}.")
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise CourseError(f"{where}: the {kind} `{key}` must be a whole number above 0; it is {value!r}.")
    return value
