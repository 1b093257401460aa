"""The section on what became of each task: right, wrong, error, not attempted …; visible against hidden tests."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure as Canvas

from course.grading.feedback.task_state import State
from course.grading.report.attempts import Attempt
from course.grading.report.blocks import Cell, Section, TableBlock, TextBlock
from course.grading.report.classroom import Classroom, Status, Task
from course.grading.report.drawing import INK, draw

# Each outcome with its colour and its hatching, by which it is told apart in grey.
LOOKS = {
    "right": ("#0072B2", ""),
    "wrong": ("#E69F00", ""),
    "wrong, hidden test": ("#E69F00", "///"),
    "error": ("#CC79A7", "xxx"),
    "cut off": ("#333333", ""),
    "not attempted": ("#F2F3F5", ""),
    "marked by hand": ("#56B4E9", "..."),
    "waits to be marked": ("#FFFFFF", "|||"),
    "not known": ("#FFFFFF", "ooo"),
}
_WORDS = {
    State.RIGHT: "right",
    State.ERROR: "error",
    State.CUT_OFF: "cut off",
    State.NOT_ATTEMPTED: "not attempted",
    State.MARKED: "marked by hand",
    State.WAITING: "waits to be marked",
}
HIDDEN_TESTS = (
    "The visible test of a task is in what students get, and they can run it; the hidden one uses other data. A test "
    "ends at the first assertion that fails, so who failed in the hidden part has passed the visible one. A failure in "
    "a function that both parts call counts for the visible part, where the function is."
)


def outcome(attempt: Attempt | None) -> str:
    """What became of a task, one of LOOKS."""
    if attempt is None or attempt.state is None:
        return "not known"
    if attempt.state == State.WRONG:
        return "wrong, hidden test" if attempt.hidden else "wrong"
    return _WORDS[attempt.state]


def count_outcomes(classroom: Classroom) -> dict[str, Counter[str]]:
    """The number of students by outcome for each task; of those whose submissions could be read."""
    read = [student for student in classroom.known if student.status != Status.UNREADABLE]
    return {
        task.name: Counter(outcome(student.attempts.get(task.name)) for student in read) for task in classroom.tasks
    }


def outcomes_section(classroom: Classroom) -> Section:
    """The outcomes as a figure and as tables."""
    counts = count_outcomes(classroom)
    used = [name for name in LOOKS if any(count[name] for count in counts.values())]
    title = "What became of each task"
    if not used:
        return Section("outcomes", title, [TextBlock("No submission could be read.")])
    most_wrong = max(classroom.tasks, key=lambda task: sum(counts[task.name][name] for name in used[1:]))
    alt = (
        f"For each task a bar of all students, divided into {', '.join(used)}. Fewest are right in {most_wrong.label}. "
        "The table below holds the same numbers."
    )
    height = 1.3 + 0.36 * len(classroom.tasks)
    figure = draw(lambda canvas: _paint(canvas, classroom.tasks, counts, used), alt, 9, height, wide=True)
    rows: list[list[Cell]] = [[task.title, *(counts[task.name][name] for name in used)] for task in classroom.tasks]
    table = TableBlock("Students by task and outcome", ("task", *used), rows)
    return Section("outcomes", title, [figure, table, _visible_and_hidden(classroom, counts), TextBlock(HIDDEN_TESTS)])


def _visible_and_hidden(classroom: Classroom, counts: dict[str, Counter[str]]) -> TableBlock:
    rows: list[list[Cell]] = []
    for task in classroom.tasks:
        if task.is_test:
            count = counts[task.name]
            passed = count["right"] + count["wrong, hidden test"]
            tried = passed + count["wrong"]
            share = f"{count['wrong, hidden test'] / passed:.0%}" if passed else ""
            rows.append([task.title, tried, passed, count["right"], count["wrong, hidden test"], share])
    columns = (
        "task",
        "right or wrong",
        "visible test passed",
        "both passed",
        "hidden test failed",
        "of those who passed the visible one",
    )
    return TableBlock("Visible against hidden tests", columns, rows)


def _paint(canvas: Canvas, tasks: Sequence[Task], counts: dict[str, Counter[str]], used: Sequence[str]) -> None:
    axes = canvas.subplots()
    places, left = np.arange(len(tasks)), np.zeros(len(tasks))
    whole = max((sum(count.values()) for count in counts.values()), default=1)
    for name in used:
        colour, hatch = LOOKS[name]
        widths = np.array([counts[task.name][name] for task in tasks], dtype=float)
        axes.barh(places, widths, left=left, color=colour, hatch=hatch, edgecolor=INK, linewidth=0.7, label=name)
        for place, start, width in zip(places, left, widths, strict=True):
            if width >= 0.04 * whole:
                box = {"facecolor": "white", "edgecolor": "none", "pad": 1}
                axes.text(start + width / 2, float(place), f"{width:g}", ha="center", va="center", fontsize=8, bbox=box)
        left += widths
    axes.set_yticks(places, [task.label for task in tasks])
    axes.invert_yaxis()
    axes.set(xlabel="students", xlim=(0, whole or 1))
    canvas.legend(loc="outside upper center", ncols=4, frameon=False, fontsize=9)
