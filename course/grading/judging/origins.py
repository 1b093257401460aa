"""Whose code something is: the submission's, a library's, or the judge's own."""

from collections.abc import Callable
from typing import Any

exact_type = type


def make_is_foreign(roots: tuple[str, ...], judge_files: frozenset[str]) -> Callable[[Any], bool]:
    """A function that tells from a code object's file name whether it is the submission's.

    `roots`: folders whose Python files are trusted, each with a separator at its end.
    """
    known_files: dict[str, bool] = {}

    def is_foreign(filename: Any) -> bool:
        if exact_type(filename) is not str:  # a text that decides for itself what it equals
            return True
        if filename not in known_files:
            here = filename.startswith(roots) and "/.." not in filename
            known_files[filename] = not (here or filename.startswith("<frozen ") or filename in judge_files)
        return known_files[filename]

    return is_foreign


def make_is_one_of(names: frozenset[str]) -> Callable[[Any], bool]:
    """A function that tells whether a code object's file name is one of these.

    The name is compared only if it is a plain text: any other would run code of the submission.
    """

    def is_one_of(filename: Any) -> bool:
        return exact_type(filename) is str and filename in names

    return is_one_of
