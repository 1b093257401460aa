"""Values as tests compare them: without the comparisons and the arithmetic that a submission's classes bring along.

A test says `found == 12`. Where `found` is a number of a class whose `__eq__` always agrees, the comparison proves
nothing. So operands and arguments in tests go through `plain`: an object of such a class that is a number, text,
container or array becomes the plain one that it is; any other is replaced by one that equals nothing.
"""

import ast
from collections.abc import Callable
from types import FunctionType, MethodDescriptorType, WrapperDescriptorType
from typing import Any

import numpy as np

PLAIN, LINE = "__plain__", "__line__"
EAGER = ("all", "list", "tuple", "set", "frozenset", "dict", "sorted", "sum", "max", "min")
ELEMENTS = 10_000
DEPTH = 5
OPERATORS = (
    *("__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__", "__contains__", "__abs__", "__neg__", "__pow__"),
    *("__add__", "__radd__", "__sub__", "__rsub__", "__mul__", "__rmul__", "__truediv__", "__rtruediv__", "__mod__"),
    *("__and__", "__rand__", "__or__", "__ror__", "__xor__", "__rxor__", "__invert__", "__floordiv__"),
    *("__array_ufunc__", "__array_function__"),
)
COMPILED = ("cython_function_or_method", "instancemethod", "nb_method", "nb_func")


class Stranger:
    """In place of an object of a submission's class that has operators of its own."""


class Wrapped(ast.NodeTransformer):
    """Sends operands of comparisons and of arithmetic, and arguments of calls, through `plain`."""

    def visit(self, node: ast.AST) -> Any:
        """Before each statement outside of functions, note its line: hidden frames have no place in tracebacks."""
        node = super().visit(node)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            return node
        for name in ("body", "orelse", "finalbody"):
            block = getattr(node, name, None)
            if isinstance(block, list):
                setattr(node, name, [part for statement in block for part in (note(statement), statement)])
        return node

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        """Operands, but where only identity is asked for."""
        self.generic_visit(node)
        if not all(isinstance(operator, ast.Is | ast.IsNot) for operator in node.ops):
            node.left = wrapped(node.left)
            node.comparators = [wrapped(operand) for operand in node.comparators]
        return node

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        """Both operands."""
        self.generic_visit(node)
        node.left, node.right = wrapped(node.left), wrapped(node.right)
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        """Positional arguments."""
        if isinstance(node.func, ast.Name) and node.func.id in EAGER:
            node.args = [at_once(arg) for arg in node.args]
        self.generic_visit(node)
        node.args = [arg if isinstance(arg, ast.Starred) else wrapped(arg) for arg in node.args]
        return node

    def visit_Assign(self, node: ast.Assign) -> ast.AST:
        """What is unpacked at once."""
        if isinstance(node.targets[0], ast.Tuple):
            node.value = at_once(node.value)
        return self.generic_visit(node)


def at_once(node: ast.expr) -> ast.expr:
    """A list in place of a generator that is used up at once: a generator's frame cannot be hidden (hiding.py)."""
    if isinstance(node, ast.GeneratorExp):
        return ast.copy_location(ast.ListComp(node.elt, node.generators), node)
    return node


def note(statement: ast.stmt) -> ast.stmt:
    """`__line__ = …`, at the same place."""
    target, value = ast.Name(LINE, ast.Store()), ast.Constant(statement.lineno)
    return ast.copy_location(ast.Assign([target], value), statement)


def wrapped(node: ast.expr) -> ast.expr:
    """A call of `plain` with this expression; literals are plain already."""
    if isinstance(node, ast.Constant | ast.JoinedStr | ast.Lambda | ast.GeneratorExp):
        return node
    return ast.copy_location(ast.Call(ast.Name(PLAIN, ast.Load()), [node], []), node)


def make_plain(is_foreign: Callable[[str], bool], tell: Callable[[str], None]) -> Callable[[Any], Any]:
    """The function `plain`. `is_foreign` tells files of a submission; `tell` is given what was found."""
    simple = frozenset((int, float, complex, bool, str, bytes, type(None), range, slice, type))
    order = type.__dict__["__mro__"].__get__
    array, empty, heap = np.ndarray, np.empty, 1 << 9
    # Each with the way to a plain copy that no subclass can override.
    copies: tuple[tuple[type, Callable[[Any], Any]], ...] = (
        (int, lambda v: int.__add__(v, 0)),
        (float, float.__pos__),
        (complex, complex.__pos__),
        (str, lambda v: str.encode(v, "utf-8", "surrogatepass").decode("utf-8", "surrogatepass")),
        (bytes, lambda v: bytes.__getitem__(v, slice(None))),
        (tuple, lambda v: tuple(tuple.__iter__(v))),
        (list, lambda v: list(list.__iter__(v))),
        (set, lambda v: set(set.__iter__(v))),
        (frozenset, lambda v: frozenset(frozenset.__iter__(v))),
        (dict, lambda v: dict(dict.items(v))),
        (array, lambda v: array.view(v, array)),
    )

    names_of, below = type.__dict__["__dict__"].__get__, type.__subclasses__

    def operators(cls: type) -> dict[str, Any]:
        members = names_of(cls)
        return {name: members[name] for name in OPERATORS if name in members}

    # What libraries brought along, methods that a decorator wrote included: these name no file.
    known: dict[int, tuple[type, dict[str, Any]]] = {}
    waiting: list[type] = [object]
    while waiting:
        one = waiting.pop()
        if id(one) not in known:
            known[id(one)] = one, operators(one)
            waiting += below(one)

    def twisted(cls: type) -> bool:
        for one in order(cls):
            if not one.__flags__ & heap:  # made in C and not changeable
                continue
            _, brought = known.get(id(one), (one, {}))
            for name, method in operators(one).items():
                if method is brought.get(name):
                    continue
                if isinstance(method, FunctionType):
                    if is_foreign(method.__code__.co_filename):
                        return True
                elif (
                    method is not None
                    and not isinstance(method, WrapperDescriptorType | MethodDescriptorType)
                    and type(method).__name__ not in COMPILED
                ):
                    return True
        return False

    def plain(value: Any, depth: int = 0) -> Any:
        cls = type(value)
        if cls in simple:
            return value
        if cls in (list, tuple, set, frozenset, dict):
            return elements(value, cls, depth)
        if cls is array:
            return arrays(value, depth)
        if not twisted(cls):
            return value
        tell(f"compares an object of its own class {order(cls)[0].__name__}")
        for base, copy in copies:
            if issubclass(cls, base):
                return plain(copy(value), depth + 1)
        return Stranger()

    def elements(value: Any, cls: type, depth: int) -> Any:
        if depth >= DEPTH or len(value) > ELEMENTS:
            return value
        old = list(value.values()) if cls is dict else list(value)
        new = [plain(one, depth + 1) for one in old]
        if all(a is b for a, b in zip(old, new, strict=True)):
            return value
        return dict(zip(value, new, strict=True)) if cls is dict else cls(new)

    def arrays(value: Any, depth: int) -> Any:
        if value.dtype != object or value.size > ELEMENTS or depth >= DEPTH:
            return value
        old = list(value.flat)
        new = [plain(one, depth + 1) for one in old]
        if all(a is b for a, b in zip(old, new, strict=True)):
            return value
        changed = empty(len(new), object)
        changed[:] = new
        return changed.reshape(value.shape)

    return plain
