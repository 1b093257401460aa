"""docs/benchmarks.md: what `make bench` measured, as tables."""

from collections.abc import Iterable, Sequence
from typing import Any

from course.grading.execution.executed import STAGES as OF_A_RUN

STAGES = ("mend", *OF_A_RUN)  # as they follow each other
INTRODUCTION = """\
# Benchmarks

What `make bench` measured on one machine ({machine}). It makes this page from `benchmarks.json`.
Ratios come from one run; seconds on your machine will differ.
"""
RUN_ALL = """\
## "Run All" of the labs

Each solution from the start of its kernel to its last cell, on the bundled digits, while a JupyterLab is open. Its
memory is the most that all these processes had at once of what Linux cannot take back from them (`RssAnon`, see
proc(5)): so much a machine must have. The last column is the most that the kernel alone had, with the files of
libraries that are mapped into it.
"""
GRADING = """\
## A class of {lab}

{students} solved submissions, graded by plain `nbgrader autograde` one after the other, and by `course grade`, which
also writes the feedback; twice in turn, and the faster time of each counts. Stages are mean seconds of a submission
while others run beside it: mending, making the sandbox, the lab's imports (or waiting for the process that does them
for all), the start of the kernel, what that of the tests' takes longer, the submission's own cells with its training,
the tests, and the end of both kernels and sandboxes.
"""
OVERHEAD = (
    "With parameters as handed out, sandboxes, the kernel of the tests and mending are {overhead:.0%} of a "
    "submission's time."
)
MEMORY = """\
The two kernels of a submission are copies of one process and share its pages. The most that each had while a solved
submission was graded with its budget, and how much of that no other process had as well:
"""
LARGE = """\
## Large classes

Solved submissions in one batch. The last row of each table is with the students' pages, which come last.
`python -m benchmarks large` measures it.
"""
ONE_CLASS = """\
### {count:,} submissions of {lab}
"""
KILLS = """{kills} worker processes were killed amid it.
"""
WORKERS = """\
## More workers

Solved submissions of {lab}, each of which takes {each:.2f} s if it runs alone. Workers that sleep are a simulation, as
this machine has too few cores: they sleep as long as submissions took and give what came of those, and the main process
does all that it does for a class, but the students' pages. So it shows from where on a class waits for the main
process, and not what workers on one machine take from each other. Ideal is the throughput of one submission alone times
the workers. Only for workers that run submissions, time is from the first outcomes on. `python -m benchmarks workers`
measures it.
"""
AGAIN = """Graded once more, with nothing changed: {again_seconds:.1f} seconds for all of them.
"""
CORPUS = """\
## Odd, broken, greedy and cheating submissions

The submissions of `tests/grading/corpus/`: how many got exactly what they earned. Plain nbgrader was given one
submission at a time, in a sandbox, with its most useful settings, and none of the family "abuse", which could bring the
machine down. A submission that stops nbgrader costs those after it their grades.
"""
SIMILAR = """\
## Copied answers

`course similar` on made classes of {students}, one for each lab and disguise, in each of which three students have the
answers of three others in disguise. All others are on their own: each answer is one of the lab's right answers, with
other names, statements in another order, sub-expressions in variables of their own, sums and comparisons turned round,
and in one of seven a small mistake. At the top: copied pairs that stand on one of the first three places. False: other
pairs that are listed as surprising, of {others:,} in all. `python -m benchmarks similar` measures it.
"""


def page(measured: dict[str, Any]) -> str:
    """The Markdown of the page, with a section for each part that has been measured."""
    parts = [INTRODUCTION.format(machine=measured.get("machine", "none yet"))]
    if runs := measured.get("run_all"):
        rows = [  # a lab that was measured long ago lacks the last figure
            (name, f"{run['seconds']:.1f}", run["peak_mib"], run.get("resident_mib", ""))
            for name, run in sorted(runs.items())
        ]
        parts += [RUN_ALL, table(("lab", "seconds", "memory, MiB", "kernel's resident memory, MiB"), rows)]
    if throughput := measured.get("throughput"):
        parts += class_section(throughput)
    if classes := measured.get("classes"):
        parts += [LARGE, *(part for count in sorted(classes, key=int) for part in large_class_section(classes[count]))]
    if workers := measured.get("workers"):
        parts += workers_section(workers)
    if similar := measured.get("similar"):
        parts += similarity_section(similar)
    if corpus := measured.get("corpus"):
        parts += [CORPUS, corpus_table(corpus)]
    return "\n".join(parts)


