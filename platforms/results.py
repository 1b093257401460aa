"""What was found on each platform: kept in docs/platforms.json, and shown as docs/platforms.md and as a table."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

from rich.table import Table

from course.config import Course
from course.files import write_text
from platforms.sets import PackageSet, read_sets
from platforms.trials import Trial

SHOWN = ("tensorflow", "keras", "numpy", "pandas", "matplotlib", "seaborn", "ipython", "ipykernel")
ALIASES = {"tensorflow": "tensorflow-cpu"}
INTRODUCTION = """\
# Platforms

Where the labs are opened, and what was tried there. `make test-platforms` makes an environment for each set of
packages, publishes the students' edition, and does there what students do: the set-up cell from an empty folder, every
solution from top to bottom, every student copy to its first task. What was solved there is then graded here, with a
right and a wrong answer of a light lab and of one with TensorFlow. It writes this page from `platforms.json`.
"""


@dataclass(frozen=True)
class Found:
    """What came out for one set: the day, the versions, the trials; or why it was skipped."""

    what: str
    day: str
    python: str
    versions: dict[str, str]
    trials: list[dict[str, Any]]
    skipped: str = ""


def found(chosen: PackageSet, versions: dict[str, str], trials: Iterable[Trial], skipped: str = "") -> Found:
    """The result of a set as it is kept."""
    shown = {name: versions.get(name) or versions.get(ALIASES.get(name, ""), "") for name in SHOWN}
    kept = [asdict(trial) for trial in trials]
    return Found(chosen.what, date.today().isoformat(), chosen.python, shown if versions else {}, kept, skipped)


def place(course: Course) -> Path:
    """Where results are kept; the page lies beside it."""
    return course.root / "docs" / "platforms.json"


def read(course: Course) -> dict[str, Any]:
    """What is kept, by the names of the sets."""
    return json.loads(place(course).read_text("utf-8")) if place(course).is_file() else {}


def save(course: Course, results: dict[str, Found]) -> Path:
    """Keep the results beside those of sets that were not tried now, and write the page; return it."""
    kept = read(course) | {name: asdict(result) for name, result in results.items()}
    write_text(place(course), json.dumps(kept, indent=2, sort_keys=True) + "\n")
    return write_text(place(course).with_suffix(".md"), page(kept))


def page(kept: dict[str, Any]) -> str:
    """The Markdown of the page."""
    names = ("set", "Python", *SHOWN, "tried on")
    lines = [INTRODUCTION, "## Versions\n", _row(names), _row("---" for _ in names)]
    for name, result in sorted(kept.items()):
        versions = [result["versions"].get(package) or "–" for package in SHOWN]
        lines.append(_row((f"{name}: {result['what']}", result["python"], *versions, result["day"])))
    lines += [
        "",
        "## What was tried\n",
        _row(("set", "trial", "passed", "failed")),
        _row(["---", "---", "---:", "---:"]),
    ]
    for name, result in sorted(kept.items()):
        if result["skipped"]:
            lines.append(_row((name, f"skipped: {result['skipped']}", "–", "–")))
        for trial in result["trials"]:
            lines.append(_row((name, trial["what"], str(trial["passed"]), str(len(trial["problems"])))))
    lines += [_row((name, "not tried yet", "–", "–")) for name in read_sets() if name not in kept]
    problems = [f"- {name}, {trial['what']}: {problem}" for name, trial, problem in _problems(kept)]
    return "\n".join([*lines, *(["", "## What went wrong\n", *problems] if problems else [])]) + "\n"


def table(results: dict[str, Found]) -> Table:
    """The results of this run for the terminal."""
    view = Table(title="platforms", title_justify="left")
    for heading in ("set", "trial", "passed", "failed"):
        view.add_column(heading, justify="right" if heading in ("passed", "failed") else "left")
    for name, result in results.items():
        if result.skipped:
            view.add_row(name, f"skipped: {result.skipped}", "–", "–")
        for trial in result.trials:
            view.add_row(name, trial["what"], str(trial["passed"]), str(len(trial["problems"])))
    return view


def problems(results: dict[str, Found]) -> list[str]:
    """Each thing that went wrong in this run, with the set and the trial."""
    kept = {name: asdict(result) for name, result in results.items()}
    return [f"{name}, {trial['what']}: {problem}" for name, trial, problem in _problems(kept)]


def _problems(kept: dict[str, Any]) -> list[tuple[str, dict[str, Any], str]]:
    return [
        (name, trial, problem)
        for name, result in sorted(kept.items())
        for trial in result["trials"]
        for problem in trial["problems"]
    ]


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
