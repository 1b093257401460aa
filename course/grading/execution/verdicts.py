"""Verdicts as outputs of test cells, from which nbgrader reads the score."""

import math
from typing import Any

from nbformat import NotebookNode
from nbformat.v4 import new_output

from course.grading.execution.cell_outputs import OutputCollector


def showable_outputs(collector: OutputCollector) -> list[NotebookNode]:
    """What a test cell may show: text and figures, but no result and no error, which would be taken for a score."""
    return [output for output in collector.outputs if output.output_type in ("stream", "display_data")]


def failure_output(source: str, verdict: dict[str, Any]) -> NotebookNode:
    """The error of a failed test, with the line of the test that failed and the submission's own lines."""
    lines = source.splitlines()
    line = verdict["line"]
    quoted = [f"line {line}: {lines[line - 1]}"] if 0 < line <= len(lines) else []
    return error_output(verdict["ename"], verdict["evalue"], [*quoted, *verdict["lines"]])


def error_output(name: str, text: str, lines: list[str] | None = None) -> NotebookNode:
    """A cell's error output."""
    return new_output("error", ename=name, evalue=text, traceback=[*(lines or []), f"{name}: {text}"])


def verdict_outputs(cell: NotebookNode, verdict: dict[str, Any]) -> list[NotebookNode]:
    """What a verdict adds to its test cell: an error, or partial credit as the cell's result."""
    if not verdict["passed"]:
        return [failure_output(cell.source, verdict)]
    if verdict["value"] is None:
        return []
    value, max_score = float(verdict["value"]), float(cell.metadata["nbgrader"]["points"])
    if not math.isfinite(value) or not 0 <= value <= max_score:
        text = f"A partial score of {value:g}, where 0 to {max_score:g} are possible: please tell your instructor."
        return [error_output("WrongScore", text)]
    data = {"text/plain": repr(value)}
    return [new_output("execute_result", data=data, execution_count=cell.execution_count)]
