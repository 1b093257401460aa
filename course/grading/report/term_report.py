"""The report of the term: its page, and the tables beside it."""

from collections.abc import Sequence
from pathlib import Path

from course.config import Course
from course.grading.gradebook.read_only import gradebook_address
from course.grading.report.blocks import Block, Items, Page, Section, TableBlock, TextBlock
from course.grading.report.classroom import Status
from course.grading.report.earlier import Change, compare
from course.grading.report.earlier_section import earlier_section
from course.grading.report.lab_report import PAGE, REPORTS, subtitle
from course.grading.report.options import ReportOptions
from course.grading.report.term import Term, falling_behind, late_count, read_term, with_status
from course.grading.report.term_sections import labs_section, students_section
from course.grading.report.write_page import write_page
from course.grading.report.write_tables import write_csv
from course.text.listing import shortened

_LABS = (
    "lab",
    "points",
    "minutes_planned",
    "due",
    "with_points",
    "to_be_marked",
    "not_graded",
    "nothing",
    "late",
    "mean",
)
CHANGES = ("lab", "task", "title", "before", "now", "difference", "low", "high", "students_before", "students_now")
MANY = 10  # students in a list that is folded


def write_term_report(
    course: Course, folder: Path, options: ReportOptions, earlier: str | None = None
) -> tuple[Path, list[tuple[str, str]]]:
    """Write FOLDER/reports/report.html and its tables; return the page's path and what to look at first.

    `earlier` names the gradebook of an earlier class to compare with.

    Raises
    ------
    EditionError
        The gradebook is of another edition of a lab.
    GradingError
        Nothing has been graded there, or the earlier gradebook cannot be used.
    """
    term = read_term(course, folder, options.database, options.order, options.pseudonyms)
    present = gradebook_address(folder, options.database)
    changes = compare(term, earlier, present) if earlier else []
    behind = falling_behind(term)
    findings = [*_changed(changes), *_behind(behind), *_labs(term)]
    write_page(folder / REPORTS / PAGE, _page(course, term, options, findings, behind, changes, earlier or ""))
    _write_tables(folder / REPORTS, term, changes)
    return folder / REPORTS / PAGE, findings


def _page(
    course: Course,
    term: Term,
    options: ReportOptions,
    findings: Sequence[tuple[str, str]],
    behind: Sequence[tuple[str, str]],
    changes: Sequence[Change],
    earlier: str,
) -> Page:
    look: list[Block] = [Items(findings) if findings else TextBlock("Nothing stands out.")]
    if behind:
        look.append(TableBlock("Who may need help", ("student", "why"), behind, folded=len(behind) > MANY))
    sections = [
        Section("look", "Look at these first", look),
        labs_section(course, term),
        students_section(term, options.order),
    ]
    return Page(
        title=f"{course.title}: what the class did this term",
        subtitle=subtitle(course, "the term", options),
        facts=[
            (str(len(term.labs)), f"of {len(course.labs)} labs were graded"),
            (str(len(term.names)), "students"),
            (f"{term.totals().sum(axis=1).median():g}", f"is the median, of {term.max_points:g} points"),
        ],
        sections=[*sections, earlier_section(changes, earlier)] if changes else sections,
    )


def _changed(changes: Sequence[Change]) -> list[tuple[str, str]]:
    return [
        (
            f"{'Better' if (change.difference or 0) > 0 else 'Worse'} than before: {change.lab}, {change.title}",
            f"{change.now:.0%} of the points on average, {change.before:.0%} before.",
        )
        for change in changes
        if change.stands_out
    ]


def _behind(behind: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    count = len(behind)
    names = shortened([name for name, _ in behind])
    return [(f"{count} student{'s' if count != 1 else ''} may need help", f"{names}.")] if behind else []


def _labs(term: Term) -> list[tuple[str, str]]:
    found = []
    for lab, classroom in term.labs:
        waiting = with_status(classroom, [Status.WAITING])
        missing = with_status(classroom, [Status.FAILED, Status.NOT_YET])
        parts = [f"{waiting} to be marked"] if waiting else []
        parts += [f"{missing} not graded"] if missing else []
        if parts:
            found.append((lab.name, f"{', '.join(parts)}."))
    return found


def _write_tables(place: Path, term: Term, changes: Sequence[Change]) -> None:
    totals, statuses = term.totals(), term.statuses()
    labs = list(totals.columns)
    columns = ("student", "total", "most", *labs, *(f"{lab} status" for lab in labs))
    rows = [
        (
            name,
            totals.loc[name].sum(),
            term.max_points,
            *totals.loc[name],
            *(statuses[lab].get(name, "") for lab in labs),
        )
        for name in term.names
    ]
    write_csv(place / "students.csv", columns, rows)
    means = term.totals().mean()
    lab_rows = [
        (
            *(lab.name, classroom.max_points, lab.work_minutes, classroom.due, len(classroom.known)),
            with_status(classroom, [Status.WAITING]),
            with_status(classroom, [Status.FAILED, Status.NOT_YET]),
            with_status(classroom, [Status.NOTHING]),
            *(late_count(classroom), float(means[lab.name])),
        )
        for lab, classroom in term.labs
    ]
    write_csv(place / "labs.csv", _LABS, lab_rows)
    (place / "changes.csv").unlink(missing_ok=True)  # of an earlier report
    if changes:
        write_csv(
            place / "changes.csv",
            CHANGES,
            [
                (one.lab, one.task, one.title, one.before, one.now, one.difference, one.low, one.high, *one.students)
                for one in changes
            ],
        )
