"""Whatever happens during a term, five ways to look at the grades show the same."""

import csv
import re
import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import nbformat
import pytest
from light import light_course
from nbformat.v4 import new_notebook
from nbgrader.api import Gradebook
from nbgrader.plugins import CsvExportPlugin
from nbgrader.preprocessors import AssignLatePenalties

from course.config import Course
from course.config.late import LateRule
from course.grading import demo, grade
from course.grading.feedback import tables
from course.grading.gradebook.extensions import Extension, grant, revoke
from course.grading.gradebook.results import Result
from course.grading.options import Options
from course.inbox import submissions
from course.inbox.systems import System
from course.labs.prepare import prepare_lab
from course.labs.sources import is_written
from course.lms.export import export_grades
from course.nbgrader_api import load_config, nbgrader_in

pytestmark = pytest.mark.kernel

LIGHT_COURSE = light_course()
LIGHT = LIGHT_COURSE.labs[0]
DUE = datetime(2026, 3, 2, 23, 59, tzinfo=UTC)
RULE = LateRule(percent_per_day=10, zero_after_days=7)
STUDENTS = {"early": -1, "late": 2.5, "much-later": 30, "unknown": None}  # days after the due date


@pytest.fixture(scope="module")
def graded_once(tmp_path_factory):
    """A class that was graded before anybody thought of a due date; all solved the lab."""
    folder = tmp_path_factory.mktemp("term")
    blank = nbformat.read(LIGHT_COURSE.released(LIGHT), as_version=4)
    solved = demo.fill_in(blank, demo.model_answers(prepare_lab(LIGHT_COURSE, LIGHT)))
    for cell in solved.cells:
        if is_written(cell):
            cell.source = "The test digits are for the end, because whoever chooses by them fits to them."
    for student, days in STUDENTS.items():
        demo.hand_in(folder, LIGHT, student, solved)
        if days is not None:
            stamp(folder, student, DUE + timedelta(days=days))
    broken = demo.submission_path(folder, LIGHT, "unreadable")
    broken.parent.mkdir(parents=True)
    broken.write_text("{", encoding="utf-8")
    again(folder, LIGHT_COURSE)
    return folder


@pytest.fixture
def folder(graded_once, tmp_path):
    """A copy of it that a test may change."""
    return Path(shutil.copytree(graded_once, tmp_path / "term"))


def stamp(folder: Path, student: str, time: datetime) -> None:
    path = demo.submission_path(folder, LIGHT, student).with_name("timestamp.txt")
    path.write_text(f"{time:%Y-%m-%d %H:%M:%S} UTC\n", encoding="utf-8")


def with_rules(due: datetime | None = DUE, late: LateRule = RULE) -> Course:
    """The course with other dates and rules, as another course.toml would give it."""
    return replace(LIGHT_COURSE, labs=(replace(LIGHT, due=due, late=late),))


def again(folder: Path, course: Course, told: list[str] | None = None) -> dict[str, Result]:
    """The lab graded once more; what was executed before must not be executed again."""
    lab = course.labs[0]
    found = submissions.require_submissions(folder, lab)
    tell = (told if told is not None else []).append
    results = grade.grade(course, lab, folder, found, lambda student: None, Options(workers=1), tell)
    tables.write_grades(folder / f"grades_{lab.name}.csv", results)
    return {result.student: result for result in results}


def views(folder: Path, course: Course) -> dict[str, dict[str, tuple[float, ...]]]:
    """Points, penalty and total of each student in five places; Formgrader and Canvas's file show one of them."""
    lab = course.labs[0]
    api = nbgrader_in(folder, load_config(course.root))
    api.coursedir.db_url = f"sqlite:///{folder}/gradebook.db"
    own = folder / "own.csv"
    with api.gradebook as gradebook:
        formgrader = {row["student"]: (row["score"],) for row in gradebook.submission_dicts(lab.name)}
        CsvExportPlugin(parent=api, to=str(own), assignment=[lab.name]).export(gradebook)
    exported = {student: (total,) for student, total in for_canvas(folder, course).items()}
    by_nbgrader = {
        row["student_id"]: tuple(float(row[key]) for key in ("raw_score", "late_submission_penalty", "score"))
        for row in read(own)
    }
    rows = {
        row["student"]: tuple(float(row[key]) for key in ("points", "penalty", "total"))
        for row in read(folder / f"grades_{lab.name}.csv")
    }
    pages = {student: page_values(folder, student) for student in rows}
    return {"csv": rows, "nbgrader": by_nbgrader, "page": pages, "formgrader": formgrader, "canvas": exported}


