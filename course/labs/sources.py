"""Reading and writing the text source of a lab; Jupytext does the conversion."""

import ast
import hashlib
import re
from pathlib import Path

import jupytext
from IPython.core.inputtransformer2 import TransformerManager
from jupytext.stringparser import StringParser
from nbformat import NotebookNode

from course.errors import LintError
from course.labs.markers import SOLUTION_MARKERS

# Jupytext's own version is left out of the file: it would change the sources at every upgrade.
HEADER_FILTER = "kernelspec,-jupytext.text_representation.jupytext_version,-jupytext.text_representation.format_version"
PERCENT = {"extension": ".py", "format_name": "percent", "cell_metadata_filter": "tags,nbgrader"}
# The part of a test cell that students do not get, as nbgrader marks it.
HIDDEN_PART = re.compile(r"[ \t]*### BEGIN HIDDEN TESTS.*?### END HIDDEN TESTS[ \t]*\n?", re.DOTALL)
# Commands that Jupytext recognises in a comment at the margin, and uncomments.
SHELL = re.compile(r"(cat|cd|cp|mv|rm|rmdir|mkdir|copy|ddir|echo|ls|ldir|ren)($|\s*$|\s[^=,])")
MARKING_SCHEME = re.compile(r"^\*{1,2}Marking( scheme)?[.:]\*{1,2}", re.MULTILINE)
KERNELSPEC = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}


def read_source(path: Path) -> NotebookNode:
    """Read a py:percent file as a notebook of format 4.5 with cell ids that depend on its text alone.

    Raises
    ------
    LintError
        The file is not UTF-8 text, or Jupytext cannot read it.
    """
    try:
        return with_ids(jupytext.reads(path.read_text("utf-8"), fmt=dict(PERCENT)))
    except (UnicodeDecodeError, ValueError, SyntaxError) as error:
        raise LintError(f"{path} cannot be read as a py:percent source: {error}.") from error


def source_text(notebook: NotebookNode) -> str:
    """The py:percent text of a notebook, as it stands in the repository."""
    copy = notebook.copy()
    copy.metadata = NotebookNode(kernelspec=KERNELSPEC, jupytext={"notebook_metadata_filter": HEADER_FILTER})
    text: str = jupytext.writes(copy, fmt=dict(PERCENT))
    # The filters are kept once in solutions/jupytext.toml, not in each file.
    return re.sub(r"#     (cell|notebook)_metadata_filter: .*\n", "", text)


def with_ids(notebook: NotebookNode) -> NotebookNode:
    """The same notebook with the course's metadata and with ids that a rebuild reproduces.

    A cell graded by nbgrader has its grade id as cell id, any other a hash of its text, so that ids survive when
    cells are inserted or moved and a submission can be matched with its lab.
    """
    notebook.metadata = NotebookNode(kernelspec=dict(KERNELSPEC), language_info={"name": "python"})
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    taken: set[str] = set()
    for cell in notebook.cells:
        digest = hashlib.sha256(f"{cell.cell_type}\n{cell.source}".encode()).hexdigest()[:8]
        wanted = grade_id(cell) or f"{cell.cell_type}-{digest}"
        cell.id, count = wanted, 1
        while cell.id in taken:
            count += 1
            cell.id = f"{wanted}-{count}"
        taken.add(cell.id)
    return notebook


def grade_id(cell: NotebookNode) -> str | None:
    """The cell's nbgrader id, or None for a cell that nbgrader does not know."""
    value = cell.metadata.get("nbgrader", {}).get("grade_id")
    return str(value) if value else None


def tagged(notebook: NotebookNode, tag: str) -> list[NotebookNode]:
    """The cells with that tag."""
    return [cell for cell in notebook.cells if tag in cell.metadata.get("tags", [])]


def points_by_cell(notebook: NotebookNode) -> dict[str, float]:
    """Points of each graded cell by grade id, in the notebook's order."""
    graded = [cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("grade")]
    return {cell.metadata["nbgrader"]["grade_id"]: cell.metadata["nbgrader"]["points"] for cell in graded}


def cells_with_tests(notebook: NotebookNode) -> list[NotebookNode]:
    """The cells that nbgrader scores by running them."""
    return [cell for cell in notebook.cells if is_test(cell)]


def is_test(cell: NotebookNode) -> bool:
    """Whether the cell is scored by running it."""
    metadata = cell.metadata.get("nbgrader", {})
    return bool(metadata.get("grade")) and not metadata.get("solution")


def is_written(cell: NotebookNode) -> bool:
    """Whether the cell is a written answer, marked by hand."""
    metadata = cell.metadata.get("nbgrader", {})
    return bool(metadata.get("grade")) and bool(metadata.get("solution"))


def is_answer(cell: NotebookNode) -> bool:
    """Whether students write into the cell."""
    return bool(cell.metadata.get("nbgrader", {}).get("solution"))


def without_markers(source: str) -> str:
    """The text without the lines that mark a solution."""
    return "\n".join(line for line in source.splitlines() if line.strip() not in SOLUTION_MARKERS)


def marking_schemes(notebook: NotebookNode) -> dict[str, str]:
    """The marking scheme of each written question by grade id: what follows those words in the question; or nothing."""
    schemes, question = {}, ""
    for cell in notebook.cells:
        if is_written(cell):
            match = MARKING_SCHEME.search(question)
            schemes[str(grade_id(cell))] = question[match.end() :].strip() if match else ""
        question = cell.source if cell.cell_type == "markdown" else ""
    return schemes


def imports(notebook: NotebookNode) -> str:
    """The import statements of the cells before the first answer, one a line."""
    first = next(index for index, cell in enumerate(notebook.cells) if is_answer(cell))
    code = [cell.source for cell in notebook.cells[:first] if cell.cell_type == "code"]
    statements = [statement for source in code for statement in ast.parse(plain_python(source)).body]
    return "\n".join(ast.unparse(s) for s in statements if isinstance(s, ast.Import | ast.ImportFrom))


def plain_python(source: str) -> str:
    """A cell as Python, with the magics and shell commands that IPython allows in it as calls."""
    return str(TransformerManager().transform_cell(source))  # type: ignore[no-untyped-call]


def shell_lines(source: str) -> list[str]:
    """Lines outside texts that IPython would run as shell commands although nothing marks them as such."""
    commands, parser = [], StringParser("python")
    for line in source.splitlines():
        if not parser.is_quoted() and SHELL.match(line):
            commands.append(line)
        parser.read_line(line)
    return commands
