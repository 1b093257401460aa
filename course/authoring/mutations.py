"""Mutants of an answer: its code with one small change, as a beginner might make it, or one who guesses.

Which changes there are follows DeMillo, Lipton and Sayward (1978), with those of networks added: another activation,
padding or loss, a layer more or less, other digits of the lab.
"""

import ast
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from types import CodeType

from course.authoring.mutation_rules import LAYERS, ONLY_SHOWN, OPERATORS, OTHER_WORDS, SETS, STATEMENTS


@dataclass(frozen=True)
class Mutant:
    """An answer with one change; `change` says where, as line and column of the answer, and which."""

    task: str
    change: str
    answer: str


@dataclass(frozen=True)
class _Change:
    """Another value for a field of a node, in words and with the place in the answer."""

    place: ast.expr | ast.stmt | ast.keyword
    text: str
    node: ast.AST
    field: str
    value: object


def mutants(task: str, answer: str, names: Collection[str] = ()) -> list[Mutant]:
    """All mutants of an answer that are another program than it, each once.

    Parameters
    ----------
    task
        The grade id of the answer.
    answer
        The code of its cell.
    names
        The notebook's own names, of which one kind of digits is put in the place of another.
    """
    tree = ast.parse(answer)
    known, found = {_program(answer)}, list[Mutant]()
    for node in ast.walk(tree):
        for change in _changes(node, names):
            before = getattr(change.node, change.field)
            setattr(change.node, change.field, change.value)
            text = ast.unparse(ast.fix_missing_locations(tree))
            setattr(change.node, change.field, before)
            program = _program(text)
            if program not in known:
                known.add(program)
                found.append(Mutant(task, f"{change.place.lineno}:{change.place.col_offset}: {change.text}", text))
    return found


def _changes(node: ast.AST, names: Collection[str]) -> Iterator[_Change]:
    """What may be changed in a node itself, not in those below it."""
    if isinstance(node, ast.expr):
        yield from _changes_of_words(node, names)
        yield from _changes_of_operators(node)
    if isinstance(node, ast.Call):
        yield from _left_out_arguments(node)
    if isinstance(node, (ast.List, ast.Tuple)) and len(node.elts) > 1:
        yield from _changes_of_list(node)
    if isinstance(node, ast.AugAssign) and type(node.op) in OPERATORS:
        yield _operator_change(node, "op", node.op)
    for part in ("body", "orelse"):
        statements = getattr(node, part, None)
        if isinstance(statements, list):
            yield from _left_out_statements(node, part, statements)


def _changes_of_words(node: ast.expr, names: Collection[str]) -> Iterator[_Change]:
    """Another number, another word of Keras or NumPy, other digits."""
    if isinstance(node, ast.Constant):
        for value in _other_values(node.value):
            yield _Change(node, f"{node.value!r} becomes {value!r}", node, "value", value)
    if isinstance(node, ast.Attribute):
        for word in OTHER_WORDS.get(node.attr, ()):
            yield _Change(node, f"{node.attr} becomes {word}", node, "attr", word)
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
        for other in _other_names(node.id, names):
            yield _Change(node, f"{node.id} becomes {other}", node, "id", other)


def _changes_of_operators(node: ast.expr) -> Iterator[_Change]:
    if isinstance(node, (ast.BinOp, ast.BoolOp)) and type(node.op) in OPERATORS:
        yield _operator_change(node, "op", node.op)
    if isinstance(node, ast.Compare) and type(node.ops[0]) in OPERATORS:
        first = _operator_change(node, "ops", node.ops[0])
        yield replace(first, value=[first.value, *node.ops[1:]])


def _operator_change(node: ast.expr | ast.AugAssign, field: str, operator: ast.AST) -> _Change:
    other = OPERATORS[type(operator)]()
    return _Change(node, f"{type(operator).__name__} becomes {type(other).__name__}", node, field, other)


def _left_out_arguments(node: ast.Call) -> Iterator[_Change]:
    """One named argument less, or the last of several others."""
    for number, keyword in enumerate(node.keywords):
        if keyword.arg not in ONLY_SHOWN:
            rest = node.keywords[:number] + node.keywords[number + 1 :]
            yield _Change(keyword, f"the argument {ast.unparse(keyword)} is left out", node, "keywords", rest)
    if len(node.args) > 1:
        last = node.args[-1]
        yield _Change(last, f"the argument {ast.unparse(last)} is left out", node, "args", node.args[:-1])


def _other_values(value: object) -> list[object]:
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int):
        return [value + 1, value - 1] if value > 0 else [value + 1]
    if isinstance(value, float):
        return [value * 2, value / 2] if value else [1.0]
    return list(OTHER_WORDS.get(value, ())) if isinstance(value, str) else []


def _other_names(name: str, names: Collection[str]) -> list[str]:
    """Names of the notebook that hold the same of other digits: `X_test` for `X_train`."""
    parts = name.split("_")
    others = ["_".join(other if part == kind else part for part in parts) for kind in SETS for other in SETS]
    return [other for other in dict.fromkeys(others) if other != name and other in names]


def _changes_of_list(node: ast.List | ast.Tuple) -> Iterator[_Change]:
    """An element less, or a layer more."""
    for number, element in enumerate(node.elts):
        before, after = node.elts[:number], node.elts[number + 1 :]
        yield _Change(element, f"{_short(element)} is left out", node, "elts", [*before, *after])
        function = element.func if isinstance(element, ast.Call) else None
        if isinstance(function, ast.Attribute) and function.attr in LAYERS:
            layer = ast.Call(ast.Attribute(function.value, "Dropout", ast.Load()), [ast.Constant(0.5)], [])
            shown = f"{ast.unparse(layer)} follows {_short(element)}"
            yield _Change(element, shown, node, "elts", [*before, element, layer, *after])


def _left_out_statements(node: ast.AST, part: str, statements: list[ast.stmt]) -> Iterator[_Change]:
    for number, statement in enumerate(statements):
        is_text = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
        if isinstance(statement, STATEMENTS) and not is_text:
            rest = [*statements[:number], *statements[number + 1 :]]
            if part == "body" and not rest:
                rest = [ast.Pass()]
            yield _Change(statement, f"«{_short(statement)}» is left out", node, part, rest)


def _short(node: ast.AST) -> str:
    text = ast.unparse(node).splitlines()[0]
    return text if len(text) <= 60 else f"{text[:59]}…"


def _program(answer: str) -> tuple[object, ...]:
    """What Python makes of an answer; equal for two texts that do the same for that reason alone."""
    return _parts(compile(answer, "answer", "exec", optimize=2))


def _parts(code: CodeType) -> tuple[object, ...]:
    constants = tuple(_parts(one) if isinstance(one, CodeType) else (type(one), one) for one in code.co_consts)
    return code.co_code, code.co_names, code.co_varnames, constants
