"""What is tried in each environment, as students do it there: set-up, the solutions, the student copies, handing in."""

import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from course.authoring.publish import publish
from course.authoring.tried_runs import record_file
from course.config import Course, Lab
from course.grading.demo import fill_in, first_by_task, hand_in, model_answers
from course.labs.links import lab_path
from course.labs.prepare import prepare_lab
from course.labs.sources import read_source, tagged
from course.labs.stamp import SOURCE_VARIABLE
from course.labs.variants import read_variants, variants_file
from platforms.environments import versions
from platforms.graded import Grader, here, there
from platforms.notebooks import error_outputs, run_notebook
from platforms.sets import PackageSet
from platforms.tools import PlatformError, uv

NOT_DONE = "NotImplementedError"
OTHER_SYSTEMS = "windows", "macos"
Say = Callable[[str], None]


@dataclass
class Trial:
    """What was tried how often, and each thing that went wrong."""

    what: str
    passed: int = 0
    problems: list[str] = field(default_factory=list)

    def add(self, problem: str) -> None:
        """Count one attempt, which went well if there is no problem to tell."""
        if problem:
            self.problems.append(problem)
        else:
            self.passed += 1


@dataclass(frozen=True)
class Edition:
    """The students' edition in a folder, and its helper package as a wheel."""

    folder: Path
    wheel: Path


def make_edition(course: Course, folder: Path) -> Edition:
    """Publish the students' edition there, and build its package."""
    publish(course, folder / "edition")
    uv("build", "--quiet", "--wheel", "--out-dir", str(folder / "wheels"), str(folder / "edition"))
    return Edition(folder / "edition", next((folder / "wheels").glob("*.whl")))


def try_set_up(course: Course, python: Path, edition: Edition, variables: Mapping[str, str]) -> Trial:
    """The set-up cell installs the helper package, changes no other, and the second time does nothing."""
    trial, before = Trial("set-up cell"), versions(python)
    cell = tagged(read_source(course.source(course.labs[0])), "stamp-setup")[0]
    for source in (str(edition.wheel), "/nowhere/at/all"):
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell.source + "\nimport data_utils")])
        trial.add(run_notebook(python, notebook, {**variables, SOURCE_VARIABLE: source}))
    after = versions(python)
    others = [f"{name} {old} became {after.get(name)}" for name, old in before.items() if after.get(name) != old]
    trial.add(f"other packages changed: {', '.join(others)}" if others else "")
    return trial


def try_solutions(
    course: Course, python: Path, variables: Mapping[str, str], say: Say
) -> tuple[Trial, dict[str, NotebookNode]]:
    """Every solution runs from top to bottom, and no cell shows an error; the executed notebooks by lab."""
    trial, executed = Trial("solutions"), {}
    for lab in course.labs:
        say(f"solution of {lab.name}")
        notebook = prepare_lab(course, lab)
        problems = [run_notebook(python, notebook, variables), *error_outputs(notebook)]
        trial.add("; ".join(f"{lab.name}, {problem}" for problem in problems[:2] if problem))
        executed[lab.name] = notebook
    return trial, executed


def try_student_copies(course: Course, python: Path, edition: Edition, variables: Mapping[str, str], say: Say) -> Trial:
    """Every student copy runs to its first task, and stops there because that is not done."""
    trial = Trial("student copies")
    for lab in course.labs:
        say(f"student copy of {lab.name}")
        notebook = nbformat.read(edition.folder / lab_path(lab), as_version=4)
        stopped = run_notebook(python, notebook, variables) or "it runs through, though nothing is answered"
        trial.add("" if NOT_DONE in stopped else f"{lab.name}, {stopped}")
    return trial


def try_handing_in(
    course: Course, executed: Mapping[str, NotebookNode], labs: list[Lab], grader: Grader, trial: Trial
) -> Trial:
    """What was solved there is graded right: full marks, or without the points of the tasks done wrongly."""
    for lab in labs:
        solution = prepare_lab(course, lab)
        wrong = first_by_task(read_variants(variants_file(course, lab), solution), right=False)[:1]
        answers = model_answers(solution) | {variant.task: variant.answer for variant in wrong}
        due = {"right": set[str](), "wrong": {test for variant in wrong for test in variant.fails}}
        with tempfile.TemporaryDirectory() as place:
            hand_in(Path(place), lab, "right", executed[lab.name])
            hand_in(Path(place), lab, "wrong", fill_in(executed[lab.name], answers))
            try:
                results = grader(lab, Path(place))
            except PlatformError as error:
                trial.add(f"{lab.name}: {error}")
                continue
        for student, expected in due.items():
            lost, reason = results[student]
            told = f"{lab.name}, {student}: lost {', '.join(lost) or 'nothing'}. {reason}"
            trial.add("" if set(lost) == expected else told)
    return trial


def try_variants_there(python: Path, course: Course, labs: list[Lab]) -> Trial:
    """The course itself, on that Python, gives right and wrong answers what they deserve.

    What was tried on this machine's Python stays noted, and nothing of that one.
    """
    trial, noted = Trial("grades there"), record_file(course)
    kept = noted.read_bytes()
    try:
        for lab in labs:
            program = [str(python.with_name("course")), "variants", lab.name]
            done = subprocess.run(program, cwd=course.root, capture_output=True, text=True, check=False)
            trial.add("" if done.returncode == 0 else f"{lab.name}: {(done.stdout + done.stderr).strip()[-500:]}")
    finally:
        noted.write_bytes(kept)
    return trial


def try_other_systems(course: Course, chosen: PackageSet) -> Trial:
    """The locked packages can be had for Windows and macOS, too, as wheels that need no compiler."""
    trial = Trial("installs on Windows and macOS")
    for system in OTHER_SYSTEMS:
        with tempfile.TemporaryDirectory() as place:
            options = ("--python-platform", system, "--python-version", chosen.python, "--only-binary", ":all:")
            listed = str(course.root / chosen.lock)
            try:
                uv("pip", "install", "--quiet", "--dry-run", "--target", place, *options, "--requirement", listed)
                trial.add("")
            except PlatformError as error:
                trial.add(f"{system}: {error}")
    return trial


def trials(
    course: Course,
    chosen: PackageSet,
    python: Path,
    edition: Edition,
    labs: list[Lab],
    say: Say,
    grading: Path | None = None,
) -> Iterator[Trial]:
    """All that is tried in an environment; `labs` are those whose submissions are graded.

    `grading` is the Python for which the course itself is installed, if it is to grade there, too.
    """
    say("set-up cell")
    yield try_set_up(course, python, edition, chosen.variables)
    solved, executed = try_solutions(course, python, chosen.variables, say)
    yield solved
    yield try_student_copies(course, python, edition, chosen.variables, say)
    if chosen.lock and not chosen.replayed:
        yield try_other_systems(course, chosen)
    if not solved.problems:
        say("grading here")
        yield try_handing_in(course, executed, labs, here(course), Trial("graded here"))
    if grading:
        say("grading there")
        tried = try_variants_there(grading, course, labs)
        yield tried if solved.problems else try_handing_in(course, executed, labs, there(course, grading), tried)
