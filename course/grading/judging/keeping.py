"""What tests rely on: libraries' functions, modules and signals, kept as they were before the submission ran."""

import sys
from _signal import (
    ITIMER_PROF,
    ITIMER_REAL,
    ITIMER_VIRTUAL,
    SIG_DFL,
    SIGINT,
    default_int_handler,
    getitimer,
    getsignal,
    setitimer,
    signal,
    valid_signals,
)
from collections.abc import Callable
from types import CellType, FunctionType
from typing import Any

# Their functions and classes must be the ones that the judge saw at its start, whoever replaced them.
CORE = ("builtins", "math", "operator", "statistics", "numpy")
# Theirs must at least not be replaced by something from outside the package.
GUARDED = (
    *CORE,
    "pandas",
    "keras",
    "matplotlib",
    "seaborn",
    "scipy",
    "data_utils",
    "tempfile",
    "json",
    "pathlib",
    "os",
    *("mlxtend", "ast", "re", "collections", "contextlib", "copy", "functools", "inspect", "io", "itertools"),
    *("random", "shutil", "posixpath", "genericpath", "importlib", "zipfile", "traceback", "types", "typing", "time"),
)


def make_restore(is_foreign: Callable[[Any], bool]) -> Callable[[], list[str]]:
    """A function that puts right what was replaced since now, and returns what it was."""
    builtin_type = type

    def made_outside(value: Any) -> bool:
        code = getattr(value, "__code__", None)
        if code is not None:
            return is_foreign(code.co_filename)
        return getattr(value, "__module__", "__main__") in ("__main__", None)

    def guarded_attributes() -> list[tuple[Any, Any, str, Any, str]]:
        found: list[tuple[Any, Any, str, Any, str]] = []
        for name, module in list(sys.modules.items()):
            package = name.partition(".")[0]
            if package not in GUARDED or not hasattr(module, "__dict__"):
                continue
            for attribute, value in list(vars(module).items()):
                if not callable(value) or attribute.startswith("__"):
                    continue
                found.append((module, vars(module), attribute, value, package))
                cells.extend((cell, cell.cell_contents, attribute) for cell in filled(value))
                if isinstance(value, builtin_type) and value.__module__.partition(".")[0] == package:
                    members = [(n, v) for n, v in vars(value).items() if callable(v) or isinstance(v, property)]
                    found += [(value, vars(value), n, v, package) for n, v in members]
        return found

    def filled(value: Any) -> list[Any]:
        """The closure of a decorated function: what it calls lies there."""
        value = getattr(value, "_implementation", value)
        found = getattr(value, "__closure__", None) if builtin_type(value) is FunctionType else None
        return [cell for cell in found or () if cell != CellType() and callable(cell.cell_contents)]

    cells: list[tuple[Any, Any, str]] = []
    attributes = guarded_attributes()
    modules = {name: module for name, module in sys.modules.items() if name.partition(".")[0] in GUARDED}
    missing = object()

    def restore() -> list[str]:
        """Put right what was replaced; return what it was."""
        found = []
        for owner, names, attribute, value, package in attributes:
            now = names.get(attribute, missing)
            if now is not value and (package in CORE or now is missing or made_outside(now)):
                found.append(f"replaces {getattr(owner, '__name__', owner)}.{attribute}")
                setattr(owner, attribute, value)
        for cell, content, name in cells:
            if cell.cell_contents is not content:
                found.append(f"rewrites the library function {name}")
                cell.cell_contents = content
        for name, module in modules.items():
            if sys.modules.get(name) is not module:
                found.append(f"replaces the module {name}")
                sys.modules[name] = module
        for number in valid_signals():
            handler = getsignal(number)
            if callable(handler) and made_outside(handler) and handler is not default_int_handler:
                found.append(f"handles the signal {int(number)}")
                signal(number, default_int_handler if number == SIGINT else SIG_DFL)
        for timer in (ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF):
            if getitimer(timer)[0]:
                found.append("sets a timer")
                setitimer(timer, 0)
        return found

    return restore