def for_canvas(folder: Path, course: Course) -> dict[str, float]:
    """The grades as Canvas gets them."""
    roster, target = folder / "roster.csv", folder / "canvas.csv"
    students = [path.name for path in (folder / "submitted").iterdir()]
    roster.write_text("\n".join(["id,lms_id", *(f"{one},{number}" for number, one in enumerate(students, 1))]), "utf-8")
    export_grades(course, course.labs[0], folder, target, System.CANVAS, roster, allow_unmarked=True)
    return {row["Student"]: float(row[LIGHT.name]) for row in read(target)[1:]}


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def page_values(folder: Path, student: str) -> tuple[float, ...]:
    page = (folder / "feedback" / student / LIGHT.name / f"{LIGHT.name}.html").read_text("utf-8")
    if "<strong>not readable</strong>" in page:
        return 0, 0, 0
    total = float(re.search(r"<strong>([\d.]+) of [\d.]+ points</strong>", page)[1])
    late = re.search(r" = ([\d.]+) − ([\d.]+) for being ", page)
    return (float(late[1]), float(late[2]), total) if late else (total, 0, total)


def agree(folder: Path, course: Course, results: dict[str, Result]) -> None:
    expected = {result.student: (result.points, result.penalty, result.total) for result in results.values()}
    seen = views(folder, course)
    assert seen["csv"] == seen["nbgrader"] == seen["page"] == expected
    assert seen["formgrader"] == {student: (points,) for student, (points, _, _) in expected.items()}
    assert seen["canvas"] == {student: (total,) for student, (_, _, total) in expected.items()}
    table = tables.grades_table("", list(results.values()))
    totals = dict(zip(*(list(table.columns[index].cells) for index in (0, -2)), strict=True))
    assert totals == {student: f"{total:g}" for student, (_, _, total) in expected.items()}


def executed(folder: Path) -> dict[str, int]:
    """When each submission was executed."""
    return {path.parents[1].name: path.stat().st_mtime_ns for path in (folder / "executed").rglob("report.json")}


def made(folder: Path) -> dict[str, int]:
    """When each page was made."""
    return {path.parents[1].name: path.stat().st_mtime_ns for path in (folder / "feedback").rglob("*.html")}


def mark(folder: Path, student: str, points: float | None = None, comment: str | None = None) -> None:
    """Mark the written answer, as Formgrader does."""
    with Gradebook(f"sqlite:///{folder}/gradebook.db", LIGHT_COURSE.id) as gradebook:
        notebook = gradebook.find_submission_notebook(LIGHT.name, LIGHT.name, student)
        written = next(one for one in notebook.grades if one.cell.cell_type == "markdown")
        if points is not None:
            written.manual_score, written.needs_manual_grade = points, False
        if comment is not None:
            next(one for one in notebook.comments if one.name == written.name).manual_comment = comment
        gradebook.db.commit()


def test_dates_and_rules_set_after_the_first_grading_count(folder):
    """Set, moved, ruled otherwise, taken away; nothing is executed for it."""
    before = executed(folder)
    results = again(folder, LIGHT_COURSE)
    full = results["early"].points
    agree(folder, LIGHT_COURSE, results)
    assert {result.penalty for result in results.values()} == {0}
    for course, expected in (
        (with_rules(), {"early": 0, "late": 6, "much-later": full}),
        (with_rules(due=DUE + timedelta(days=2)), {"early": 0, "late": 2, "much-later": full}),
        (with_rules(due=DUE - timedelta(days=2)), {"early": 2, "late": 10, "much-later": full}),
        (with_rules(late=LateRule(percent_per_day=1)), {"early": 0, "late": 0.6, "much-later": 6}),
        (with_rules(due=None), {"early": 0, "late": 0, "much-later": 0}),
    ):
        results = again(folder, course)
        agree(folder, course, results)
        expected |= {"unknown": 0, "unreadable": 0}
        assert {student: round(result.penalty, 6) for student, result in results.items()} == expected
    assert executed(folder) == before


