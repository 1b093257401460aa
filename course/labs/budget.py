"""What keeps a lab at its grading budget: every parameter has a value there, and all cells but answers follow it."""

import ast
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from nbformat import NotebookNode

from course.labs.sources import is_answer, plain_python, tagged

FORM = "NAME = VALUE  # full run: VALUE"
LOADS_SOME = "load_mnist"  # of data_utils: takes how many digits
LOADS_EVERYTHING = "load_data"  # of keras.datasets: always all of them


def budget_problems(notebook: NotebookNode, budget: Mapping[str, Any]) -> list[str]:
    """What lets a submission run at another size than the budget of course.toml says."""
    problems, values = list[str](), dict[str, Any]()
    for cell in tagged(notebook, "parameters"):
        for statement in syntax_tree(cell).body:
            parameter = parameter_value(statement)
            if parameter is None:
                problems.append(f"{ast.unparse(statement)!r} among the parameters is not of the form '{FORM}'.")
            else:
                values |= parameter
    return [
        *problems,
        *parameter_mismatches(values, budget),
        *(text for cell in notebook.cells for text in cell_violations(cell, set(values))),
    ]


def syntax_tree(cell: NotebookNode) -> ast.Module:
    """A code cell as a syntax tree; an empty one if it is no Python, which its execution will say."""
    return python_tree(cell.source)


def python_tree(source: str) -> ast.Module:
    """The text of a code cell as a syntax tree; an empty one if it is no Python."""
    try:
        return ast.parse(plain_python(source))
    except SyntaxError:
        return ast.parse("")


def parameter_value(statement: ast.stmt) -> dict[str, Any] | None:
    """Name and value of a parameter, or None if the statement is something else."""
    if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
        return None
    target = statement.targets[0]
    try:
        return {target.id: ast.literal_eval(statement.value)} if isinstance(target, ast.Name) else None
    except ValueError:
        return None


def parameter_mismatches(values: Mapping[str, Any], budget: Mapping[str, Any]) -> Iterator[str]:
    """Parameters that the budget lacks, and names in it that are none."""
    for name, value in values.items():
        if name not in budget:
            yield (
                f"the parameter {name} is not in the lab's budget in course.toml, so a student who sets it for a full "
                f"run is graded with that. Add {name} = {value!r}, or less."
            )
        elif type(budget[name]) is not type(value):
            yield f"the budget in course.toml sets {name} to {budget[name]!r}, which is no {type(value).__name__}."
    for name in budget.keys() - values.keys():
        close_matches = get_close_matches(name, values, 1)
        hint = f" Did you mean {close_matches[0]}?" if close_matches else ""
        yield f"the budget in course.toml sets {name}, a parameter that the lab does not have.{hint}"


def cell_violations(cell: NotebookNode, parameters: set[str]) -> Iterator[str]:
    """Where a code cell that is no answer does not follow the budget."""
    if cell.cell_type != "code" or is_answer(cell):
        return
    where, sets_parameters = f"in «{cell.source.strip()[:40]}»", "parameters" in cell.metadata.get("tags", [])
    for node in ast.walk(syntax_tree(cell)):
        if (
            isinstance(node, ast.Name)
            and isinstance(node.ctx, ast.Store)
            and node.id in parameters
            and not sets_parameters
        ):
            yield f"{where}, the parameter {node.id} gets another value, which undoes the budget. Use another name."
        if isinstance(node, ast.Call) and called_name(node) == LOADS_EVERYTHING:
            yield f"{where}, {ast.unparse(node)} loads everything, whatever the budget says. Use {LOADS_SOME}."
        if isinstance(node, ast.Call) and called_name(node) == LOADS_SOME and not follows_parameters(node, parameters):
            yield (
                f"{where}, {ast.unparse(node)} does not follow the budget. Make both numbers of parameters, such as "
                "min(500, N_TEST)."
            )


def called_name(call: ast.Call) -> str:
    """The last part of the name of what is called."""
    return ast.unparse(call.func).split(".")[-1]


def follows_parameters(call: ast.Call, parameters: set[str]) -> bool:
    """Whether both numbers of digits depend on a parameter."""
    sizes = [*call.args, *(keyword.value for keyword in call.keywords)]
    return len(sizes) == 2 and all(
        any(isinstance(node, ast.Name) and node.id in parameters for node in ast.walk(size)) for size in sizes
    )
