"""The page for a submission that could not be graded, in the same frame."""

from pathlib import Path

from course.config import Lab
from course.grading.feedback.page_exporter import FeedbackPage
from course.grading.gradebook import cache
from course.grading.gradebook.recorded import UNREADABLE
from course.grading.workers.job import Outcome
from course.text.files import write_whole


def write_ungradable_page(folder: Path, lab: Lab, title: str, outcome: Outcome, status: str, reason: str) -> None:
    """Write feedback/STUDENT/LAB/LAB.html; `title` is the lab's, `status` of gradebook/results.py."""
    path = cache.step_folder(folder, "feedback", outcome.student, lab.name) / f"{lab.name}.html"
    path.parent.mkdir(parents=True, exist_ok=True)
    template = FeedbackPage().environment.get_template("ungradable.html.j2")
    page = template.render(
        title=title or lab.name,
        student=outcome.student,
        state=status,
        readable=status != UNREADABLE,
        reason=f"{reason.rstrip('.')}.",
        notes=[note.text for note in outcome.notes],
    )
    write_whole(path, page)