def test_extensions_granted_and_taken_back_count(folder):
    course = with_rules()
    again(folder, course)
    grant(folder, [Extension(LIGHT.name, "late", DUE + timedelta(days=2))])
    results = again(folder, course)
    agree(folder, course, results)
    assert results["late"].penalty == 2 and results["late"].due == DUE + timedelta(days=2)
    assert "for being 12 hours late" in results["late"].feedback.read_text("utf-8")
    revoke(folder, ["late"], [LIGHT.name])
    results = again(folder, course)
    agree(folder, course, results)
    assert results["late"].penalty == 6


def test_what_the_gradebook_says_of_its_own_is_told_when_it_is_put_right(folder):
    with Gradebook(f"sqlite:///{folder}/gradebook.db", LIGHT_COURSE.id) as gradebook:
        gradebook.update_or_create_assignment(LIGHT.name, duedate="2026-01-01 12:00:00 UTC")
        gradebook.find_submission(LIGHT.name, "late").extension = timedelta(days=2)
        gradebook.db.commit()
    course, told = with_rules(), list[str]()
    results = again(folder, course, told)
    agree(folder, course, results)
    due, extension = told
    assert "gradebook's due date was 2026-01-01 12:00 UTC; course.toml says 2026-03-02 23:59 UTC" in due
    assert f"late: an extension of 2 days that the gradebook held is not in {folder / 'extensions.csv'}" in extension
    again(folder, course, told)
    assert len(told) == 2, "it is told once"


def test_marks_and_comments_given_by_hand_count_and_make_one_page(folder):
    course = with_rules()
    first, pages = again(folder, course), made(folder)
    mark(folder, "late", points=1.5, comment="Nearly: what of the validation digits?")
    results = again(folder, course)
    agree(folder, course, results)
    assert (results["late"].written, results["late"].to_mark) == (1.5, 0)
    assert results["late"].total == first["late"].total + 1.5
    assert {student for student, time in made(folder).items() if time != pages[student]} == {"late"}
    page = (folder / "feedback" / "late" / LIGHT.name / f"{LIGHT.name}.html").read_text("utf-8")
    assert "Nearly: what of the validation digits?" in page
    pages = made(folder)
    mark(folder, "late", points=1)
    results = again(folder, course)
    agree(folder, course, results)
    assert results["late"].written == 1
    mark(folder, "early", comment="Well said.")
    agree(folder, course, again(folder, course))
    assert {student for student, time in made(folder).items() if time != pages[student]} == {"early", "late"}


def test_what_counts_for_nothing_stays_at_nothing_when_it_is_marked_later(folder):
    course = with_rules()
    assert again(folder, course)["much-later"].total == 0
    mark(folder, "much-later", points=2)
    results = again(folder, course)
    agree(folder, course, results)
    assert (results["much-later"].written, results["much-later"].total) == (2, 0)


def test_a_mark_counts_in_an_export_before_the_next_grading(folder):
    course = with_rules()
    again(folder, course)
    mark(folder, "much-later", points=2)
    assert for_canvas(folder, course)["much-later"] == 0


def test_who_hands_in_again_is_graded_again_and_later(folder):
    course = with_rules()
    before, ran = again(folder, course), executed(folder)
    released = nbformat.read(LIGHT_COURSE.released(LIGHT), as_version=4)
    model = demo.model_answers(prepare_lab(LIGHT_COURSE, LIGHT))
    demo.hand_in(folder, LIGHT, "early", demo.fill_in(released, {"scale": model["scale"]}))
    stamp(folder, "early", DUE + timedelta(hours=1))
    results = again(folder, course)
    agree(folder, course, results)
    assert (results["early"].tests, results["early"].penalty) == (2, 2)
    assert results["late"].total == before["late"].total
    assert {student for student, time in executed(folder).items() if time != ran[student]} == {"early"}


