"""The course's rule for late work as nbgrader's plug-in, for `nbgrader autograde` and Formgrader's button."""

from datetime import timedelta

from nbgrader.api import MissingEntry
from nbgrader.plugins import BasePlugin
from traitlets import Dict

from course.config.late import NO_PENALTY, penalty


class CourseLatePenalty(BasePlugin):
    """Penalties by course.toml. Due dates and extensions are the gradebook's, as `course grade` left them."""

    rules = Dict(help="The rule of each lab, by its name.").tag(config=True)

    def late_submission_penalty(self, student_id: str, score: float, total_seconds_late: float) -> float | None:
        """The points that a submission loses; nbgrader takes no more than there are.

        nbgrader does not pass the lab; the step that calls this plug-in knows it.
        """
        step = self.parent
        try:
            max_score = step.gradebook.find_submission(step.assignment_id, student_id).max_score
        except MissingEntry:
            return None
        rule = self.rules.get(step.assignment_id, NO_PENALTY)
        return penalty(rule, timedelta(seconds=total_seconds_late), float(max_score)) or None
