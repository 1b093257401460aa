"""The command of `make test-platforms`: `python -m platforms [SET]...`."""

import os
import tempfile
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.status import Status

from course.cli.terminal import console, error_console, log_to_file, new_app, run_app
from course.config import Course, load_course
from course.errors import CourseError
from course.text.files import write_text
from platforms.binder import binder_environment
from platforms.environments import environment, grader, versions
from platforms.results import Found, found, problems, read, save, table
from platforms.sets import PackageSet, read_sets
from platforms.short_table import with_short_table
from platforms.tools import NotHereError, PlatformError, index_answers
from platforms.trials import Edition, Say, Trial, make_edition, trials

app = new_app()
GRADED = "01_data_inspection", "05_lenet5_train_on_batch"


@app.command()
def platforms(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[SET]...", help="All sets of sets.toml if none.")
    ] = None,
) -> None:
    """Open, solve, hand in and grade the labs with each set of packages; ends with 1 if something failed."""
    course, sets = load_course(), read_sets()
    if unknown := sorted(set(names or []) - set(sets)):
        raise CourseError(f"There is no set {unknown[0]!r}. The sets are: {', '.join(sets)}.")
    results: dict[str, Found] = {}
    with (
        log_to_file(course.root, "platforms"),
        error_console.status("publishing") as status,
        tempfile.TemporaryDirectory() as place,
    ):
        edition = make_edition(course, Path(place))
        for name in names or sets:
            results[name] = try_set(course, sets[name], edition, partial(announce, status, name))
            written = save(course, results)  # at once: all of them together take long
            write_readme(course)
    console.print(table(results))
    console.print(f"wrote {written.relative_to(course.root)}", highlight=False)
    failed = problems(results)
    for problem in failed:
        console.print(problem, markup=False, highlight=False)
    passed = sum(trial.passed for result in results.values() for trial in result.trials)
    console.print(f"{passed} passed, {len(failed)} failed", highlight=False)
    raise typer.Exit(bool(failed))


def write_readme(course: Course) -> None:
    """Set the short table in README.md, if it has one."""
    readme = course.root / "README.md"
    write_text(readme, with_short_table(readme.read_text("utf-8"), read(course)))


def announce(status: Status, name: str, text: str) -> None:
    """Show what is being done with a set."""
    status.update(f"{name}: {text}")


def try_set(course: Course, chosen: PackageSet, edition: Edition, say: Say) -> Found:
    """All trials with one set; that it cannot be made is a trial that failed, unless this machine is the reason."""
    say("making the environment")
    try:
        python = binder_environment(course, chosen, edition.folder) if chosen.replayed else environment(course, chosen)
        grading = grader(course, chosen) if chosen.grades else None
    except NotHereError as error:
        return found(chosen, {}, (), str(error))
    except PlatformError as error:
        if not index_answers():
            return found(chosen, {}, (), f"No index of packages answers. {error}")
        return found(chosen, {}, [Trial("environment", problems=[str(error)])])
    labs = [lab for lab in course.labs if lab.name in GRADED]
    return found(chosen, versions(python), list(trials(course, chosen, python, edition, labs, say, grading)))


if __name__ == "__main__":
    os.environ["MNIST_SOURCE"] = "bundled"
    run_app(app)
