"""Leaving the outputs out of a large notebook before it is read: they are not needed, and may be most of it."""

import re

DROPPED = {'"outputs"', '"widgets"'}
TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*+"|[\[\]{}]', re.DOTALL)  # a string, or an edge of a list or dictionary
VALUE = re.compile(r"\s*:\s*(?=[\[{])")


def without_outputs(text: str) -> str:
    """The JSON text with empty outputs, and without what widgets keep; what is no JSON stays no JSON."""
    kept, done, depth, begun = list[str](), 0, 0, None
    for token in TOKEN.finditer(text):
        piece = token[0]
        if begun is None:
            if piece in DROPPED and (value := VALUE.match(text, token.end())):
                begun, depth = value.end(), 0
            continue
        if len(piece) > 1:
            continue
        depth += 1 if piece in "[{" else -1
        if depth == 0:
            kept += [text[done:begun], "null"]
            done, begun = token.end(), None
    return "".join([*kept, text[done:]])
