"""Names that strangers chose: which may become a file or a folder, and how to print the others."""

import re
import unicodedata
from pathlib import PurePosixPath

from course.text.spreadsheets import unprintable

DRIVE = re.compile(r"[A-Za-z]:")
UNPORTABLE = re.compile(r'[<>:"/\\|?*]')
DEVICE = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)  # what Windows keeps for itself
_LONGEST = 200  # bytes, of the 255 that file systems allow
LONGEST_PATH = 1000  # characters in an archive; with more, telling its parts takes a while
_DEEPEST = 8


def printable_name(name: str, longest: int = 80) -> str:
    """The name for a message: on one line, without anything that changes the terminal."""
    text = "".join("�" if unprintable(character) else character for character in name)
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def refusal(name: str) -> str | None:
    """Why a name in an archive must not be followed, or None if it leads to a place below the folder."""
    if len(name) > LONGEST_PATH:
        return "its name is too long"
    if any(unprintable(character) for character in name):
        return "its name holds characters that cannot be printed"
    if "\\" in name:
        return "its name holds a backslash, which is a folder on some systems"
    if name.startswith("/") or DRIVE.match(name):
        return "its name is an absolute path"
    if any(part in ("", ".", "..") for part in name.rstrip("/").split("/")):
        return "its name leads out of its folder"
    return None


def why_unportable(path: PurePosixPath) -> str | None:
    """Why a file could not have this path on every system, or None."""
    if len(path.parts) > _DEEPEST:
        return "it lies in too many folders"
    for part in path.parts:
        if UNPORTABLE.search(part) or DEVICE.fullmatch(part) or part[-1] in " .":
            return "its name is not possible on every system"
        if len(part.encode()) > _LONGEST:
            return "its name is too long"
    return None


def flat_name(path: PurePosixPath) -> str:
    """A name that is possible everywhere, for a file that is kept aside."""
    name = UNPORTABLE.sub("_", "__".join(path.parts)).rstrip(" .").lstrip(".") or "file"
    name = f"_{name}" if DEVICE.fullmatch(name) else name
    stem, dot, suffix = name.rpartition(".")
    while len(name.encode()) > _LONGEST:
        stem = stem[:-1] if dot and len(suffix) < 20 else name[:-1]
        name = f"{stem}.{suffix}" if dot and len(suffix) < 20 else stem
    return name


def folded(path: PurePosixPath | str) -> str:
    """A path as systems compare it that ignore case and kinds of accents."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", str(path)).casefold())


def id_problem(student: str) -> str | None:
    """Why this cannot be a student's id, or None.

    An id becomes a folder, is part of a path that nbgrader looks up as a pattern, and is stored in its gradebook. So it
    holds letters and digits of any script and `.`, `_`, `-` and `@`, begins with a letter or digit, and is not longer
    than 100 characters. nbgrader itself uses `+` to separate an id from the name of a lab.
    """
    if not student or not student[0].isalnum():
        return "it must begin with a letter or a digit"
    forbidden = {
        character for character in student if not (character in "._-@" or unicodedata.category(character)[0] in "LMN")
    }
    if forbidden:
        listed = ", ".join(
            "a space" if character == " " else printable_name(character) for character in sorted(forbidden)
        )
        return f"it must not hold {listed}: letters, digits and . _ - @ are possible"
    if unicodedata.normalize("NFC", student) != student:
        return "its accents are written as separate characters"
    if len(student) > 100 or why_unportable(PurePosixPath(student)):
        return "it is not possible as the name of a folder on every system"
    return None
