"""The lines of README.md and CITATION.cff that say what course.toml says: title, description, repository."""

import re
from pathlib import Path

from course.authoring.students_edition import quoted
from course.config import Course
from course.text.files import text_if_any


def front_pages(course: Course) -> dict[Path, str]:
    """Both files as they should be, by path; without one that the course does not have."""
    address = f"https://github.com/{course.repositories.instructors}"
    facts = {"title": course.title, "abstract": course.description, "repository-code": address}
    replacements = {
        "README.md": [(r"\A# .*", f"# {course.title}")],
        "CITATION.cff": [(rf"(?m)^{key}:.*", f"{key}: {quoted(value)}") for key, value in facts.items()],
    }
    pages = {}
    for name, lines in replacements.items():
        page = text_if_any(course.root / name)
        if page is not None:
            for pattern, line in lines:
                page = re.sub(pattern, lambda _, line=line: line, page, count=1)  # type: ignore[misc]
            pages[course.root / name] = page
    return pages
