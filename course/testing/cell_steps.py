"""A test cell as it is run beside a submission: statement by statement, with what each needs from the submission."""

import ast
import symtable
from collections.abc import Iterator
from dataclasses import dataclass

TEST_FILE = "<test>"
BEGIN_HIDDEN, END_HIDDEN = "### BEGIN HIDDEN TESTS", "### END HIDDEN TESTS"
HIDDEN_CALL = "__hidden__"  # the function that is called where hidden tests begin and end
BESIDE_ANSWER = "beside_answer"  # the decorator of data_utils for functions that run where the answer is


@dataclass(frozen=True)
class BesideAnswer:
    """A function of the test that runs in the submission's kernel: its name, and its text without the decorator."""

    name: str
    text: str


@dataclass(frozen=True)
class Step:
    """A statement, or a function that runs beside the answer; and the names that it needs, if the test lacks them.

    A cell's last statement, if it is an expression, stays one: its value may be a partial score.
    """

    code: ast.Module | ast.Expression | BesideAnswer
    needs: tuple[str, ...]


def mark_hidden_parts(source: str) -> str:
    """The cell with calls in place of the lines that begin and end hidden tests."""
    marks = {BEGIN_HIDDEN: f"{HIDDEN_CALL}(True)", END_HIDDEN: f"{HIDDEN_CALL}(False)"}
    lines = source.splitlines()
    return "\n".join(
        line.replace(line.strip(), marks[line.strip()]) if line.strip() in marks else line for line in lines
    )


def steps(source: str) -> Iterator[Step]:
    """The statements of a test cell, in order."""
    text = mark_hidden_parts(source)
    tree, needed = ast.parse(text), global_names(text)
    for position, statement in enumerate(tree.body):
        names = names_read(statement) & needed
        if isinstance(statement, ast.FunctionDef) and runs_beside_answer(statement):
            yield Step(BesideAnswer(statement.name, source_without_decorator(statement)), ())
        elif isinstance(statement, ast.Expr) and position == len(tree.body) - 1:
            yield Step(ast.Expression(statement.value), tuple(sorted(names)))
        else:
            yield Step(ast.Module([statement], []), tuple(sorted(names)))


def imports_of_test(source: str) -> str:
    """The import statements of a test cell, one a line."""
    imports = [statement for statement in ast.parse(source).body if isinstance(statement, ast.Import | ast.ImportFrom)]
    return "\n".join(ast.unparse(statement) for statement in imports)


def global_names(source: str) -> set[str]:
    """Names that the cell, or a function in it, looks up in the cell's namespace or among the builtins."""
    names: set[str] = set()
    tables = [symtable.symtable(source, TEST_FILE, "exec")]
    while tables:
        table = tables.pop()
        tables += table.get_children()
        for symbol in table.get_symbols():
            if symbol.is_referenced() and (table.get_type() == "module" or symbol.is_global()):
                names.add(symbol.get_name())
    return names


def names_read(statement: ast.stmt) -> set[str]:
    """Names that a statement reads anywhere in it, but for those that its loops, `with` and `except` bind."""
    read = {node.id for node in ast.walk(statement) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    return read - set(names_bound(statement))


def names_bound(statement: ast.stmt) -> Iterator[str]:
    """The names of errors that a statement catches, of what it opens by `with`, and of what its loops go through."""
    for node in ast.walk(statement):
        if isinstance(node, ast.ExceptHandler) and node.name:
            yield node.name
        targets: list[ast.expr] = []
        if isinstance(node, ast.For):
            targets = [node.target]
        if isinstance(node, ast.With):
            targets = [item.optional_vars for item in node.items if item.optional_vars]
        yield from (part.id for target in targets for part in ast.walk(target) if isinstance(part, ast.Name))


def runs_beside_answer(function: ast.FunctionDef) -> bool:
    """Whether a function is to run where the answer is."""
    return any(
        isinstance(decorator, ast.Name) and decorator.id == BESIDE_ANSWER for decorator in function.decorator_list
    )


def source_without_decorator(function: ast.FunctionDef) -> str:
    """The text of a function without that decorator."""
    function.decorator_list = [
        decorator for decorator in function.decorator_list if not is_name(decorator, BESIDE_ANSWER)
    ]
    return ast.unparse(function)


def is_name(node: ast.expr, name: str) -> bool:
    """Whether an expression is this name."""
    return isinstance(node, ast.Name) and node.id == name
