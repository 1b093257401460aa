"""A class of made-up students as grading leaves it, without running anything; its faults are known."""

import copy
import json
import random
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import nbformat
from light import light_course
from nbgrader.api import (
    Comment,
    Grade,
    Gradebook,
    GradeCell,
    SolutionCell,
    SourceCell,
    Student,
    SubmittedAssignment,
    SubmittedNotebook,
)

from course.config import Course, Lab, load_course
from course.grading.demo import hand_in
from course.grading.execution.executed import Cut
from course.grading.execution.verdicts import error_output, failure_output
from course.grading.gradebook import cache
from course.grading.gradebook.recorded import FAILED, GRADED, UNREADABLE, Stored, write_stored
from course.grading.workers.job import Outcome
from course.inbox.notes import Note
from course.labs.editions import GRADE_ENTRY, SOLUTION_ENTRY, as_built, cells_by_grade_id
from course.labs.sources import HIDDEN_PART, cells_with_tests, grade_id
from course.text.files import write_text

DUE = datetime(2026, 3, 2, 22, 59, tzinfo=UTC)
NO_DISCRIMINATION = ("test-add-channel-axis", "test-one-hot")
AMBIGUOUS, SAID = "test-scale", "The values are not right. <script>alert('message')</script>"
HARDNESS = {"test-describe-problem": -1.0, "test-ink-box": 0.6, "test-class-counts": -0.4, "test-scale": 0.1}
SCRIPT = "def scale(images):\n    return '<script>alert(\"answer\")</script></code></pre>'\n"
ODD_NAME = "zoë $x^2$ <b>山</b>"
LATE_TOGETHER = 8


@dataclass
class Made:
    """What one student did: outcome, points and time; `failed` holds for each test what went wrong, if anything."""

    name: str
    ability: float
    failed: dict[str, str] = field(default_factory=dict)  # visible, hidden, error, cut off, not attempted
    mark: float | None = None
    handed_in: datetime | None = None
    penalty: float = 0.0


def students(count: int, tests: list[str], seed: int = 7) -> list[Made]:
    """A class whose abilities are spread evenly; who is able does most tasks, but for two that everybody guesses."""
    draw, made = random.Random(seed), []
    for number in range(count):
        one = Made(f"student-{number:04}", 2.2 * (2 * number / max(count - 1, 1) - 1))
        for place, test in enumerate(tests):
            if test in NO_DISCRIMINATION:
                right = (number * 7 + place) % 5 < 3
            else:
                right = one.ability + draw.gauss(0, 0.5) > HARDNESS.get(test, 0.0)
            if not right:
                kinds = ("visible", "hidden") if test == AMBIGUOUS else ("visible", "visible", "hidden", "error")
                one.failed[test] = draw.choice(kinds)
        if one.ability < -1.9:
            one.failed |= dict.fromkeys(tests[-2:], "not attempted")
        one.mark = None if number % 6 == 0 else float(round(3 + 1.3 * one.ability))
        one.handed_in = DUE - timedelta(minutes=30 + draw.randrange(6 * 24 * 60))
        made.append(one)
    for place, one in enumerate(made[5 : 5 + LATE_TOGETHER]):
        one.handed_in, one.penalty = DUE + timedelta(hours=26, minutes=2 * place), 1.0
    made[20].handed_in = DUE + timedelta(hours=3)
    made[-1].name = ODD_NAME
    made[12].failed[tests[1]] = "cut off"
    return made


def make_class(
    course: Course, lab: Lab, folder: Path, made: list[Made], extras: bool = True, verdicts: bool = True
) -> None:
    """Write a folder that was graded: gradebook, verdicts, reports; without `verdicts` the gradebook alone."""
    built = as_built(course, lab)
    released = nbformat.read(course.released(lab), as_version=4)
    answers = {grade_id(cell): cell.source for cell in released.cells if grade_id(cell)}
    with Gradebook(f"sqlite:///{folder}/gradebook.db", course.id) as gradebook:
        notebook = add_lab(gradebook, lab, built)
        cells = {cell.name: cell for cell in notebook.grade_cells}
        known = {student.id: student for student in gradebook.students}
        gradebook.db.autoflush = False  # until all is in it
        for one in made:
            student = known.get(one.name) or Student(id=one.name, lms_user_id=None)
            submitted = SubmittedAssignment(
                assignment=notebook.assignment, student=student, timestamp=one.handed_in.replace(tzinfo=None)
            )
            copied = SubmittedNotebook(
                notebook=notebook, assignment=submitted, late_submission_penalty=one.penalty or None
            )
            for name, cell in cells.items():
                if cell.cell_type == "markdown":
                    waits = one.mark is None
                    grade = Grade(cell_id=cell.id, manual_score=one.mark, needs_manual_grade=waits)
                else:
                    points = 0.0 if name in one.failed else float(cell.max_score)
                    grade = Grade(cell_id=cell.id, auto_score=points, needs_manual_grade=False)
                copied.grades.append(grade)
            copied.comments += [Comment(cell_id=cell.id) for cell in notebook.solution_cells]
            gradebook.db.add(submitted)
        if extras:
            add_extras(gradebook, notebook, folder, lab)
        gradebook.db.commit()
    if verdicts:
        for one in made:
            write_verdicts(folder, lab, one, built, answers)


