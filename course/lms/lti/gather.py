"""From the gradebook to the scores of a lab, and the students for whom there is none to send."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from nbgrader.api import Gradebook

from course.config import Course, Lab
from course.errors import ExportError
from course.grading.gradebook.recorded import students_not_graded
from course.inbox.roster import read_roster
from course.lms.lti.scores import Score
from course.lms.open_gradebook import current_gradebook, nbgrader_with_gradebook
from course.lms.sent_grades import find_grade, grade_remark, not_graded_remarks
from course.text.commands import course_command


@dataclass(frozen=True)
class Gathered:
    """The scores of a lab by student, and what a person should know; `user_id` is empty where it is not known."""

    scores: tuple[Score, ...]
    remarks: tuple[str, ...]


def gather_scores(
    course: Course, lab: Lab, folder: Path, roster: Path, allow_unmarked: bool = False, database: str | None = None
) -> Gathered:
    """The scores of all who handed in and could be graded, with today's penalties.

    Raises
    ------
    ExportError
        There is no gradebook, or it does not hold the lab.
    RosterError
        The roster is wrong.
    """
    user_ids = {person.id: person.lti_user_id for person in read_roster(roster)}
    api = nbgrader_with_gradebook(course, lab, folder, database)
    with current_gradebook(api, course, lab, folder) as (gradebook, changed):
        gathered = _gather(gradebook, lab.name, folder, user_ids, allow_unmarked)
    return Gathered(gathered.scores, (*changed, *gathered.remarks))


def _gather(
    gradebook: Gradebook, lab: str, folder: Path, user_ids: Mapping[str, str], allow_unmarked: bool
) -> Gathered:
    maximum = next((assignment.max_score for assignment in gradebook.assignments if assignment.name == lab), None)
    if maximum is None:
        raise ExportError(f"The gradebook does not hold {lab}. Grade it first: {course_command('grade', lab, folder)}")
    not_graded = students_not_graded(folder, lab)
    scores, remarks = [], not_graded_remarks(lab, not_graded)
    for student in sorted(str(student.id) for student in gradebook.students):
        if student in not_graded:
            continue  # also if the gradebook holds what an earlier submission was worth
        grade = find_grade(gradebook, lab, student)
        if remark := grade_remark(student, lab, grade, allow_unmarked):
            remarks.append(remark)
        if grade:
            points = None if grade.waits and not allow_unmarked else grade.points
            scores.append(Score(student, user_ids.get(student, ""), points, maximum, grade.penalty, grade.waits))
    return Gathered(tuple(scores), tuple(remarks))
