"""How late each submission is and what that costs, written into the gradebook."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from nbgrader.api import Gradebook, SubmittedAssignment

from course.config import Course, Lab
from course.config.late import LateRule, marked_late_penalty, penalty, span_in_words
from course.grading.gradebook.entries import GradebookEntry, read_entries
from course.grading.gradebook.extensions import FILE, extensions_of_lab, read_extensions
from course.grading.gradebook.handed_in import HandedIn, read_handed_in
from course.inbox.places import Places
from course.inbox.submissions import Submission
from course.text.times import delay, for_gradebook, in_utc, time_text

Notify = Callable[[str], None]


def ignore_message(text: str) -> None:
    """Do nothing."""


@dataclass(frozen=True)
class Lateness:
    """When a submission was due, including an extension, when it was handed in, and the points that it loses.

    Within `grace` after the due time it is not late. `problem` is what an instructor has to correct.
    """

    due: datetime | None
    handed_in: datetime | None
    marked_late: bool
    penalty: float
    problem: str = ""
    grace: timedelta = timedelta()

    @property
    def late(self) -> timedelta:
        """How late it is; nothing if that is not known."""
        late = delay(self.due, self.handed_in) if self.due else timedelta()
        return late if late > self.grace else timedelta()

    @property
    def text(self) -> str:
        """The same in words; empty if it is not late."""
        if self.late:
            return f"late by {span_in_words(self.late)}"
        return "late, says Canvas" if self.penalty and self.marked_late else ""


def compute_lateness(
    rule: LateRule, due: datetime | None, until: datetime | None, entry: GradebookEntry, handed_in: HandedIn
) -> Lateness:
    """How late a submission is by the rule; `until` is the due date of a student with an extension.

    Like nbgrader, it takes no more points than the submission has.
    """
    last_moment = max(due, until) if due and until else due
    if handed_in.time:
        points = penalty(rule, delay(last_moment, handed_in.time), entry.max_points) if last_moment else 0.0
    else:
        points = marked_late_penalty(rule, entry.max_points) if handed_in.marked_late and not until else 0.0
    grace = timedelta(minutes=rule.grace_minutes)
    loss = min(points, entry.points)
    return Lateness(last_moment, handed_in.time, handed_in.marked_late, loss, handed_in.problem, grace)


def update_lateness(
    gradebook: Gradebook,
    course: Course,
    lab: Lab,
    folder: Path,
    submissions: Iterable[Submission],
    students: Iterable[str] | None = None,
    notify: Notify = ignore_message,
) -> tuple[dict[str, GradebookEntry], dict[str, Lateness]]:
    """Bring the gradebook up to date: due date, extensions, times of handing in and penalties.

    Parameters
    ----------
    submissions
        Those in the folder; for others the gradebook keeps its recorded time.
    students
        Only these; None means all who have a submission in the gradebook.
    notify
        Called with what the gradebook held that course.toml and the extensions do not say.
    """
    _set_due(gradebook, course, lab, notify)
    entries = read_entries(gradebook, lab.name, students)
    places = {submission.student: submission.path.parent for submission in submissions}
    extensions = extensions_of_lab(read_extensions(folder), lab.name)
    lateness: dict[str, Lateness] = {}
    for student, entry in entries.items():
        recorded = HandedIn(entry.handed_in)
        collected = Places(folder, student, lab.name).collected
        handed_in = read_handed_in(places[student], collected) if student in places else recorded
        lateness[student] = compute_lateness(lab.late, lab.due, extensions.get(student), entry, handed_in)
        if entry.extension and student not in extensions:
            notify(
                f"{student}: an extension of {span_in_words(entry.extension)} that the gradebook held is not in "
                f"{folder / FILE}, and no longer counts"
            )
    new_rows = {student: _row_to_write(lab, lateness[student]) for student in entries}
    changed = [student for student, entry in entries.items() if new_rows[student] != _row_in_gradebook(entry)]
    if not changed:
        return entries, lateness
    _write(gradebook, lab, {student: lateness[student] for student in changed})
    return read_entries(gradebook, lab.name, students), lateness


def _row_to_write(lab: Lab, lateness: Lateness) -> tuple[datetime | None, timedelta | None, float]:
    """Time, extension and penalty as the gradebook should hold them."""
    extension = lateness.due - lab.due if lateness.due and lab.due and lateness.due > lab.due else None
    return lateness.handed_in, extension, lateness.penalty


def _row_in_gradebook(entry: GradebookEntry) -> tuple[datetime | None, timedelta | None, float]:
    return entry.handed_in, entry.extension, entry.penalty


def _set_due(gradebook: Gradebook, course: Course, lab: Lab, notify: Notify) -> None:
    assignment = gradebook.find_assignment(lab.name)
    old, new = in_utc(assignment.duedate), lab.due
    if old == new:
        return
    assignment.duedate = for_gradebook(new)
    gradebook.db.commit()
    if old:
        source = f"course.toml says {time_text(new, course.zone)}" if new else "course.toml names none"
        notify(f"{lab.name}: the gradebook's due date was {time_text(old, course.zone)}; {source}, and that counts.")


def _write(gradebook: Gradebook, lab: Lab, lateness: Mapping[str, Lateness]) -> None:
    assignment = gradebook.find_assignment(lab.name)
    query = gradebook.db.query(SubmittedAssignment).filter(SubmittedAssignment.assignment_id == assignment.id)
    for submission in query.filter(SubmittedAssignment.student_id.in_(list(lateness))).all():
        time, submission.extension, points = _row_to_write(lab, lateness[submission.student_id])
        submission.timestamp = for_gradebook(time)
        for notebook in submission.notebooks:
            notebook.late_submission_penalty = points or None  # None is nbgrader's way to say that there is none
    gradebook.db.commit()
