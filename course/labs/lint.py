"""The rules every lab's source keeps, checked before anything is built."""

import ast
import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from course.config.rules import DEFAULT_RULES, Rules
from course.errors import LintError
from course.labs.budget import budget_problems
from course.labs.markers import HIDDEN_MARKERS, SOLUTION_MARKERS, has_any, marker_problems
from course.labs.prose_rules import text_problems
from course.labs.sources import (
    cells_with_tests,
    grade_id,
    is_answer,
    is_test,
    is_written,
    marking_schemes,
    points_by_cell,
    shell_lines,
    tagged,
)
from course.labs.stamp import FACTS, SETUP
from course.testing.cell_steps import mark_hidden_parts, runs_beside_answer
from course.text.markdown import headings, images_without_text

OR_SET = ", or set `rules = {{ {key} = {value} }}` for the lab in course.toml."


def lint(path: Path, notebook: NotebookNode, budget: Mapping[str, Any], rules: Rules = DEFAULT_RULES) -> None:
    """Raise `LintError` with every broken rule, one a line, each with the cell and what to do."""
    problems = [*structure(notebook, rules), *grading(notebook, rules), *prose(notebook), *shell(notebook)]
    problems += [*text_problems(notebook), *budget_problems(notebook, budget)]
    if problems:
        raise LintError("\n".join([f"{path} breaks the rules of a lab:", *(f"  - {text}" for text in problems)]))


def structure(notebook: NotebookNode, rules: Rules = DEFAULT_RULES) -> list[str]:
    """Size, and the cells every lab has exactly once."""
    problems = []
    if len(notebook.cells) > rules.most_cells:
        problems.append(
            f"it has {len(notebook.cells)} cells; a lab has at most {rules.most_cells}. Shorten or merge"
            f"{OR_SET.format(key='most_cells', value=len(notebook.cells))}"
        )
    for tag in (FACTS, SETUP, "parameters"):
        count = len(tagged(notebook, tag))
        if count != 1:
            problems.append(f"{count} cells are tagged {tag!r}; there must be exactly one.")
    for cell in tagged(notebook, "parameters"):
        for line in cell.source.splitlines():
            if re.match(r"\w+ *=", line) and "# full run: " not in line:
                problems.append(f"parameter {line.strip()!r} lacks the comment '# full run: VALUE'.")
    return problems


def grading(notebook: NotebookNode, rules: Rules = DEFAULT_RULES) -> list[str]:
    """Grade ids, points, and what each graded cell must contain."""
    problems = []
    ids = Counter(name for cell in notebook.cells if (name := grade_id(cell)))
    for name, count in ids.items():
        if count > 1:
            problems.append(f"the grade id {name!r} is used by {count} cells. Give each its own.")
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", name):
            problems.append(f"the grade id {name!r} may hold only letters, digits, - and _, at most 64.")
    total = sum(points_by_cell(notebook).values())
    if total != rules.points:
        problems.append(
            f"the points add up to {total:g}; they must be {rules.points}. Change them"
            f"{OR_SET.format(key='points', value=f'{total:g}')}"
        )
    tests = cells_with_tests(notebook)
    if len(tests) < rules.fewest_tests:
        problems.append(
            f"it has {len(tests)} test cells; a lab has at least {rules.fewest_tests}. Add tasks"
            f"{OR_SET.format(key='fewest_tests', value=len(tests))}"
        )
    if not any(is_written(cell) for cell in notebook.cells):
        problems.append("it has no written question.")
    for name, scheme in marking_schemes(notebook).items():
        if not scheme:
            problems.append(f"the cell before {name!r} must end in a paragraph '**Marking scheme.** …'.")
    for cell in notebook.cells:
        problems += graded_cell_problems(cell, set(ids))
    return problems


def graded_cell_problems(cell: NotebookNode, ids: set[str]) -> list[str]:
    """Problems of one cell: its markers, and tests that are hidden, visible, and belong to an answer."""
    name = grade_id(cell) or f"«{cell.source[:40]}»"
    problems = [f"cell {name!r}: {problem}" for problem in marker_problems(cell.source)]
    if is_test(cell):
        answer = name.removeprefix("test-")
        if answer == name or answer not in ids:
            problems.append(f"test cell {name!r} must be called 'test-' and the grade id of an answer cell.")
        problems += missing_marker(cell, name, HIDDEN_MARKERS)
        problems += beside_problems(cell, name)
        if "assert" not in cell.source.split(HIDDEN_MARKERS[0])[0]:
            problems.append(f"test cell {name!r} has no visible assertion before {HIDDEN_MARKERS[0]!r}.")
    elif has_any(cell.source, HIDDEN_MARKERS):
        problems.append(f"cell {name!r} has hidden tests but is not a test cell; students would see them.")
    if is_answer(cell):
        problems += missing_marker(cell, name, SOLUTION_MARKERS)
    elif has_any(cell.source, SOLUTION_MARKERS):
        problems.append(f"cell {name!r} has a solution but is not an answer cell; students would see it.")
    return problems


def missing_marker(cell: NotebookNode, name: str, markers: tuple[str, str]) -> list[str]:
    """Whether the cell has a part between these markers."""
    return [] if markers[0] in cell.source else [f"cell {name!r} has no line {markers[0]!r}."]


def beside_problems(cell: NotebookNode, name: str) -> list[str]:
    """What would keep a test cell from being run beside a submission, or let the submission decide."""
    try:
        tree = ast.parse(mark_hidden_parts(cell.source))
    except SyntaxError as error:
        return [f"test cell {name!r} cannot be read (line {error.lineno}); hidden tests begin and end at statements."]
    functions = [
        function
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef) and runs_beside_answer(function)
    ]
    problems = [
        f"in test cell {name!r}, {function.name} asserts something where the answer runs; return what is found instead."
        for function in functions
        if any(isinstance(part, ast.Assert | ast.Raise) for part in ast.walk(function))
    ]
    nested = [function.name for function in functions if function not in tree.body]
    return problems + [
        f"in test cell {name!r}, {function} is marked and must not stand in other code." for function in nested
    ]


def prose(notebook: NotebookNode) -> list[str]:
    """Headings in order and alternative texts."""
    problems = []
    level, titles = 0, 0
    for cell in notebook.cells:
        if cell.cell_type != "markdown":
            continue
        for address in images_without_text(cell.source):
            problems.append(f"the image {address!r} in «{cell.source[:40]}» has no alternative text.")
        for depth, text in headings(cell.source):
            titles += depth == 1
            if depth > level + 1:
                problems.append(f"the heading {text!r} jumps from level {level} to {depth}.")
            level = depth
    if titles != 1:
        problems.append(f"it has {titles} headings of level 1; there must be one, the title.")
    return problems


def shell(notebook: NotebookNode) -> list[str]:
    """Comments that Jupytext takes for commands, as both look the same in a py:percent file."""
    return [
        f"the line {line!r} in «{cell.source[:40]}» is run as a shell command. "
        "A comment should begin with another word or a capital letter; a command with an exclamation mark."
        for cell in notebook.cells
        if cell.cell_type == "code"
        for line in shell_lines(cell.source)
    ]
