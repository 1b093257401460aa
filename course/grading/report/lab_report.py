"""The report of one lab: its page, and the tables beside it."""

import statistics
from datetime import UTC, datetime
from pathlib import Path

from course.config import Course, Lab
from course.grading.report.blocks import Items, Page, Section, TextBlock
from course.grading.report.classroom import Classroom
from course.grading.report.deadline import late_groups
from course.grading.report.deadline_section import deadline_section
from course.grading.report.failures import Ambiguous, Failure, ambiguous, find_failures
from course.grading.report.findings import find_findings
from course.grading.report.heatmap_section import heatmap_section
from course.grading.report.item_analysis import Item, analyse
from course.grading.report.items_section import items_section
from course.grading.report.messages_section import messages_section
from course.grading.report.options import ReportOptions
from course.grading.report.order import draw_pseudonyms, ordered, with_pseudonyms
from course.grading.report.outcomes_section import outcomes_section
from course.grading.report.points_section import points_section
from course.grading.report.read_class import read_class
from course.grading.report.remarks_section import remarks_section
from course.grading.report.write_page import write_page
from course.grading.report.write_tables import write_messages, write_students, write_tasks
from course.grading.report.written_section import written_section
from course.text.times import time_text

REPORTS, PAGE = "reports", "report.html"
FOR_INSTRUCTORS = "For instructors: it shows hidden tests and answers of students."


def write_lab_report(
    course: Course, lab: Lab, folder: Path, options: ReportOptions
) -> tuple[Path, list[tuple[str, str]]]:
    """Write FOLDER/reports/LAB/report.html and its tables; return the page's path and what to look at first.

    Raises
    ------
    EditionError
        The gradebook is of another edition of the lab.
    GradingError
        Nothing of the lab has been graded there.
    """
    classroom = read_class(course, lab, folder, options.database)
    if options.pseudonyms:
        classroom = with_pseudonyms(classroom, draw_pseudonyms(student.id for student in classroom.students))
    classroom = ordered(classroom, options.order)
    items = analyse(classroom.points(), {task.name: task.max_points for task in classroom.tasks})
    failures = find_failures(classroom)
    misleading = ambiguous(classroom, failures, items)
    findings = find_findings(classroom, items, misleading, late_groups(classroom))
    place = folder / REPORTS / lab.name
    write_page(place / PAGE, lab_page(course, classroom, options, items, failures, misleading, findings))
    write_students(place / "students.csv", classroom)
    write_tasks(place / "tasks.csv", classroom, items)
    write_messages(place / "messages.csv", failures, misleading)
    return place / PAGE, findings


def lab_page(
    course: Course,
    classroom: Classroom,
    options: ReportOptions,
    items: list[Item],
    failures: list[Failure],
    misleading: list[Ambiguous],
    findings: list[tuple[str, str]],
) -> Page:
    """The page of a lab."""
    look = Items(findings) if findings else TextBlock("Nothing stands out.")
    return Page(
        title=f"{classroom.title}: what the class did",
        subtitle=subtitle(course, classroom.lab, options),
        facts=lab_facts(classroom),
        sections=[
            Section("look", "Look at these first", [look]),
            points_section(classroom),
            heatmap_section(classroom, options.order),
            items_section(classroom, items),
            outcomes_section(classroom),
            messages_section(classroom, failures, misleading),
            written_section(classroom),
            deadline_section(classroom, course.zone),
            remarks_section(classroom),
        ],
    )


def subtitle(course: Course, name: str, options: ReportOptions) -> str:
    """What the page is about, whose names it shows, and when it was made."""
    made = (
        f"{course.title}, {name}. Made {time_text(datetime.now(UTC), course.zone)} from the gradebook as it was then."
    )
    names = "Names are pseudonyms; what students wrote is shown as it is. " if options.pseudonyms else ""
    return f"{made} {names}{FOR_INSTRUCTORS}"


def lab_facts(classroom: Classroom) -> list[tuple[str, str]]:
    """The numbers that stand first."""
    known = classroom.known
    waiting = sum(attempt.points is None for student in known for attempt in student.attempts.values())
    facts = [(str(len(known)), f"of {len(classroom.students)} students have points")]
    if known:
        median = statistics.median(student.total for student in known)
        facts.append((f"{median:g}", f"is the median, of {classroom.max_points:g} points"))
    facts.append((str(sum(bool(student.late) for student in known)), "were late"))
    if waiting:
        facts.append((str(waiting), "answers wait to be marked"))
    return facts
