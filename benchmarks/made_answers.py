"""A class of made-up answers to a lab, and copies of them in disguise, to measure what `course similar` finds.

Nothing of it is run: what is compared is text.
"""

import ast
import random
from collections.abc import Callable, Iterator, Mapping, Sequence

from course.authoring.mutations import mutants
from course.grading.similarity.read_answers import Question
from course.labs.sources import plain_python
from course.labs.variants import Variant

MISTAKES = 0.15  # of the answers
Answers = dict[str, str]
Disguise = Callable[[str, random.Random], str]


def independent_class(
    questions: Sequence[Question],
    variants: Sequence[Variant],
    count: int,
    draw: random.Random,
    mistakes: float = MISTAKES,
) -> list[Answers]:
    """Students who have nothing from each other: each answer is a right one of the lab, told in the student's own way.

    That is: other names, statements in another order, some sub-expressions in a variable of their own, operands and
    comparisons turned round; and in a share of the answers, `mistakes`, a small mistake.
    """
    wrong = {(variant.task, variant.answer) for variant in variants if variant.fails}
    pools = {
        one.name: [plain_python(answer) for answer in one.known if (one.name, answer) not in wrong]
        for one in questions
        if not one.is_prose
    }
    return [
        {name: own_answer(name, draw.choice(pool), draw, mistakes) for name, pool in pools.items()}
        for _ in range(count)
    ]


def own_answer(task: str, answer: str, draw: random.Random, mistakes: float) -> str:
    """An answer as another student would write it, in some cases with a mistake."""
    if draw.random() < mistakes and (wrong := mutants(task, answer)):
        answer = draw.choice(wrong).answer
    tree = OwnWay(draw).visit(ast.parse(answer))
    return renamed(reordered(ast.unparse(ast.fix_missing_locations(tree)), draw), draw)


class OwnWay(ast.NodeTransformer):
    """Small changes that leave what code does as it is."""

    def __init__(self, draw: random.Random) -> None:
        """Take the source of chance."""
        self.draw, self.count = draw, 0

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        """Turn round a sum or a product of numbers."""
        self.generic_visit(node)
        if isinstance(node.op, (ast.Add, ast.Mult)) and self.draw.random() < 0.3:
            node.left, node.right = node.right, node.left
        return node

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        """Turn round a comparison."""
        self.generic_visit(node)
        turned = {ast.Lt: ast.Gt, ast.Gt: ast.Lt, ast.LtE: ast.GtE, ast.GtE: ast.LtE, ast.Eq: ast.Eq}
        kind = type(node.ops[0])
        if len(node.ops) == 1 and kind in turned and self.draw.random() < 0.3:
            return ast.Compare(node.comparators[0], [turned[kind]()], [node.left])
        return node

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST:
        """Write out a sum in place."""
        self.generic_visit(node)
        if isinstance(node.target, ast.Name) and self.draw.random() < 0.3:
            return ast.Assign([node.target], ast.BinOp(ast.Name(node.target.id, ast.Load()), node.op, node.value))
        return node

    def visit_Return(self, node: ast.Return) -> ast.AST | list[ast.AST]:
        """Give what is returned a name first."""
        if isinstance(node.value, (ast.Call, ast.BinOp)) and self.draw.random() < 0.4:
            return [*self._named(node.value), ast.Return(ast.Name(f"part{self.count}", ast.Load()))]
        return node

    def visit_Assign(self, node: ast.Assign) -> ast.AST | list[ast.AST]:
        """Give an argument a name first."""
        call = node.value
        if isinstance(call, ast.Call) and call.args and self.draw.random() < 0.3:
            place = self.draw.randrange(len(call.args))
            if isinstance(call.args[place], (ast.Call, ast.BinOp, ast.List, ast.Subscript)):
                first = self._named(call.args[place])
                call.args[place] = ast.Name(f"part{self.count}", ast.Load())
                return [*first, node]
        return node

    def _named(self, value: ast.expr) -> list[ast.AST]:
        self.count += 1
        return [ast.Assign([ast.Name(f"part{self.count}", ast.Store())], value)]


class _Renamer(ast.NodeTransformer):
    def __init__(self, names: Mapping[str, str]) -> None:
        self.names = names

    def visit_Name(self, node: ast.Name) -> ast.AST:
        node.id = self.names.get(node.id, node.id)
        return node

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.arg = self.names.get(node.arg, node.arg)
        return node


def renamed(source: str, draw: random.Random) -> str:
    """The same with other names of variables and parameters."""
    tree = ast.parse(source)
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    names |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    others = {name: f"{draw.choice('abcdefgh')}_{number}" for number, name in enumerate(sorted(names))}
    return ast.unparse(_Renamer(others).visit(tree))


def reordered(source: str, draw: random.Random) -> str:
    """The same with about half of the neighbouring statements swapped, of those of which neither needs the other."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        body: object = getattr(node, "body", None)
        if not isinstance(body, list):
            continue
        for place in range(len(body) - 1):
            if _can_swap(body[place], body[place + 1]) and draw.random() < 0.5:
                body[place], body[place + 1] = body[place + 1], body[place]
    return ast.unparse(tree)


def _can_swap(first: ast.stmt, second: ast.stmt) -> bool:
    fixed = (ast.Return, ast.Raise, ast.Import, ast.ImportFrom)
    if isinstance(first, fixed) or isinstance(second, fixed) or _is_docstring(first):
        return False
    return not (set(_bound(first)) & set(_named(second)) or set(_bound(second)) & set(_named(first)))


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _named(node: ast.AST) -> Iterator[str]:
    yield from (one.id for one in ast.walk(node) if isinstance(one, ast.Name))


def _bound(node: ast.AST) -> Iterator[str]:
    for one in ast.walk(node):
        if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store):
            yield one.id
        elif isinstance(one, (ast.FunctionDef, ast.ClassDef)):
            yield one.name


def reformatted(source: str, draw: random.Random) -> str:
    """The same with other comments, blank lines, line breaks and quotes."""
    lines = ["# my own solution"]
    for line in ast.unparse(ast.parse(source)).splitlines():
        lines.append(line.replace("'", '"') if line.count("'") == 2 and '"' not in line else line)
        if draw.random() < 0.4 and not line.endswith(":"):
            lines[-1] += f"  # step {draw.randrange(9)}"
        if draw.random() < 0.3:
            lines.append("")
    return "\n".join(lines).replace(", ", ",  ").replace("return ", "return  ")


def all_at_once(source: str, draw: random.Random) -> str:
    """All three of them."""
    return reformatted(renamed(reordered(source, draw), draw), draw)


DISGUISES: dict[str, Disguise] = {
    "renamed variables": renamed,
    "reordered statements": reordered,
    "changed comments and formatting": reformatted,
    "all three": all_at_once,
}
