"""Titles that an author gives on the command line."""

from course.errors import CourseError


def one_line_title(title: str, of: str, option: str = "title") -> str:
    """The title without blanks around it; `option` is the one by which it is given.

    Raises
    ------
    CourseError
        It is empty or has several lines; the message says what to give as the title `of` a lab or a task.
    """
    if not title.strip() or "\n" in title:
        raise CourseError(f'{title!r} is no title. Give one line of text: --{option} "What the {of} is about".')
    return title.strip()
