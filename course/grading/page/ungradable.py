"""The page for a submission that could not be graded, in the same frame."""

from pathlib import Path

from course.config import Lab
from course.grading import store
from course.grading.page.exporter import FeedbackPage
from course.grading.stored import UNREADABLE
from course.grading.task import Outcome


def write_page(folder: Path, lab: Lab, title: str, outcome: Outcome, status: str, reason: str) -> None:
    """Write feedback/STUDENT/LAB/LAB.html; `title` is the lab's, `status` one of course/grading/gradebook.py."""
    path = store.place(folder, "feedback", outcome.student, lab.name) / f"{lab.name}.html"
    path.parent.mkdir(parents=True, exist_ok=True)
    template = FeedbackPage().environment.get_template("ungradable.html.j2")
    page = template.render(
        title=title or lab.name,
        student=outcome.student,
        readable=status != UNREADABLE,
        reason=f"{reason.rstrip('.')}.",
        notes=[note["text"] for note in outcome.notes],
    )
    store.write(path, page)
