"""What was found on each platform: kept in docs/platforms.json, and shown as docs/platforms.md and as a table."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

from rich.table import Table

from benchmarks.page import table as markdown_table
from course.config import Course
from course.text.files import text_if_any, write_text
from platforms.sets import PackageSet, read_sets
from platforms.trials import Trial

SHOWN = ("tensorflow", "keras", "numpy", "pandas", "matplotlib", "seaborn", "ipython", "ipykernel")
ALIASES = {"tensorflow": "tensorflow-cpu"}
HEADINGS = ("set", "trial", "passed", "failed")
INTRODUCTION = """\
# Platforms

Where the labs are opened, and what was tried there. `make test-platforms` makes an environment for each set of
packages, publishes the students' edition, and does there what students do: the set-up cell from an empty folder, every
solution from top to bottom, every student copy to its first task. What was solved there is then graded here, with a
right and a wrong answer of a light lab and of one with TensorFlow. "Grades there" means that the course as installed
for that Python tries these labs' right and wrong answers and, since December 2026, grades what was solved there, too.
It writes this page from `platforms.json`.

**What is not the place itself.** All sets are environments on one Linux machine. Colab's is made of the versions that
`platforms/sets.toml` pins, Binder's by the steps that repo2docker writes for the edition, without a container. For
Windows and macOS it is only seen that all packages can be had as wheels, and one set runs the labs where text files
are ASCII by default, as they are not UTF-8 on Windows either. **Not tried:** Google's own Colab, mybinder.org, and any
computer with Windows or macOS.
"""


@dataclass(frozen=True)
class Found:
    """What came out for one set: the day, the versions, the trials; or why it was skipped."""

    what: str
    day: str
    python: str
    versions: dict[str, str]
    trials: list[Trial]
    skipped: str = ""


def found(chosen: PackageSet, versions: dict[str, str], trials: Iterable[Trial], skipped: str = "") -> Found:
    """The result of a set as it is kept."""
    shown = {name: versions.get(name) or versions.get(ALIASES.get(name, ""), "") for name in SHOWN}
    today = date.today().isoformat()
    return Found(chosen.what, today, chosen.python, shown if versions else {}, list(trials), skipped)


def place(course: Course) -> Path:
    """Where results are kept; the page lies beside it."""
    return course.root / "docs" / "platforms.json"


def read(course: Course) -> dict[str, Found]:
    """What is kept, by the names of the sets."""
    kept = json.loads(text_if_any(place(course)) or "{}")
    return {
        name: Found(**result | {"trials": [Trial(**trial) for trial in result["trials"]]})
        for name, result in kept.items()
    }


def save(course: Course, results: dict[str, Found]) -> Path:
    """Keep the results beside those of sets that were not tried now, or skipped, and write the page; return it."""
    before = read(course)
    kept = before | {name: result for name, result in results.items() if not (result.skipped and name in before)}
    data = {name: asdict(result) for name, result in kept.items()}
    write_text(place(course), json.dumps(data, indent=2, sort_keys=True) + "\n")
    return write_text(place(course).with_suffix(".md"), page(kept))


def page(kept: dict[str, Found]) -> str:
    """The Markdown of the page."""
    headings = ("set", "Python", *SHOWN, "tried on")
    rows = [
        (
            f"{name}: {result.what}",
            result.python,
            *(result.versions.get(package) or "–" for package in SHOWN),
            result.day,
        )
        for name, result in sorted(kept.items())
    ]
    untried = [(name, "not tried yet", "–", "–") for name in read_sets() if name not in kept]
    parts = [INTRODUCTION, "## Versions\n", markdown_table(headings, rows, texts=len(headings))]
    parts += ["## What was tried\n", markdown_table(HEADINGS, [*trial_rows(kept), *untried], texts=2)]
    listed = "".join(f"- {problem}\n" for problem in problems(kept))
    return "\n".join([*parts, *(["## What went wrong\n", listed] if listed else [])])


def table(results: dict[str, Found]) -> Table:
    """The results of this run for the terminal."""
    view = Table(title="platforms", title_justify="left")
    for heading in HEADINGS:
        view.add_column(heading, justify="right" if heading in ("passed", "failed") else "left")
    for row in trial_rows(results):
        view.add_row(*row)
    return view


def trial_rows(results: dict[str, Found]) -> Iterator[tuple[str, str, str, str]]:
    """A row under `HEADINGS` for each trial of each set, or for why the set was skipped."""
    for name, result in sorted(results.items()):
        if result.skipped:
            yield name, f"skipped: {result.skipped}", "–", "–"
        for trial in result.trials:
            yield name, trial.what, str(trial.passed), str(len(trial.problems))


def problems(results: dict[str, Found]) -> list[str]:
    """Each thing that went wrong, with the set and the trial."""
    return [
        f"{name}, {trial.what}: {problem}"
        for name, result in sorted(results.items())
        for trial in result.trials
        for problem in trial.problems
    ]
