"""The corpus graded by plain nbgrader and by `course grade`, counted side by side: run by `make bench`.

nbgrader gets one submission at a time, as one that stops it would cost all later ones their points; how many would have
stopped a batch is counted. It runs in a sandbox of its own. Submissions of the family "abuse" are not given to
it: without a sandbox, some of them would bring this machine down.
"""

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
from corpus import CASES, Case
from corpus.making import earned, hand_in_all
from light_corpus import COURSE, LIGHT, MADE
from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks.run_all import save_part
from course.config import load_course
from course.grading import grade
from course.grading.options import Options
from course.inbox import submissions
from course.labs.prepare import prepare_lab
from course.text.files import write_text

# The most useful settings that nbgrader offers, so that it is not beaten by its defaults.
SETTINGS = f"""c = get_config()
c.CourseDirectory.course_id = "plain"
c.Execute.timeout = {LIGHT.limits.cell_seconds}
c.IgnorePattern.enabled = True
c.IgnorePattern.pattern = r"[\\s\\S]*"
c.OverwriteCells.add_missing_cells = True
"""
POINTS = """
    SELECT base_cell.name FROM grade JOIN base_cell ON grade.cell_id = base_cell.id WHERE grade.auto_score > 0
"""
RIGHT, LOST, UNDESERVED, STOPS = "right", "points lost", "undeserved points", "would stop the batch"
OURS, PLAIN = "course grade", "plain nbgrader"


def nbgrader(folder: Path, *arguments: str) -> int:
    """The exit code of an nbgrader command that can write nowhere but in its folder."""
    tools = Path(sys.executable).parent
    sandbox = ["bwrap", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp"]
    sandbox += ["--bind", str(folder), str(folder), "--unshare-pid", "--unshare-net", "--die-with-parent"]
    command = [*sandbox, "--chdir", str(folder), str(tools / "nbgrader"), *arguments]
    environment = os.environ | {"HOME": str(folder), "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}"}
    try:
        return subprocess.run(command, env=environment, check=False, timeout=180, capture_output=True).returncode
    except subprocess.TimeoutExpired:
        return 124


def by_nbgrader(case: Case, template: Path) -> tuple[list[str], bool]:
    """The tests that a case got points for, and whether nbgrader stopped with an error."""
    with tempfile.TemporaryDirectory(dir=template.parent) as scratch:
        folder = Path(scratch)
        shutil.copytree(template, folder, dirs_exist_ok=True)
        for name, content in case.make(MADE).items():
            path = folder / "submitted" / "student" / LIGHT.name / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        failed = nbgrader(folder, "autograde", LIGHT.name) != 0
        with sqlite3.connect(folder / "gradebook.db") as connection:
            return [name for (name,) in connection.execute(POINTS)], failed


def template(folder: Path) -> Path:
    """A folder in which nbgrader knows the lab."""
    write_text(folder / "nbgrader_config.py", SETTINGS)
    write_text(folder / "source" / LIGHT.name / f"{LIGHT.name}.ipynb", nbformat.writes(prepare_lab(COURSE, LIGHT)))
    assert nbgrader(folder, "generate_assignment", LIGHT.name) == 0, "nbgrader cannot make the lab"
    return folder


def verdict(case: Case, tests: list[str]) -> str:
    """What the points for these tests are, beside those that the case has earned."""
    earned_tests = set(earned(case, MADE))
    return UNDESERVED if set(tests) - earned_tests else LOST if earned_tests - set(tests) else RIGHT


def plain_counts(folder: Path) -> Iterator[tuple[str, str]]:
    """(family, verdict) of each case but abuse, and a second pair for each that stopped nbgrader."""
    prepared, cases = template(folder / "template"), [case for case in CASES if case.family != "abuse"]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        graded = pool.map(lambda case: by_nbgrader(case, prepared), cases)
        for case, (tests, failed) in zip(cases, track(graded, PLAIN, total=len(cases)), strict=True):
            yield case.family, verdict(case, tests)
            if failed:
                yield case.family, STOPS


def our_counts(folder: Path) -> Iterator[tuple[str, str]]:
    """(family, verdict) of each case, and a second pair for each that is not graded."""
    hand_in_all(folder, MADE)
    handed_in = submissions.require_submissions(folder, LIGHT)
    results = grade.grade(COURSE, LIGHT, folder, handed_in, lambda student: print(".", end="", flush=True), Options())
    by_name = {result.student: result for result in results}
    for case in CASES:
        yield case.family, verdict(case, [test for test, points in by_name[case.name].by_test.items() if points])


def table(counts: dict[str, Counter[tuple[str, str]]]) -> Table:
    """Both ways of grading for each family, one row each."""
    view = Table(title=f"{len(CASES)} submissions of {LIGHT.name}", title_justify="left")
    for heading in ("family", "graded by", RIGHT, LOST, UNDESERVED, STOPS):
        view.add_column(heading, justify="left" if heading in ("family", "graded by") else "right")
    for family in dict.fromkeys(case.family for case in CASES):
        for grader, counted in counts.items():
            numbers = [str(counted[family, outcome]) for outcome in (RIGHT, LOST, UNDESERVED, STOPS)]
            view.add_row(family, grader, *(["–"] * 4 if grader == PLAIN and family == "abuse" else numbers))
    return view


def measure() -> None:
    """Grade the corpus in both ways, print the table and keep the counts for docs/benchmarks.md."""
    os.environ["MNIST_SOURCE"] = "bundled"
    with tempfile.TemporaryDirectory() as scratch:
        (Path(scratch) / "ours").mkdir()
        counts = {PLAIN: Counter(plain_counts(Path(scratch))), OURS: Counter(our_counts(Path(scratch) / "ours"))}
    Console().print(table(counts))
    rows = [
        {"family": family, "by": grader, "what": outcome, "count": count}
        for grader, counted in counts.items()
        for (family, outcome), count in sorted(counted.items())
    ]
    save_part(load_course(Path(__file__).parent), "corpus", rows)