def class_section(throughput: dict[str, Any]) -> list[str]:
    """The section on plain nbgrader and the ways of this course."""
    timed = throughput["ways"]
    stages = [stage for stage in STAGES if stage in timed[-1]["stages"]]
    rows = [
        (
            way["what"],
            f"{way['seconds']:.0f}",
            f"{timed[0]['seconds'] / way['seconds']:.1f}",
            *(f"{way['stages'][stage]:.2f}" if way["stages"] else "" for stage in stages),
        )
        for way in timed
    ]
    text = GRADING.format(**throughput)
    parts = [text, table(("", "seconds", "times as fast", *stages), rows), OVERHEAD.format(**throughput) + "\n"]
    if memory := throughput.get("memory"):
        sides = [(use["side"], f"{use['resident_mib']:.0f}", f"{use['own_mib']:.0f}") for use in memory]
        parts += [MEMORY, table(("", "resident, MiB", "its own, MiB"), sides)]
    return parts


def large_class_section(measured: dict[str, Any]) -> list[str]:
    """Time, memory and the main process's share while a large class is graded."""
    reached, rows = measured["reached"], []
    for before, milestone in zip([{"graded": 0, "seconds": 0.0}, *reached], reached, strict=False):
        done = milestone["graded"] - before["graded"]
        each = f"{(milestone['seconds'] - before['seconds']) / done:.2f}" if done else ""
        cpu_each = f"{milestone['main_seconds'] / milestone['graded']:.3f}"
        rows.append(
            (milestone["graded"], f"{milestone['seconds']:.0f}", each, f"{milestone['main_mib']:.0f}", cpu_each)
        )
    process = ("memory of the main process, MiB", "its CPU seconds a submission so far")
    headings = ("graded", "seconds", "seconds each since the row above", *process)
    heading = ONE_CLASS.format(count=reached[-1]["graded"], lab=measured["lab"])
    kills = [KILLS.format(**measured)] if measured["kills"] else []
    return [heading, *kills, table(headings, rows), AGAIN.format(**measured)]


def workers_section(measured: dict[str, Any]) -> list[str]:
    """How throughput grows with the number of workers."""
    rows = [
        (
            row["workers"],
            "sleep" if row["simulated"] else "run submissions",
            row["submissions"],
            f"{row['seconds']:.1f}",
            f"{row['submissions'] / row['seconds']:.2f}",
            f"{row['ideal'] / row['seconds']:.2f}",
            f"{row['main_seconds'] / row['submissions']:.3f}",
        )
        for row in measured["rows"]
    ]
    headings = ("workers", "which", "submissions", "seconds", "a second", "of ideal", "main process's CPU seconds each")
    first = measured["rows"][0]
    each = first["ideal"] * first["workers"] / first["submissions"]
    return [WORKERS.format(lab=measured["lab"], each=each), table(headings, rows, texts=2)]


def similarity_section(rows: Sequence[dict[str, Any]]) -> list[str]:
    """What is found of copied pairs, by disguise, and by lab."""
    counts = ("pairs", "at_the_top", "listed", "false")
    headings = ("copied pairs", "at the top", "listed as surprising", "false")
    parts = []
    for key in ("disguise", "lab"):
        names = list(dict.fromkeys(row[key] for row in rows))
        sums = [(name, *(sum(row[one] for row in rows if row[key] == name) for one in counts)) for name in names]
        parts.append(table((key, *headings), sums))
    students = rows[0]["students"]
    others = sum(row["classes"] * students * (students - 1) // 2 - row["pairs"] for row in rows)
    return [SIMILAR.format(students=students, others=others), *parts]


def corpus_table(rows: Sequence[dict[str, Any]]) -> str:
    """Families and graders, with the number of submissions by outcome."""
    outcomes = ("right", "points lost", "undeserved points", "would stop the batch")
    counts = {(row["family"], row["by"], row["what"]): row["count"] for row in rows}
    pairs = list(dict.fromkeys((row["family"], row["by"]) for row in rows))
    lines = [(*pair, *(counts.get((*pair, outcome), 0) for outcome in outcomes)) for pair in sorted(pairs)]
    return table(("family", "graded by", *outcomes), lines)


def table(headings: Sequence[str], rows: Iterable[Sequence[object]], texts: int = 1) -> str:
    """A Markdown table; the first columns, which hold texts, to the left, all others to the right."""
    lines = [headings, [*["---"] * texts, *["---:"] * (len(headings) - texts)], *rows]
    return "\n".join(f"| {' | '.join(str(field) for field in line)} |" for line in lines) + "\n"
