"""How long a lab takes a student, estimated from its words, its given code and its tasks."""

import re
from collections.abc import Iterator

from nbformat import NotebookNode

from course.config import Course, Lab
from course.labs.markers import SOLUTION_MARKERS
from course.labs.sources import is_answer, is_test, is_written, read_source, tagged
from course.labs.stamp import SETUP

# Assumed of somebody who reads with care in a second language; in their first one, adults read 238 words of non-fiction
# a minute on average (Brysbaert 2019, https://doi.org/10.1016/j.jml.2019.104047). No class was timed.
WORDS_A_MINUTE = 160
LINES_A_MINUTE = 11  # of given code
TEST_MINUTES = 6.0  # to understand a task and its test, to try and to correct
ANSWER_LINE_MINUTES = 1.1  # for each line of the model answer
WRITTEN_MINUTES = 8.0  # for each written answer
HINT_SHARE = 0.5  # of the words in hints: not everybody opens them

_HINTS = re.compile(r"<details>.*?</details>", re.DOTALL)
_NO_PROSE = re.compile(r"<[^>]*>|\]\([^)]*\)")  # tags, and where links lead to
_WORD = re.compile(r"[\w'`.]*\w[\w'`.]*")
_OPTIONAL = re.compile(r"^## (Going further|References)", re.MULTILINE)
_BEGIN, _END = SOLUTION_MARKERS


def estimated_minutes(course: Course, lab: Lab) -> float:
    """Minutes that a lab takes up to "Going further", which is optional, by the rates above."""
    notebook = read_source(course.source(lab))
    return sum(map(_minutes, _to_work_through(notebook)))


def _to_work_through(notebook: NotebookNode) -> Iterator[NotebookNode]:
    setup = tagged(notebook, SETUP)
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and _OPTIONAL.search(cell.source):
            return
        if cell not in setup:
            yield cell


def _minutes(cell: NotebookNode) -> float:
    if is_written(cell):
        return WRITTEN_MINUTES
    if is_test(cell):
        return TEST_MINUTES
    if is_answer(cell):
        return ANSWER_LINE_MINUTES * answer_lines(cell.source)
    if cell.cell_type == "markdown":
        return words(cell.source) / WORDS_A_MINUTE
    return len(_code_lines(cell.source)) / LINES_A_MINUTE


def words(text: str) -> float:
    """Words of a text cell, those in hints by their share."""
    hints = "\n".join(_HINTS.findall(text))
    plain, in_hints = (len(_WORD.findall(_NO_PROSE.sub("", part))) for part in (_HINTS.sub("", text), hints))
    return plain + HINT_SHARE * in_hints


def answer_lines(source: str) -> int:
    """Lines of code between the markers of a solution."""
    parts = re.findall(f"{re.escape(_BEGIN)}(.*?){re.escape(_END)}", source, re.DOTALL)
    return sum(len(_code_lines(part)) for part in parts)


def _code_lines(source: str) -> list[str]:
    return [line for line in source.splitlines() if line.strip() and not line.strip().startswith("#")]
