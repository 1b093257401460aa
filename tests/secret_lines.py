"""Lines of a lab's source that students must not see, and enough of them that a test means something."""

from nbformat import NotebookNode

from course.authoring import leaks
from course.authoring.leaks import HIDDEN_KIND, SOLUTION_KIND

__all__ = ["HIDDEN_KIND", "SOLUTION_KIND", "secret_lines"]


def secret_lines(source: NotebookNode, *kinds: str) -> set[str]:
    """As `course.authoring.leaks.secret_lines`; fails if there is too little to look for."""
    found = leaks.secret_lines(source, *kinds)
    marked = sum("### BEGIN" in cell.source for cell in source.cells)
    assert len(found) >= marked > 0, "there is too little to look for"
    return found
