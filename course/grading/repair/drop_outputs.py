"""Leaving the outputs out of a large notebook before it is read: they are not needed, and may be most of it."""

import re

DROPPED = {'"outputs"', '"widgets"'}
_TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*+"|[\[\]{}]', re.DOTALL)  # a string, or an edge of a list or dictionary
VALUE = re.compile(r"\s*:\s*(?=[\[{])")


def without_outputs(text: str) -> str:
    """The JSON text with empty outputs, and without widgets' states; a text that is not JSON stays invalid."""
    pieces, copied, depth, dropped_start = list[str](), 0, 0, None
    for token in _TOKEN.finditer(text):
        token_text = token[0]
        if dropped_start is None:
            if token_text in DROPPED and (value := VALUE.match(text, token.end())):
                dropped_start, depth = value.end(), 0
            continue
        if len(token_text) > 1:
            continue
        depth += 1 if token_text in "[{" else -1
        if depth == 0:
            pieces += [text[copied:dropped_start], "null"]
            copied, dropped_start = token.end(), None
    return "".join([*pieces, text[copied:]])
