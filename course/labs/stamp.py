"""What a lab gets when it is built: badges and facts, the set-up, and a line by which a test says that it passed."""

import ast
import json
import math
import re
from typing import Any

from nbformat import NotebookNode

from course.config import Course, Lab
from course.labs.budget import python_tree, syntax_tree
from course.labs.links import archive, binder, colab, lab_path
from course.labs.sources import HIDDEN_PART, cells_with_tests, points_by_cell, tagged

FACTS, SETUP = "stamp-facts", "stamp-setup"

SOURCE_VARIABLE = "CNN_LABS_SOURCE"  # of the environment: another place to install the package from

SETUP_TEXT = """\
# Run this cell first. Where the course's helper package is missing, as in Colab, or older than this lab, it is
# installed, once.
import importlib
import importlib.util
import os
import pathlib
import subprocess
import sys

names_needed = {names}
helper = importlib.util.find_spec("data_utils")
helper_text = pathlib.Path(helper.origin).read_text("utf-8") if helper and helper.origin else ""
if not helper_text or not all(f'"{{name}}"' in helper_text for name in names_needed):
    source = os.environ.get("{variable}", "{source}")
    command = [sys.executable, "-m", "pip", "install", "--quiet", source]
    if helper_text:  # an older one: it is replaced, and nothing else
        command += ["--force-reinstall", "--no-deps"]
    if subprocess.run(command, check=False).returncode:
        raise ImportError(f"data_utils could not be installed from {{source}}. Is there a network? Run this again.")
    importlib.invalidate_caches()
    print("data_utils, the course's helper package, is installed. If an import below fails all the same, restart the")
    print("kernel (in Colab: Runtime > Restart session), and run the notebook from its first cell.")"""

PASSED = {
    True: "All tests shown here pass. With the hidden tests of grading, this task gives {points}.",
    False: "All tests pass: {points}.",
}
PASSED_LINE = re.compile(r'\nprint\("All tests [^"\n]*"\)\s*\Z')


def stamp_lab(course: Course, lab: Lab, notebook: NotebookNode) -> None:
    """Fill the stamped cells of a lab's source, and let each test say that it passed, in place."""
    for cell in tagged(notebook, FACTS):
        cell.source = f"{badges(course, lab)}\n\n{facts(course, lab, notebook)}"
    names = json.dumps(helper_names(notebook))
    for cell in tagged(notebook, SETUP):
        cell.source = SETUP_TEXT.format(names=names, variable=SOURCE_VARIABLE, source=archive(course))
    for cell in cells_with_tests(notebook):
        cell.source = PASSED_LINE.sub("", cell.source)  # of an earlier build
        if not gives_partial_credit(cell):
            cell.source += f"\n{passed_line(cell)}"


def helper_names(notebook: NotebookNode) -> list[str]:
    """What the students' copy of a lab imports from the helper package, sorted; an older one may lack some of it."""
    visible = [HIDDEN_PART.sub("", cell.source) for cell in notebook.cells if cell.cell_type == "code"]
    nodes = [node for source in visible for node in ast.walk(python_tree(source)) if isinstance(node, ast.ImportFrom)]
    return sorted({alias.name for node in nodes if node.module == "data_utils" for alias in node.names})


def gives_partial_credit(cell: NotebookNode) -> bool:
    """Whether a test cell ends with an expression that is no call: its value is the score."""
    last = syntax_tree(cell).body[-1:]
    return any(isinstance(statement, ast.Expr) and not isinstance(statement.value, ast.Call) for statement in last)


def passed_line(cell: NotebookNode) -> str:
    """The statement by which a test cell says that it passed, and how many points that is."""
    points = float(cell.metadata["nbgrader"]["points"])
    amount = "1 point" if points == 1 else f"{points:g} points"
    return f'print("{PASSED[bool(HIDDEN_PART.search(cell.source))].format(points=amount)}")'


def badges(course: Course, lab: Lab) -> str:
    """The Markdown of both badges, pointing at the student copy."""
    path = lab_path(lab)
    return (
        f"[![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)]({colab(course, path)})\n"
        f"[![Open in Binder](https://mybinder.org/badge_logo.svg)]({binder(course, path)})"
    )


def facts(course: Course, lab: Lab, notebook: NotebookNode) -> str:
    """One line: points, minutes to plan, and what "Run All" took."""
    total = sum(points_by_cell(notebook).values())
    parts = [f"**{total:g} points**", f"plan about {lab.work_minutes} minutes"]
    if measured := run_all(course, lab):
        needs = f"{minutes_in_words(measured['seconds'])} and {gibibytes_in_words(measured['peak_mib'])} of memory"
        parts.append(f"*Run All* of the finished lab takes {needs} (measured on 2 cores)")
    return " · ".join(parts)


def run_all(course: Course, lab: Lab) -> dict[str, float] | None:
    """What `make bench` measured for the lab, its `seconds` and `peak_mib`; None before the first measurement."""
    if not course.measurements.is_file():
        return None
    measured: dict[str, Any] = json.loads(course.measurements.read_text("utf-8"))
    entry: dict[str, float] | None = measured.get("run_all", {}).get(lab.name)
    return entry


def minutes_in_words(seconds: float) -> str:
    """A duration in minutes: "about 0.2 minutes"."""
    return f"about {max(seconds / 60, 0.1):.1f} minutes"


def gibibytes_in_words(mebibytes: float) -> str:
    """Memory in GiB, rounded up: "1.1 GiB"."""
    return f"{math.ceil(mebibytes / 1024 * 10) / 10:.1f} GiB"
