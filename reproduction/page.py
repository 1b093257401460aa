"""docs/reproduction.md: the published figures beside those of the runs that are kept."""

from typing import Any

from course.config import Course
from reproduction.runs import SECOND_CELL, Run, read_runs, second_key
from reproduction.systems import Figure, Plan, SecondSetting, read_plans, read_systems

INTRODUCTION = """\
# Reproduction

The labs rebuild published systems. Here is each figure that was published beside the one that the lab gives when
it is run at full size on the whole of MNIST. `python -m reproduction [LAB]...` makes this page: it runs the labs with
the values of their "full run" comments and takes each figure from the finished notebook. Times are seconds of the cell
that trains, with the CPU seconds of all cores in brackets, on {machines}.
"""
HEADINGS = "| figure | published | here | time here | remark |\n| --- | ---: | ---: | ---: | --- |"
SECOND_HEADINGS = (
    "| setting | published | reached | its training | published setting's training | share of the time |\n"
    "| --- | ---: | ---: | ---: | ---: | ---: |"
)
NOT_YET = "not run yet"
MOST_SHARE = 1 / 3  # of the published setting's training time


def page(course: Course) -> str:
    """The Markdown of the page."""
    plans, runs = read_plans(course), read_runs(course)
    machines = "; ".join(sorted({run.machine for run in runs.values()})) or "no machine yet"
    parts = [INTRODUCTION.format(machines=machines)]
    for letter, system in read_systems(course).items():
        figure_rows = [row(plan, figure, runs) for plan in plans for figure in plan.figures if figure.system == letter]
        second_rows = [
            second_row(plan, second, runs) for plan in plans for second in plan.seconds if second.system == letter
        ]
        if not figure_rows and not second_rows:
            continue  # no lab of this course rebuilds it
        parts.append(f"## {letter}. {system.title}\n\n{system.source}.\n")
        parts.append("\n".join([HEADINGS, *figure_rows]) + "\n")
        if second_rows:
            parts.append("The same architecture in a setting chosen by the course:\n")
            parts.append("\n".join([SECOND_HEADINGS, *second_rows]) + "\n")
    return "\n".join(parts)


def row(plan: Plan, figure: Figure, runs: dict[str, Run]) -> str:
    """One figure's line of the table."""
    run = runs.get(plan.lab.name)
    if run is None or figure.name not in run.values:
        reached, time = NOT_YET, ""
    else:
        verdict = {True: " ✓", False: " ✗ not reached", None: ""}[figure.reached(run.values[figure.name])]
        reached = value_text(run.values[figure.name]) + verdict
        time = seconds(run.times[figure.time]) if figure.time else ""
    name = f"{figure.name} (lab {int(plan.lab.name[:2])})"
    return f"| {name} | {value_text(figure.published)} | {reached} | {time} | {figure.note} |"


def second_row(plan: Plan, second: SecondSetting, runs: dict[str, Run]) -> str:
    """One second setting's line of the table."""
    second_run, published_run = runs.get(second_key(plan, second)), runs.get(plan.lab.name)
    if second_run is None or published_run is None or second.what not in second_run.values:
        return f"| {second.what} | {value_text(second.published)} | {NOT_YET} | | | |"
    reached = second_run.values[second.what]
    verdict = "✓" if reached >= second.published else "✗ not reached"
    own_time, published_time = second_run.times[SECOND_CELL], published_run.times[second.beside]
    cells = [
        second.what,
        value_text(second.published),
        f"{value_text(reached)} {verdict}",
        seconds(own_time),
        seconds(published_time),
    ]
    share = own_time[0] / published_time[0]
    return f"| {' | '.join(cells)} | {share:.0%} {'✓' if share <= MOST_SHARE else '✗ too long'} |"


def seconds(time: tuple[float, float]) -> str:
    """Wall-clock and CPU seconds."""
    return f"{time[0]:,.1f} s ({time[1]:,.0f} s)"


def value_text(value: Any) -> str:
    """A count with thousands separated, a share with four digits, a shape in brackets, a text as it is."""
    match value:
        case bool() | str():
            return str(value)
        case int():
            return f"{value:,}"
        case float():
            return f"{value:.4f}" if abs(value) < 10 else f"{value:,.1f}"
        case list():
            return "(" + ", ".join(value_text(part) for part in value) + ")"
    raise TypeError(f"a published figure is a number, a text or a list of them, not {value!r}")
