"""Looking for solutions and hidden tests in what students get."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from typing import Any

from nbformat import NotebookNode

SOLUTION_KIND, HIDDEN_KIND = "SOLUTION", "HIDDEN TESTS"
MARKERS = tuple(f"### {edge} {kind}" for kind in (SOLUTION_KIND, HIDDEN_KIND) for edge in ("BEGIN", "END"))
_SHORTEST = 15  # characters; shorter lines, such as `return result`, prove nothing


def secret_parts(source: NotebookNode, *kinds: str) -> Iterator[str]:
    """What stands between BEGIN and END of these kinds."""
    for cell in source.cells:
        for kind in kinds:
            yield from re.findall(rf"### BEGIN {kind}\n(.*?)### END {kind}", cell.source, re.DOTALL)


def secret_lines(source: NotebookNode, *kinds: str) -> set[str]:
    """Lines between BEGIN and END of these kinds that the lab does not also show openly; short ones are left out."""
    secrets = set()
    for part in secret_parts(source, *kinds):
        secrets |= {line.strip() for line in part.splitlines() if len(line.strip()) >= _SHORTEST}
    return secrets - {line.strip() for line in open_text(source).splitlines()}


def open_text(source: NotebookNode) -> str:
    """What a lab shows its students."""
    return "\n".join(re.sub(r"### BEGIN.*?### END [A-Z ]+", "", cell.source, flags=re.DOTALL) for cell in source.cells)


def secrets_of_all(sources: Iterable[NotebookNode], package: str = "") -> set[str]:
    """Lines of solutions and hidden tests that neither a lab nor `package` shows, also not within a longer line.

    `package` is the text of data_utils, which students read as well: what solutions share with it is no secret.
    """
    sources = list(sources)
    public_text = "\n".join([package, *(open_text(source) for source in sources)])
    return {
        line
        for source in sources
        for line in secret_lines(source, SOLUTION_KIND, HIDDEN_KIND)
        if line not in public_text
    }


def secret_pairs(source: NotebookNode, package: str = "") -> set[str]:
    """Two lines of a solution or a hidden test that follow each other, unless the lab or `package` shows both so.

    Single lines are often shared by labs that have nothing to do with each other. Two in a row are not: a lab that
    shows them openly shows a part of another one's answer.
    """
    pairs = set()
    for part in secret_parts(source, SOLUTION_KIND, HIDDEN_KIND):
        lines = stripped_lines(part).splitlines()
        pairs |= {
            f"{first}\n{second}" for first, second in pairwise(lines) if min(len(first), len(second)) >= _SHORTEST
        }
    public_text = stripped_lines(f"{package}\n{open_text(source)}")
    return {pair for pair in pairs if pair not in public_text}


def stripped_lines(text: str) -> str:
    """A text without blank lines, and without white space around its lines."""
    return "\n".join(line.strip() for line in text.splitlines() if line.strip())


def leaks(files: Mapping[str, bytes], secrets: set[str]) -> list[str]:
    """For each file that holds a secret line, a secret pair of lines or a marker, a message that names both."""
    problems = []
    for path, content in files.items():
        text = plain_text(path, content)
        text += "\n" + stripped_lines(text)
        problems += [f"{path} holds {line!r}" for line in sorted({*secrets, *MARKERS}) if line in text]
    return problems


def plain_text(path: str, content: bytes) -> str:
    """The text of a file; of a notebook, all its strings, names of entries included."""
    text = content.decode("utf-8", errors="replace")
    return "\n".join(strings(json.loads(text))) if path.endswith((".ipynb", ".json")) else text


def strings(value: Any) -> Iterator[str]:
    """All strings anywhere in a JSON value, keys included; a list of lines, as notebooks keep texts, as one."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from strings(item)
    elif isinstance(value, list) and value and all(isinstance(item, str) for item in value):
        yield "".join(value)
    elif isinstance(value, list):
        for item in value:
            yield from strings(item)
    elif isinstance(value, str):
        yield value