def add_lab(gradebook: Gradebook, lab: Lab, built: nbformat.NotebookNode):
    """Make the lab known to the gradebook, as `nbgrader generate_assignment` does."""
    gradebook.add_assignment(lab.name, duedate=DUE.strftime("%Y-%m-%d %H:%M:%S UTC"))
    notebook = gradebook.add_notebook(lab.name, lab.name)
    for name, cell in cells_by_grade_id(built).items():
        parts = [
            SourceCell(name=name, cell_type=cell.cell_type, source=cell.source, locked=SOLUTION_ENTRY not in cell.kinds)
        ]
        parts += (
            [GradeCell(name=name, cell_type=cell.cell_type, max_score=cell.points)] if GRADE_ENTRY in cell.kinds else []
        )
        parts += [SolutionCell(name=name)] if SOLUTION_ENTRY in cell.kinds else []
        for part in parts:
            part.notebook = notebook
            gradebook.db.add(part)
    gradebook.db.commit()
    return notebook


def add_extras(gradebook: Gradebook, notebook, folder: Path, lab: Lab) -> None:
    """Students without points: a file that could not be read, a fault of the machine, not graded yet, nothing."""
    gradebook.db.add(Student(id="nothing-nora"))
    student = Student(id="unreadable-uma")
    submitted = SubmittedAssignment(assignment=notebook.assignment, student=student)
    copied = SubmittedNotebook(notebook=notebook, assignment=submitted)
    grades = [Grade(cell_id=cell.id, auto_score=0.0, needs_manual_grade=False) for cell in notebook.grade_cells]
    copied.grades += grades
    gradebook.db.add(submitted)
    for name, status in (("unreadable-uma", UNREADABLE), ("failed-finn", FAILED)):
        outcome = Outcome(name, "d", reason="it is not JSON" if status == UNREADABLE else "")
        write_report(folder, lab, outcome, Stored("d", status, "it is not JSON" if status == UNREADABLE else "no disk"))
    for name in ("failed-finn", "newcomer-nils"):
        hand_in(folder, lab, name, nbformat.v4.new_notebook())


def write_verdicts(folder: Path, lab: Lab, one: Made, built, answers: dict[str, str]) -> None:
    """The executed notebook of a student, with a report."""
    executed, cuts, notes = copy.deepcopy(built), (), ()
    for number, cell in enumerate(executed.cells):
        name = grade_id(cell) or ""
        kind = one.failed.get(name)
        if cell.cell_type == "code":
            cell.outputs = [output_of(cell, kind)] if kind else []
        if one.failed.get(f"test-{name}") == "not attempted":
            cell.source = answers[name]
        elif name == "scale" and one.failed.get(AMBIGUOUS):
            cell.source = SCRIPT + f"# {one.failed[AMBIGUOUS]}"
        elif cell.cell_type == "markdown" and name:
            cell.source = f"Because of {one.name[-1]}. <script>alert('written')</script>"
        if kind == "cut off":
            cuts = (Cut(number, name, "It took longer than 300 s."),)
    if one.failed.get("test-ink-box"):
        notes = (Note("answer-again", "ink-box", "It exists twice. <script>", review=True),)
    write_text(folder_of(folder, lab, one.name) / f"{lab.name}.ipynb", nbformat.writes(executed))
    outcome = Outcome(one.name, "d", notes=notes, cuts=cuts)
    write_report(folder, lab, outcome, Stored("d", GRADED))


def output_of(cell, kind: str):
    """The error with which a test failed."""
    if kind == "not attempted":
        return error_output("NotImplementedError", "Not done yet: replace these two lines by your answer.")
    if kind == "cut off":
        return error_output("CellTimeout", "It took longer than 300 s.")
    name = grade_id(cell)
    lines = cell.source.splitlines()
    hidden = next(place for place, line in enumerate(lines) if "BEGIN HIDDEN" in line)
    asserts = [place + 1 for place, line in enumerate(lines) if line.startswith("assert")]
    assert HIDDEN_PART.search(cell.source)
    line = next(place for place in asserts if (place > hidden) == (kind == "hidden"))
    said = SAID if name == AMBIGUOUS else f"{name} is wrong in its {kind} part."
    verdict = {"ename": "AssertionError", "evalue": said, "line": line, "hidden": kind == "hidden", "lines": []}
    if kind == "error":
        verdict |= {"ename": "TypeError", "evalue": f"{name}: 'NoneType' object is not iterable"}
    return failure_output(cell.source, verdict)


def folder_of(folder: Path, lab: Lab, student: str) -> Path:
    return cache.step_folder(folder, cache.EXECUTED, student, lab.name)


def write_report(folder: Path, lab: Lab, outcome: Outcome, stored: Stored) -> None:
    """What is kept of a run."""
    place = folder_of(folder, lab, outcome.student)
    write_text(place / cache.REPORT, outcome.as_json())
    write_stored(folder, outcome.student, lab.name, stored)
    assert json.loads((place / "stored.json").read_text())["status"] == asdict(stored)["status"]


def term_course(root: Path, count: int = 3) -> Course:
    """A course of that many light labs, as if it had been built."""
    light = light_course()
    source = light.labs[0]
    head = (light.root / "course.toml").read_text("utf-8").partition("[[labs]]")[0]
    names = [f"{number:02}_light" for number in range(1, count + 1)]
    entries = [f'[[labs]]\nname = "{name}"\nwork_minutes = {30 + 10 * place}\n' for place, name in enumerate(names)]
    for name in names:
        for path in (light.source(source), light.solution(source), light.released(source)):
            target = root / path.relative_to(light.root).parent.parent / name / f"{name}{path.suffix}"
            write_text(target, path.read_text("utf-8"))
    write_text(root / "course.toml", "\n".join([head, *entries]))
    return load_course(root)


def names_of_tests(course: Course, lab: Lab) -> list[str]:
    """The grade ids of a lab's tests."""
    return [str(grade_id(cell)) for cell in cells_with_tests(as_built(course, lab))]
