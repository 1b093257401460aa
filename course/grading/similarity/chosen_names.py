"""The names that an answer itself binds: variables, parameters, functions. A copy may have others in their place."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from pygments.token import Comment, Keyword, Name, String, Text

CHOSEN = "·"  # what stands in the place of each of them
_OPENING, _CLOSING = {"(", "[", "{"}, {")", "]", "}"}
_OPERATORS = set("+-*/%@&|^<>")  # with = behind them, something else than an assignment
BLOCKS = {"if", "elif", "else", "for", "while", "with", "try", "except", "finally", "async"}


class Lexeme(NamedTuple):
    """What Pygments takes for one: its place in characters, its kind, its text."""

    start: int
    kind: Any
    text: str


def chosen_names(lexemes: Sequence[Lexeme]) -> set[str]:
    """The names that are bound somewhere in the code; names that are only imported or used are the libraries'."""
    found = set[str]()
    for statement in _statements(lexemes):
        found |= set(_named_by_keyword(statement)) | set(_assigned(statement))
    return found


def _statements(lexemes: Sequence[Lexeme]) -> Iterator[list[Lexeme]]:
    """The statements of the code without blank space and comments."""
    statement, depth = list[Lexeme](), 0
    for lexeme in lexemes:
        if lexeme.text in _OPENING:
            depth += 1
        elif lexeme.text in _CLOSING:
            depth = max(0, depth - 1)
        if depth == 0 and ("\n" in lexeme.text or lexeme.text == ";") and lexeme.kind not in String:
            yield statement
            statement = []
        elif lexeme.kind not in Text and lexeme.kind not in Comment:
            statement.append(lexeme)
    yield statement


def _named_by_keyword(statement: Sequence[Lexeme]) -> Iterator[str]:
    """What stands after def, class, lambda, for and as, and before := in a statement."""
    binding, depth, own_depth = "", 0, 0  # binding: the keyword whose names come now
    for place, lexeme in enumerate(statement):
        before = statement[place - 1].text if place else ""
        after = statement[place + 1].text if place + 1 < len(statement) else ""
        depth += (lexeme.text in _OPENING) - (lexeme.text in _CLOSING)
        if lexeme.text in {"lambda", "for"}:
            binding, own_depth = lexeme.text, depth
        elif lexeme.kind in Name.Function:
            binding, own_depth = "def", depth + 1
            yield lexeme.text
        elif lexeme.kind in Name.Class:
            yield lexeme.text
        elif binding and _ends(binding, lexeme.text, own_depth - depth):
            binding = ""
        elif lexeme.kind in Name:
            is_target = binding == "for" and before != "."
            is_parameter = binding and depth == own_depth and before in {"(", ",", "*", "**", "lambda"}
            if is_target or is_parameter or before == "as" or after == ":=":
                yield lexeme.text


def _ends(binding: str, text: str, levels_up: int) -> bool:
    """Whether the names that a keyword binds end here, that many levels of brackets further up."""
    if binding == "def":
        return levels_up > 0 and text in _CLOSING
    return levels_up > 0 or (text == (":" if binding == "lambda" else "in") and levels_up == 0)


def _assigned(statement: Sequence[Lexeme]) -> Iterator[str]:
    """What stands before each = that is no argument's."""
    depths, depth = [], 0
    for lexeme in statement:
        depth += (lexeme.text in _OPENING) - (lexeme.text in _CLOSING)
        depths.append(depth)
    signs = [place for place, one in enumerate(statement) if one.text == "=" and not depths[place]]
    last = max((place for place in signs if place and statement[place - 1].text not in _OPERATORS), default=0)
    start = 0
    colons = [place for place in range(last) if statement[place].text == ":" and not depths[place]]
    if colons and statement[0].text in BLOCKS and statement[0].kind in Keyword:
        start = colons[-1] + 1
    elif colons:
        last = colons[0] + 1  # the rest is an annotation
    for place in range(start, last):
        before = statement[place - 1].text if place else ""
        after = statement[place + 1].text if place + 1 < len(statement) else ""
        in_brackets = any(statement[earlier].text in {"[", "{"} for earlier in range(start, place)) and depths[place]
        if statement[place].kind in Name and before != "." and after in {"=", ",", ")", ":"} and not in_brackets:
            yield statement[place].text
