"""LaTeX formulas as MathML, which browsers show without a script, a font or a network."""

from html import escape, unescape
from xml.etree import ElementTree

from latex2mathml import exceptions
from latex2mathml.converter import convert_to_element

_LONGEST = 2_000  # characters of a formula; a longer one is shown as it was written
# The errors of the library have no common base, and for unfinished formulas it raises Python's own.
_UNREADABLE: tuple[type[Exception], ...] = (
    *(error for error in vars(exceptions).values() if isinstance(error, type) and issubclass(error, Exception)),
    StopIteration,
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    RecursionError,
)


def formula(latex: str, block: bool = False) -> str:
    """The formula as an HTML fragment: MathML, or its source as code if it cannot be read."""
    latex = latex.strip()
    if len(latex) <= _LONGEST:
        try:
            root = convert_to_element(latex, display="block" if block else "inline")
        except _UNREADABLE:
            pass
        else:
            for element in root.iter():
                element.text = unescape(element.text or "")  # the library writes symbols as entities
            root.set("alttext", latex)
            return ElementTree.tostring(root, encoding="unicode")
    return f"<code>{escape(latex)}</code>"
