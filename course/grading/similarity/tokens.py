"""An answer as a sequence of tokens in which names, comments and formatting make no difference.

Pygments takes any text apart; nothing is parsed or run, so an answer need not be valid Python, and a hostile one does
no harm.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from pygments.lexers.python import PythonLexer
from pygments.token import Comment, Name, Number, String, Text

from course.grading.similarity.chosen_names import CHOSEN, Lexeme, chosen_names

_LONGEST_ANSWER = 100_000  # characters of an answer that are compared
QUOTES = {"'", '"', "'''", '"""'}
_CLOSING = {")", "]", "}"}
_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Token:
    """What is compared, and where it stands in the answer, as characters from `start` to before `end`."""

    text: str
    start: int
    end: int


@lru_cache(maxsize=50_000)
def code_tokens(source: str) -> tuple[Token, ...]:
    """The tokens of code: each name that the answer itself binds is the same one, as is each way to write a number.

    Comments, docstrings, blank space, quotes, commas before a bracket and semicolons are left out.
    """
    lexemes = [Lexeme(*one) for one in PythonLexer().get_tokens_unprocessed(source[:_LONGEST_ANSWER])]
    names = chosen_names(lexemes)
    return tuple(_compared([one for one in lexemes if _counts(one)], names))


@lru_cache(maxsize=50_000)
def prose_tokens(source: str) -> tuple[Token, ...]:
    """The words of a written answer, in small letters."""
    words = _WORD.finditer(source[:_LONGEST_ANSWER])
    return tuple(Token(word.group().casefold(), word.start(), word.end()) for word in words)


def _counts(lexeme: Lexeme) -> bool:
    kind, text = lexeme.kind, lexeme.text
    if kind in Text or kind in Comment or kind in String.Doc or kind in String.Affix:
        return False
    return bool(text.strip()) and text not in QUOTES and text != ";"


def _compared(lexemes: Sequence[Lexeme], names: set[str]) -> Iterator[Token]:
    """The tokens as they are compared."""
    for place, lexeme in enumerate(lexemes):
        before = lexemes[place - 1].text if place else ""
        after = lexemes[place + 1].text if place + 1 < len(lexemes) else ""
        if lexeme.text == "," and after in _CLOSING:
            continue
        text = lexeme.text
        if lexeme.kind in Name:
            is_argument = after == "=" and before in {"(", ","} and text not in names
            text = CHOSEN if text in names and before != "." and not is_argument else text
        elif lexeme.kind in Number:
            text = plain_number(text)
        elif lexeme.kind in String:
            text = " ".join(text.split())
        yield Token(text, lexeme.start, lexeme.start + len(lexeme.text))


def plain_number(text: str) -> str:
    """A number in one of the ways to write it: 1_000.0 and 1e3 are 1000."""
    try:
        return f"{float(text):.12g}"
    except ValueError:  # such as 0xff or 2j
        return text.casefold()
