"""From the bytes of a notebook to its text, where the encoding is certain."""

import json
import re

import charset_normalizer

from course.errors import SubmissionError
from course.inbox.notes import Note

HAND_IN_AGAIN = "Hand in the .ipynb file again, as JupyterLab or Colab saves it."
WINDOWS = "cp1252"  # of Western Europe; its letters are also those of Latin-1 and Latin-9
OTHER_ENCODINGS = ["cp1250", "cp1254", "cp1257"]  # the same bytes are other letters in Prague, Istanbul and Riga
SAMPLE = 100_000  # bytes of lines with letters beyond ASCII
HIGH = r"¡-¿‚ƒ„†‡ˆ‰‹›˜™—"
# What no Western text but an Icelandic one holds: capitals and signs in the middle of a word, many special letters in a
# row, and what UTF-8 looks like when it is read as cp1252. Then the text is in another encoding.
NOT_WESTERN = re.compile(
    rf"[a-zß-öø-ÿ][ŠŒŽŸÀ-ÖØ-Þ]|[A-Za-z][{HIGH}][A-Za-z]|[A-Za-z][‚ƒ„ˆ‰˜¨¬¯¸]|[ÐÞðþ]|[ŠšŒœŽžŸÀ-ÖØ-öø-ÿ]{{3}}|[ÂÃâ][{HIGH}€…ŠŒŽ‘’“”•–—šœžŸ]"
)


def decode_text(data: bytes, name: str, notes: list[Note]) -> str:
    """The text of a file; adds a note if it is not plain UTF-8.

    Raises
    ------
    SubmissionError
        It is neither UTF-8, UTF-16 nor UTF-32, nor for certain a text of Western Europe in Windows' encoding.
    """
    encoding: str = json.detect_encoding(data)
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        if error.reason == "unexpected end of data":
            raise SubmissionError(
                f"{name} is no whole notebook: the end of the file is missing. {HAND_IN_AGAIN}"
            ) from error
        text, encoding = decode_western(data), WINDOWS
        if not text:
            reason = f"{error.reason} at byte {error.start}"
            raise SubmissionError(
                f"{name} is not UTF-8 text ({reason}), and what else it is cannot be told for certain. {HAND_IN_AGAIN}"
            ) from error
    if encoding == WINDOWS:
        message = (
            "It was written as Windows or Latin text instead of UTF-8. It was read; see whether all letters are right."
        )
        notes.append(Note("encoding", name, message))
    elif encoding != "utf-8":
        notes.append(Note("encoding", name, f"It was written as {encoding} instead of plain UTF-8. It was read."))
    return text


def decode_western(data: bytes) -> str:
    """The text if it is one of Western Europe in Windows' encoding or a Latin one; else nothing."""
    lines = b"\n".join(line for line in data.splitlines() if not line.isascii())[:SAMPLE]
    try:
        text, sample = data.decode(WINDOWS), lines.decode(WINDOWS)
    except UnicodeDecodeError:
        return ""
    if NOT_WESTERN.search(text):
        return ""
    guesses = [str(guess) for guess in charset_normalizer.from_bytes(lines, cp_isolation=[WINDOWS, *OTHER_ENCODINGS])]
    return text if sample in guesses or not guesses else ""
