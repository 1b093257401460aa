"""Text for tables that are opened in a spreadsheet program."""

import unicodedata

FORMULA = set("=+-@−")  # a spreadsheet computes what begins with one of these, whatever form of it, such as ＝ or ﹦
ENCODING = "utf-8-sig"  # with the mark by which Excel knows that it is UTF-8
# Control characters, half characters, line ends, and marks that change the direction of writing.
UNPRINTABLE = {"Cc", "Cs", "Zl", "Zp"}
DIRECTION_MARKS = set("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def spreadsheet_text(text: str) -> str:
    """The text as a cell that a spreadsheet reads as text: on one line, and never a formula."""
    line = "".join(" " if unprintable(character) else character for character in text)
    visible = (letter for letter in line if not letter.isspace() and unicodedata.category(letter) != "Cf")
    return f"'{line}" if unicodedata.normalize("NFKC", next(visible, " ")) in FORMULA else line


def unprintable(character: str) -> bool:
    """Whether a character is not printed as itself."""
    return unicodedata.category(character) in UNPRINTABLE or character in DIRECTION_MARKS
