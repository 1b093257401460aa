"""Verdicts as outputs of test cells, from which nbgrader reads the score."""

import math
import re
from typing import Any

from nbformat import NotebookNode
from nbformat.v4 import new_output

from course.grading.execution.cell_outputs import OutputCollector
from course.testing.errors import CutOff

FAILED_LINE = re.compile(r"(hidden )?line (\d+): ")  # begins the traceback of a failed test


def showable_outputs(collector: OutputCollector) -> list[NotebookNode]:
    """What a test cell may show: text and figures, but no result and no error, which would be taken for a score."""
    return [output for output in collector.outputs if output.output_type in ("stream", "display_data")]


def failure_output(source: str, verdict: dict[str, Any]) -> NotebookNode:
    """The error of a failed test, with the line of the test that failed and the submission's own lines."""
    lines = source.splitlines()
    line = verdict["line"]
    where = f"hidden line {line}" if verdict["hidden"] else f"line {line}"
    quoted = [f"{where}: {lines[line - 1]}"] if 0 < line <= len(lines) else []
    return error_output(verdict["ename"], verdict["evalue"], [*quoted, *verdict["lines"]])


def failed_line(error: NotebookNode) -> tuple[int, bool]:
    """The line of the test at which it failed, and whether in a hidden part, from what `failure_output` made.

    A function that is defined before the hidden part is in it where it is called there. (0, False) if it is not known.
    """
    match = FAILED_LINE.match(str(next(iter(error.get("traceback", [])), "")))
    return (int(match[2]), bool(match[1])) if match else (0, False)


def error_output(name: str, text: str, lines: list[str] | None = None) -> NotebookNode:
    """A cell's error output."""
    return new_output("error", ename=str(name), evalue=text, traceback=[*(lines or []), f"{name}: {text}"])


def verdict_outputs(cell: NotebookNode, verdict: dict[str, Any]) -> list[NotebookNode]:
    """What a verdict adds to its test cell: an error, or partial credit as the cell's result."""
    if not verdict["passed"]:
        return [failure_output(cell.source, verdict)]
    if verdict["value"] is None:
        return []
    value, max_score = float(verdict["value"]), float(cell.metadata["nbgrader"]["points"])
    if not math.isfinite(value) or not 0 <= value <= max_score:
        text = f"A partial score of {value:g}, where 0 to {max_score:g} are possible: please tell your instructor."
        return [error_output(CutOff.WRONG_SCORE, text)]
    data = {"text/plain": repr(value)}
    return [new_output("execute_result", data=data, execution_count=cell.execution_count)]
