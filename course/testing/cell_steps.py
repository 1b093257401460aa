"""A test cell as it is run beside a submission: statement by statement, with what each needs from the submission."""

import ast
import symtable
from collections.abc import Iterator
from dataclasses import dataclass

TEST_FILE = "<test>"
BEGIN, END = "### BEGIN HIDDEN TESTS", "### END HIDDEN TESTS"
HIDDEN = "__hidden__"  # the function that is called where hidden tests begin and end
BESIDE = "beside_answer"  # the decorator of data_utils for functions that run where the answer is


@dataclass(frozen=True)
class Beside:
    """A function of the test that runs in the submission's kernel: its name, and its text without the decorator."""

    name: str
    text: str


@dataclass(frozen=True)
class Step:
    """A statement, or a function that is to run with the submission; and the names that it needs, if nobody has them.

    The last statement of a cell, if it is an expression, is one: its value may be a partial score.
    """

    code: ast.Module | ast.Expression | Beside
    needs: tuple[str, ...]


def with_parts(source: str) -> str:
    """The same lines, with calls where hidden tests begin and end."""
    marks = {BEGIN: f"{HIDDEN}(True)", END: f"{HIDDEN}(False)"}
    lines = source.splitlines()
    return "\n".join(
        line.replace(line.strip(), marks[line.strip()]) if line.strip() in marks else line for line in lines
    )


def steps(source: str) -> Iterator[Step]:
    """The statements of a test cell, in order."""
    text = with_parts(source)
    tree, wanted = ast.parse(text), global_names(text)
    for place, statement in enumerate(tree.body):
        names = used_in(statement) & wanted
        if isinstance(statement, ast.FunctionDef) and is_beside(statement):
            yield Step(Beside(statement.name, undecorated(statement)), ())
        elif isinstance(statement, ast.Expr) and place == len(tree.body) - 1:
            yield Step(ast.Expression(statement.value), tuple(sorted(names)))
        else:
            yield Step(ast.Module([statement], []), tuple(sorted(names)))


def imports_of_test(source: str) -> str:
    """The import statements of a test cell, one a line."""
    found = [one for one in ast.parse(source).body if isinstance(one, ast.Import | ast.ImportFrom)]
    return "\n".join(ast.unparse(one) for one in found)


def global_names(source: str) -> set[str]:
    """Names that the cell, or a function in it, looks up in the cell's namespace or among Python's own."""
    found: set[str] = set()
    left = [symtable.symtable(source, TEST_FILE, "exec")]
    while left:
        table = left.pop()
        left += table.get_children()
        for symbol in table.get_symbols():
            if symbol.is_referenced() and (table.get_type() == "module" or symbol.is_global()):
                found.add(symbol.get_name())
    return found


def used_in(statement: ast.stmt) -> set[str]:
    """Names that a statement reads anywhere in it."""
    return {node.id for node in ast.walk(statement) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}


def is_beside(function: ast.FunctionDef) -> bool:
    """Whether a function is to run where the answer is."""
    return any(isinstance(one, ast.Name) and one.id == BESIDE for one in function.decorator_list)


def undecorated(function: ast.FunctionDef) -> str:
    """The text of a function without that decorator."""
    function.decorator_list = [one for one in function.decorator_list if not is_name(one, BESIDE)]
    return ast.unparse(function)


def is_name(node: ast.expr, name: str) -> bool:
    """Whether an expression is this name."""
    return isinstance(node, ast.Name) and node.id == name
