"""Private copies of a library for test cells, whose functions call each other and nothing that was replaced.

A function may be replaced during a test by one that puts the first back before anybody looks.
"""

import sys
from types import FunctionType, ModuleType
from typing import Any


def private_copies(package: str) -> dict[int, ModuleType]:
    """Copies of a package's modules, by the original's id."""
    builtin_type = type
    originals = [m for n, m in sys.modules.items() if n.partition(".")[0] == package and builtin_type(m) is ModuleType]
    copies = {id(module): ModuleType(module.__name__) for module in originals}
    by_name = {module.__name__: copies[id(module)].__dict__ for module in originals}
    functions: dict[int, Any] = {}

    def copied(value: Any) -> Any:
        if id(value) in copies:
            return copies[id(value)]
        value_type = builtin_type(value)
        inner = value._implementation if value_type.__name__ == "_ArrayFunctionDispatcher" else value
        if builtin_type(inner) is not FunctionType or inner.__module__ not in by_name:
            return value
        if inner.__globals__ is not sys.modules[inner.__module__].__dict__:
            return value
        if id(inner) not in functions:
            names = by_name[inner.__module__]
            copy = FunctionType(inner.__code__, names, inner.__name__, inner.__defaults__, inner.__closure__)
            copy.__kwdefaults__ = inner.__kwdefaults__
            functions[id(inner)] = copy
        return functions[id(inner)]

    for module in originals:
        copies[id(module)].__dict__.update({name: copied(value) for name, value in vars(module).items()})
    return copies
