"""Every message on the page for troubleshooting is one that the code can print."""

import ast
import inspect
import re
from functools import cache

import pytest
from this_course import COURSE

from course import errors

ROOT = COURSE.root
PAGE = (ROOT / "docs" / "troubleshooting.md").read_text("utf-8")
MESSAGES = re.findall(r"^\| `([^`\n]+)` \|", PAGE, re.MULTILINE)


@cache
def texts() -> str:
    """All texts in the code, one below the other, with … for what is filled in."""
    found = []
    for path in sorted((ROOT / "course").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.append(re.sub(r"\{\w*\}", "…", node.value))
            elif isinstance(node, ast.JoinedStr):
                parts = (part.value if isinstance(part, ast.Constant) else "…" for part in node.values)
                found.append("".join(map(str, parts)))
    return "\n".join(found)


def occurs(message: str) -> bool:
    """Whether the code has a text with these words; … stands for anything on the same line."""
    parts = [re.escape(part) for part in message.strip("…").split("…")]
    return re.search(".*?".join(parts), texts()) is not None


@pytest.mark.parametrize("message", MESSAGES)
def test_a_message_is_in_the_code(message):
    assert len(re.sub(r"\W", "", message)) >= 10, "it says too little to be found"
    assert occurs(message)


def test_a_message_that_is_not_in_the_code_is_found():
    assert not occurs("There is no such message in …")


def test_every_row_is_a_message():
    rows = [line for line in PAGE.splitlines() if line.startswith("| ") and not line.startswith(("| ---", "| message"))]
    assert len(rows) == len(MESSAGES)


def test_every_kind_of_error_has_its_place():
    kinds = {name for name, kind in inspect.getmembers(errors, inspect.isclass) if errors.CourseError in kind.__bases__}
    named = set(re.findall(r"`(\w+)`", "\n".join(re.findall(r"^## .*", PAGE, re.MULTILINE))))
    assert kinds <= named
    assert all(hasattr(errors, name) for name in named)
