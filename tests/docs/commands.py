"""The commands on the pages, as they can be typed, and whether each is one that the programs know."""

import re
import shlex
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import typer
from click import Group
from distributed.cli import dask_scheduler, dask_worker
from nbgrader.apps.nbgraderapp import NbGraderApp
from this_course import COURSE

from course import cli

ROOT = COURSE.root
PAGES = [*sorted(ROOT.glob("docs/*.md")), *sorted(ROOT.glob("*.md")), ROOT / "students" / "README.md"]
BLOCK = re.compile(r"^( *)```(\w*).*?\n(.*?)^\1```", re.MULTILINE | re.DOTALL)
SHELLS = {"console", "bash", "sh", "shell"}
PROMPT = re.compile(r"^(?:[\w-]+)?\$ ")
INLINE = re.compile(r"(?<!`)`((?:\.venv/bin/)?(?:course|nbgrader|make|dask) [^`]+)`")
OURS = re.compile(r"""(?:^|\.venv/bin/)(course|dask|nbgrader) ([^"|&]*(?:"[^"]*"[^"|&]*)*)""")
COURSE = typer.main.get_command(cli.app)
GENERAL = {"--help"} | {name for parameter in COURSE.params for name in parameter.opts}
DASK = {"scheduler": dask_scheduler.main, "worker": dask_worker.main}


@dataclass(frozen=True)
class Command:
    """A line of a block, without prompt and comment."""

    page: Path
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}: {self.text}"


def commands(page: Path) -> list[Command]:
    """The commands of a page's blocks in their order; a line that ends in a backslash goes on in the next."""
    text = page.read_text("utf-8")
    found = []
    for block in BLOCK.finditer(text):
        if block[2] not in SHELLS:
            continue
        first = text.count("\n", 0, block.start(3)) + 1
        lines = re.sub(r"\\\n\s*", "\\\n", block[3])
        number = first
        for line in re.split(r"(?<!\\)\n", lines):
            typed = PROMPT.sub("", re.sub(r"\s+# .*", "", line.replace("\\\n", "")).strip())
            if typed:
                found.append(Command(page, number, typed))
            number += line.count("\n") + 1
    return found


def inline(page: Path) -> list[Command]:
    """The commands in a page's sentences, which may be cut short."""
    text = page.read_text("utf-8")
    prose = BLOCK.sub(lambda block: "\n" * block[0].count("\n"), text)
    return [
        Command(page, prose.count("\n", 0, match.start()) + 1, " ".join(match[1].split()))
        for match in INLINE.finditer(prose)
    ]


def check_whole(text: str) -> Iterator[str]:
    """Problems of a command that is not run: its syntax, and what it calls of this project, to the last option."""
    if (done := subprocess.run(["bash", "-nc", text], capture_output=True, text=True, check=False)).returncode:
        yield done.stderr
    if text.startswith("make "):
        yield from _make(shlex.split(text)[1])
    for program, rest in OURS.findall(text):
        words = shlex.split(rest, comments=True)
        if program == "course":
            _parsed(COURSE, words)
        elif program == "dask":
            DASK[words[0]].make_context(words[0], words[1:])
        else:
            yield from _nbgrader(words)


def check_cut(text: str) -> Iterator[str]:
    """Problems of a command in a sentence: its verb and its options exist."""
    program, verb, *rest = text.removeprefix(".venv/bin/").split()
    if program == "make":
        yield from _make(verb)
    elif program == "nbgrader":
        yield from _nbgrader([verb])
    elif verb.isupper():  # stands for any of them
        return
    elif program == "dask":
        if verb not in DASK:
            yield f"dask has no {verb}"
    elif verb.startswith("-"):
        yield from (f"course has no option {verb}" for _ in [0] if verb not in GENERAL)
    elif verb not in COURSE.commands:
        yield f"course has no verb {verb}"
    else:
        known = {name for parameter in COURSE.commands[verb].params for name in parameter.opts} | {"--help"}
        yield from (f"course {verb} has no option {word}" for word in rest if word[0] == "-" and word not in known)


def _parsed(group: Group, words: list[str]) -> None:
    """Parse it as the command line would, to the last argument; it raises a usage error, and nothing is done."""
    with group.make_context("course", words) as context:
        name, command, rest = group.resolve_command(context, words)
        assert command is not None
        command.make_context(name, rest, parent=context)


def _make(target: str) -> Iterator[str]:
    if not re.search(rf"^{re.escape(target)}:", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE):
        yield f"the Makefile has no target {target}"


def _nbgrader(words: list[str]) -> Iterator[str]:
    if words[0].replace("_", "-") not in {name.replace("_", "-") for name in NbGraderApp.subcommands}:
        yield f"nbgrader has no {words[0]}"
