"""The rows of README's table of labs, one a lab, which begin with its link."""

from collections.abc import Callable, Iterator
from pathlib import Path

from course.config import Course, Lab
from course.text.files import write_text


def add_readme_row(course: Course, lab: Lab, title: str, about: str) -> Iterator[Path]:
    """README.md with a row for the lab and what it is `about`, after the last of its table of labs, if it has one."""
    label, text = (cell.replace("|", r"\|") for cell in (f"{int(lab.name[:2])} · {title}", about))
    row = f"| [{label}]({course.released(lab).relative_to(course.root).as_posix()}) | {text} |\n"

    def with_row(lines: list[str]) -> list[str]:
        rows = [number for number, line in enumerate(lines) if _links_into(line, course.release_directory)]
        return [*lines[: rows[-1] + 1], row, *lines[rows[-1] + 1 :]] if rows else lines

    return _written_anew(course, with_row)


def drop_readme_row(course: Course, lab: Lab) -> Iterator[Path]:
    """README.md without the lab's row in a table of labs."""
    folder = f"{course.release_directory}/{lab.name}"
    return _written_anew(course, lambda lines: [line for line in lines if not _links_into(line, folder)])


def _links_into(line: str, folder: str) -> bool:
    return line.startswith("|") and f"]({folder}/" in line


def _written_anew(course: Course, change: Callable[[list[str]], list[str]]) -> Iterator[Path]:
    """The file, if there is one and the change makes a difference."""
    path = course.root / "README.md"
    lines = path.read_text("utf-8").splitlines(keepends=True) if path.is_file() else []
    if (changed := change(lines)) != lines:
        yield write_text(path, "".join(changed))
