"""What a table in a file of the course may hold."""

from collections.abc import Iterable
from difflib import get_close_matches

from course.errors import CourseError


def only(where: str, keys: Iterable[str], known: tuple[str, ...]) -> None:
    """Refuse a key that is not known, with the one that it is most like; the message begins with `where`.

    Raises
    ------
    CourseError
        There is one.
    """
    for key in keys:
        if key not in known:
            near = get_close_matches(key, known, 1)
            meant = f" Did you mean `{near[0]}`?" if near else ""
            raise CourseError(f"{where}: there is no key `{key}` here.{meant} The keys are: {', '.join(known)}.")
