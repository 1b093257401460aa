"""Refuses a key that a table in a file of the course does not have, and suggests the most similar one."""

from collections.abc import Iterable
from difflib import get_close_matches

from course.errors import CourseError


def refuse_unknown_keys(where: str, keys: Iterable[str], allowed: tuple[str, ...]) -> None:
    """Refuse a key that is not allowed, and suggest the most similar one; the message begins with `where`.

    Raises
    ------
    CourseError
        There is such a key.
    """
    for key in keys:
        if key not in allowed:
            close_matches = get_close_matches(key, allowed, 1)
            hint = f" Did you mean `{close_matches[0]}`?" if close_matches else ""
            raise CourseError(f"{where}: there is no key `{key}` here.{hint} The keys are: {', '.join(allowed)}.")
