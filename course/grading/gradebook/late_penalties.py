"""How late each submission is and what that costs, written into the gradebook."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from nbgrader.api import Gradebook, SubmittedAssignment

from course.config import Course, Lab
from course.grading.gradebook.entries import GradebookEntry, read_entries
from course.grading.gradebook.extensions import FILE, of_lab, read_extensions
from course.grading.gradebook.handed_in import HandedIn, handed_in
from course.inbox.places import Places
from course.inbox.submissions import Submission
from course.late import LateRule, marked_late_penalty, penalty, span_in_words
from course.times import delay, for_gradebook, in_utc, time_text

Tell = Callable[[str], None]


def silent(text: str) -> None:
    """Tell nobody."""


@dataclass(frozen=True)
class Lateness:
    """When a submission was due, with an extension if there is one, when it came, and the points that it loses.

    What comes within `grace` after it was due is not late. `problem` is what an instructor has to put right.
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


def lateness(
    rule: LateRule, due: datetime | None, until: datetime | None, entry: GradebookEntry, came: HandedIn
) -> Lateness:
    """What the rule makes of a submission; `until` is a student's own due date.

    Like nbgrader, it takes no more points than there are.
    """
    last = max(due, until) if due and until else due
    if came.time:
        loses = penalty(rule, delay(last, came.time), entry.most) if last else 0.0
    else:
        loses = marked_late_penalty(rule, entry.most) if came.marked_late and not until else 0.0
    grace = timedelta(minutes=rule.grace_minutes)
    return Lateness(last, came.time, came.marked_late, min(loses, entry.points), came.problem, grace)


def update_lateness(
    gradebook: Gradebook,
    course: Course,
    lab: Lab,
    folder: Path,
    submissions: Iterable[Submission],
    students: Iterable[str] | None = None,
    tell: Tell = silent,
) -> tuple[dict[str, GradebookEntry], dict[str, Lateness]]:
    """Let the gradebook hold what is true now: due date, extensions, times of handing in and penalties.

    Parameters
    ----------
    submissions
        Those that are there; for others the gradebook keeps the time that it knows.
    students
        Look at these only; None means all of whom the gradebook has a submission.
    tell
        Called with what the gradebook held that course.toml and the extensions do not say.
    """
    _set_due(gradebook, course, lab, tell)
    entries = read_entries(gradebook, lab.name, students)
    places = {submission.student: submission.path.parent for submission in submissions}
    extensions = of_lab(read_extensions(folder), lab.name)
    found: dict[str, Lateness] = {}
    for student, entry in entries.items():
        known = HandedIn(entry.handed_in)
        kept = Places(folder, student, lab.name).collected
        came = handed_in(places[student], kept) if student in places else known
        found[student] = lateness(lab.late, lab.due, extensions.get(student), entry, came)
        if entry.extension and student not in extensions:
            tell(
                f"{student}: an extension of {span_in_words(entry.extension)} that the gradebook held is not in "
                f"{folder / FILE}, and no longer counts"
            )
    changed = [student for student in entries if _wanted(lab, found[student]) != _held(entries[student])]
    if not changed:
        return entries, found
    _write(gradebook, lab, {student: found[student] for student in changed})
    return read_entries(gradebook, lab.name, students), found


def _wanted(lab: Lab, now: Lateness) -> tuple[datetime | None, timedelta | None, float]:
    """Time, extension and penalty as the gradebook should hold them."""
    extension = now.due - lab.due if now.due and lab.due and now.due > lab.due else None
    return now.handed_in, extension, now.penalty


def _held(entry: GradebookEntry) -> tuple[datetime | None, timedelta | None, float]:
    return entry.handed_in, entry.extension, entry.penalty


def _set_due(gradebook: Gradebook, course: Course, lab: Lab, tell: Tell) -> None:
    assignment = gradebook.find_assignment(lab.name)
    held, wanted = in_utc(assignment.duedate), lab.due
    if held == wanted:
        return
    assignment.duedate = for_gradebook(wanted)
    gradebook.db.commit()
    if held:
        now = f"course.toml says {time_text(wanted, course.zone)}" if wanted else "course.toml names none"
        tell(f"{lab.name}: the gradebook's due date was {time_text(held, course.zone)}; {now}, and that counts.")


def _write(gradebook: Gradebook, lab: Lab, found: Mapping[str, Lateness]) -> None:
    assignment = gradebook.find_assignment(lab.name)
    query = gradebook.db.query(SubmittedAssignment).filter(SubmittedAssignment.assignment_id == assignment.id)
    for submission in query.filter(SubmittedAssignment.student_id.in_(list(found))).all():
        time, submission.extension, loses = _wanted(lab, found[submission.student_id])
        submission.timestamp = for_gradebook(time)
        for notebook in submission.notebooks:
            notebook.late_submission_penalty = loses or None  # None is nbgrader's way to say that there is none
    gradebook.db.commit()
