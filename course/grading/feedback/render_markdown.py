"""Markdown of a notebook as HTML: nbconvert's own, with formulas as MathML and a limit to repeated pictures."""

import re
import secrets
from collections.abc import Mapping
from html import escape
from typing import Any

from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

from course.grading.feedback.formulas import formula
from course.text.markdown import PASTED

MOST_PICTURES = 8 * 2**20  # characters of all attached pictures in one text, each counted as often as it is shown
MOST_ENVIRONMENTS = 100  # in one text: to find their ends takes time that grows with the square of their number
LONG_BLANKS = 100  # in a row; that time grows with the square of more of them, too
PASTED_START = "data:image/png;base64,"
PASTED_ADDRESS = re.compile(f"{PASTED_START}[0-9a-f]{{32}}")
BLANKS = re.compile(f"[ \\t]{{{LONG_BLANKS},}}")


class Renderer(IPythonRenderer):
    """Formulas as MathML, no anchors at headings, and pictures of at most `room` characters."""

    def __init__(self, attachments: Mapping[str, Any], room: int) -> None:
        """Take the pictures that are attached to the text."""
        super().__init__(escape=False, attachments=attachments, exclude_anchor_links=True)
        self.room = min(room, MOST_PICTURES)
        self.pasted: dict[str, str] = {}

    def block_math(self, body: str) -> str:
        """A formula of its own line."""
        return formula(body, block=True)

    def inline_math(self, body: str) -> str:
        """A formula in a line."""
        return formula(body)

    def latex_environment(self, name: str, body: str) -> str:
        """A formula such as one of several aligned lines."""
        return formula(f"\\begin{{{name}}}{body}\\end{{{name}}}", block=True)

    def block_mermaidjs(self, code: str) -> str:
        """A diagram that needs a script is shown as its text."""
        return str(self.block_code(code))

    def image(self, text: str, url: str, title: str | None = None) -> str:
        """A picture, or its description where it has no room."""
        html = str(super().image(text, self.pasted.get(url, url), title))
        if len(html) > self.room:
            return str(self.text(f"[{text}: not shown, as the pictures are too large for one page.]"))
        self.room -= len(html)
        return html

    def set_aside(self, source: str) -> str:
        """The text with a short address for each long picture that is pasted into it; nobody can know that address."""

        def replace(match: re.Match[str]) -> str:
            address = f"{PASTED_START}{secrets.token_hex(16)}"
            self.pasted[address] = match[0]
            return address

        return PASTED.sub(replace, source)

    def put_back(self, html: str) -> str:
        """The same for the HTML: those pictures that stand in HTML of the text's own, each once."""
        return PASTED_ADDRESS.sub(lambda match: self.pasted.pop(match[0], match[0]), html)


def markdown_html(source: str, attachments: Mapping[str, Any], room: int = MOST_PICTURES) -> str:
    """The HTML of a Markdown text, still to be cleaned; one with too many environments is shown as it was written."""
    source = BLANKS.sub(" " * LONG_BLANKS, source)
    if source.count("\\begin{") > MOST_ENVIRONMENTS:
        return f"<pre>{escape(source)}</pre>"
    renderer = Renderer(attachments, room)
    return renderer.put_back(str(MarkdownWithMath(renderer=renderer).render(renderer.set_aside(source))))