def test_what_plain_nbgrader_made_of_it_since_does_not_stay(folder):
    """Formgrader's button, or a program that writes into the gradebook."""
    course = with_rules()
    first, ran = again(folder, course), executed(folder)
    with Gradebook(f"sqlite:///{folder}/gradebook.db", LIGHT_COURSE.id) as gradebook:
        notebook = gradebook.find_submission_notebook(LIGHT.name, LIGHT.name, "early")
        for one in notebook.grades:
            one.auto_score = 0 if one.cell.cell_type == "code" else one.auto_score
        gradebook.db.commit()
    copy = folder / "autograded" / "late" / LIGHT.name / f"{LIGHT.name}.ipynb"
    copy.write_text(copy.read_text("utf-8").replace("0", "1"), encoding="utf-8")
    (folder / "feedback" / "unknown" / LIGHT.name / f"{LIGHT.name}.html").write_text("edited", encoding="utf-8")
    results = {one.student: one for one in grade.refresh(course, course.labs[0], folder, Options())}
    agree(folder, course, again(folder, course))
    assert results == first and executed(folder) == ran


def test_a_lab_that_is_dropped_leaves_the_others_as_they_are(folder):
    """Its grades stay in the gradebook, and its extensions in their table."""
    course = with_rules()
    with Gradebook(f"sqlite:///{folder}/gradebook.db", LIGHT_COURSE.id) as gradebook:
        gradebook.update_or_create_assignment("02_dropped", duedate="2026-01-01 12:00:00 UTC")
        gradebook.db.commit()
    grant(folder, [Extension("02_dropped", "late", DUE)])
    results = again(folder, course)
    agree(folder, course, results)
    assert results["late"].penalty == 6


def test_nothing_changed_nothing_done(folder):
    course = with_rules()
    first = again(folder, course)
    ran, pages = executed(folder), made(folder)
    assert again(folder, course) == first
    lab = course.labs[0]
    assert grade.refresh(course, lab, folder, Options()) == [first[student] for student in sorted(first)]
    assert (executed(folder), made(folder)) == (ran, pages)


def test_pages_follow_marks_without_grading(folder):
    """`course feedback`."""
    course, told = with_rules(), list[str]()
    again(folder, course)
    mark(folder, "early", points=2)
    demo.hand_in(folder, LIGHT, "new", nbformat.read(LIGHT_COURSE.released(LIGHT), as_version=4))
    results = grade.refresh(course, course.labs[0], folder, Options(), told.append)
    tables.write_grades(folder / f"grades_{LIGHT.name}.csv", results)
    agree(folder, course, {result.student: result for result in results})
    assert told == [f"new is not graded yet: course grade {LIGHT.name} --folder {folder}"]


def test_a_time_that_is_none_is_told_to_the_instructor(folder):
    course = with_rules()
    stamp_file = demo.submission_path(folder, LIGHT, "late").with_name("timestamp.txt")
    stamp_file.write_text("2026-03-05 12:00:00 JST", encoding="utf-8")
    results = again(folder, course)
    agree(folder, course, results)
    assert results["late"].penalty == 0
    assert (
        "timestamp.txt: '2026-03-05 12:00:00 JST' is no time that can be told for certain" in results["late"].review[0]
    )


def test_nbgraders_own_step_takes_off_the_same(folder):
    """`nbgrader autograde` and Formgrader's button ask the course's plug-in."""
    course = with_rules()
    results = again(folder, course)
    config = load_config(LIGHT_COURSE.root)
    config.CourseLatePenalty.rules = {LIGHT.name: RULE}
    address = f"sqlite:///{folder}/gradebook.db"
    with Gradebook(address, LIGHT_COURSE.id) as gradebook:
        for submission in gradebook.assignment_submissions(LIGHT.name):
            submission.notebooks[0].late_submission_penalty = None
        gradebook.db.commit()
    for student in STUDENTS:
        about = {"notebook": LIGHT.name, "assignment": LIGHT.name, "student": student, "db_url": address}
        AssignLatePenalties(config=config).preprocess(new_notebook(), {"nbgrader": about})
    with Gradebook(address, LIGHT_COURSE.id) as gradebook:
        penalties = {
            one.student.id: one.late_submission_penalty for one in gradebook.assignment_submissions(LIGHT.name)
        }
    assert penalties == {student: result.penalty for student, result in results.items()}
