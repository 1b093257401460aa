"""The `[[labs]]` entries of course.toml as text, put in and taken out without touching the author's comments."""

import re
import tomllib
from typing import Any, NamedTuple

from course.errors import CourseError

HEADER = re.compile(r"^\s*\[\[?\s*([A-Za-z0-9_.\"'-]+)\s*\]\]?\s*(#.*)?$")
_LABS = "labs"


class LabEntry(NamedTuple):
    """The lines of one entry: from its header to the line before `end`, comments right below its last line included."""

    name: str
    start: int
    end: int


def with_entry(text: str, name: str, entry: str) -> str:
    """The text of course.toml with one more entry, which stands where its name belongs in the order of the names.

    Raises
    ------
    CourseError
        The entries cannot be told apart in the text; the message says what to write by hand.
    """
    lines = text.splitlines(keepends=True)
    earlier = [other for other in entries(lines) if other.name < name]
    position = earlier[-1].end if earlier else min((other.start for other in entries(lines)), default=len(lines))
    before, after = "".join(lines[:position]).rstrip("\n"), "".join(lines[position:]).lstrip("\n")
    new_text = "\n\n".join(part for part in (before, entry.strip("\n"), after) if part).rstrip("\n") + "\n"
    if (old_names := names(text)) is None or sorted([*old_names, name]) != sorted(names(new_text) or []):
        raise CourseError(
            f"course.toml cannot be added to. Put this where it belongs, and run the command again:\n{entry}"
        )
    return new_text


def without_entry(text: str, name: str) -> str:
    """The text of course.toml without that lab's entry.

    Raises
    ------
    CourseError
        The entry cannot be told from the rest of the text.
    """
    lines = text.splitlines(keepends=True)
    matches = [entry for entry in entries(lines) if entry.name == name]
    new_text = text
    if len(matches) == 1:
        before, after = "".join(lines[: matches[0].start]), "".join(lines[matches[0].end :]).lstrip("\n")
        new_text = (before + after).rstrip("\n") + "\n"
    old_table = tomllib.loads(text)
    if not holds(new_text, old_table | {_LABS: [lab for lab in old_table[_LABS] if lab["name"] != name]}):
        raise CourseError(
            f"The entry of {name} cannot be told from the rest of course.toml. Write it as the others are: a line "
            "[[labs]], then one line for each key."
        )
    return new_text


def with_points(text: str, name: str, points: str) -> str:
    """The text of course.toml with that lab's own rule on its points, `rules = { points = … }`.

    Raises
    ------
    CourseError
        The entry cannot be told from the rest of the text; the message says what to write by hand.
    """
    lines = text.splitlines(keepends=True)
    rule, new_text = f"rules = {{ points = {points} }}", text
    changes = (
        (r"^(\s*rules\s*=\s*\{[^}\n]*?\bpoints\s*=\s*)[\d.]+", rf"\g<1>{points}"),
        (r"^(\s*rules\s*=\s*\{)", rf"\g<1> points = {points},"),
        (r"^(\s*name\s*=.*)$", rf"\g<1>\n{rule}"),
    )
    for entry in (entry for entry in entries(lines) if entry.name == name):
        part = "".join(lines[entry.start : entry.end])
        pattern, new = next(change for change in changes if re.search(change[0], part, re.MULTILINE))
        new_part = re.sub(pattern, new, part, count=1, flags=re.MULTILINE)
        new_text = "".join([*lines[: entry.start], new_part, *lines[entry.end :]])
    wanted = tomllib.loads(text)
    for lab in wanted.get(_LABS, []):
        if lab.get("name") == name:
            lab["rules"] = lab.get("rules", {}) | {"points": float(points)}
    if not holds(new_text, wanted):
        raise CourseError(
            f"course.toml cannot be added to. Put this into the entry of {name}, and run the command again: {rule}"
        )
    return new_text


def holds(text: str, wanted: dict[str, Any]) -> bool:
    """Whether a text is valid TOML that holds just this."""
    try:
        return tomllib.loads(text) == wanted
    except tomllib.TOMLDecodeError:
        return False


def names(text: str) -> list[str] | None:
    """The names of the labs that a text of course.toml lists; None if it is not valid TOML."""
    try:
        return [lab["name"] for lab in tomllib.loads(text).get(_LABS, [])]
    except (tomllib.TOMLDecodeError, KeyError):
        return None


def entries(lines: list[str]) -> list[LabEntry]:
    """Every entry of a lab, in the order of the lines; a table [labs.limits] belongs to the one above it."""
    headers = [(number, match[1]) for number, line in enumerate(lines) if (match := HEADER.match(line))]
    starts = [number for number, key in headers if key == _LABS]
    stops = [number for number, key in headers if not key.startswith(f"{_LABS}.")] + [len(lines)]
    lab_entries = []
    for start in starts:
        end = _end(lines, start, min(stop for stop in stops if stop > start))
        match = re.search(r"^\s*name\s*=\s*[\"'](.*?)[\"']", "".join(lines[start:end]), re.MULTILINE)
        lab_entries.append(LabEntry(match[1] if match else "", start, end))
    return lab_entries


def _end(lines: list[str], start: int, stop: int) -> int:
    """Where an entry ends; comments below an empty line belong to what follows."""
    last = max(n for n in range(start, stop) if lines[n].strip() and not lines[n].lstrip().startswith("#"))
    while last + 1 < stop and lines[last + 1].lstrip().startswith("#"):
        last += 1
    return last + 1
