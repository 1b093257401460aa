"""What a submission can hook into IPython. Tests do not pass there; it is told for review."""

from collections.abc import Callable
from typing import Any

LISTS = ("ast_transformers", "input_transformers_post", "custom_exceptions")
METHODS = ("run_cell", "run_code", "run_ast_nodes", "run_cell_async", "showtraceback")


def make_shell_changes(shell: Any) -> Callable[[], list[str]]:
    """A function that returns what was hooked into IPython since now."""
    builtin_type = type
    lengths = {name: len(getattr(shell, name, ())) for name in LISTS}
    methods = {name: getattr(builtin_type(shell), name) for name in METHODS}

    def shell_changes() -> list[str]:
        found = [f"hooks into IPython's {name}" for name in lengths if len(getattr(shell, name, ())) > lengths[name]]
        for name, method in methods.items():
            if name in vars(shell) or getattr(builtin_type(shell), name, None) is not method:
                found.append(f"replaces IPython's {name}")
        return found

    return shell_changes
