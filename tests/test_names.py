"""No two public names of course/ are alike unless they are the same thing."""

import ast
from collections import defaultdict

from this_course import COURSE

PER_MODULE = {"T", "launch", "log", "main"}  # one of a kind in each module, by convention


def public_names(tree):
    """What a module defines at its top level and does not mark as its own."""
    for statement in tree.body:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield statement.name
        elif isinstance(statement, ast.Assign | ast.AnnAssign):
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            yield from (node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name))


def test_no_two_public_names_are_alike():
    """A command is called like the function that it calls, so course/cli is left out."""
    modules = defaultdict(set)
    for path in (COURSE.root / "course").rglob("*.py"):
        if path.parent.name != "cli":
            for name in public_names(ast.parse(path.read_text("utf-8"))):
                modules[name].add(str(path.relative_to(COURSE.root)))
    public = {name: sorted(paths) for name, paths in modules.items() if not name.startswith("_")}
    assert {"grade", "Course", "DEFAULT_LIMITS"} <= set(public)
    assert {name: paths for name, paths in public.items() if len(paths) > 1 and name not in PER_MODULE} == {}
