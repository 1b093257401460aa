"""What the Markdown of a lab holds, as a CommonMark parser sees it: headings, links, and images with their texts."""

import re
from html.parser import HTMLParser
from itertools import pairwise

from markdown_it import MarkdownIt
from markdown_it.token import Token

PARSER = MarkdownIt("commonmark")
# Pictures pasted into the text. Parsers look at them letter by letter, which takes seconds for some megabytes.
PASTED = re.compile(r"data:image/[a-z+.-]{1,20};base64,[A-Za-z0-9+/=]{1000,}")


def headings(markdown: str) -> list[tuple[int, str]]:
    """Level and text of each heading."""
    tokens = PARSER.parse(PASTED.sub("data:,", markdown))
    return [
        (int(opening.tag[1:]), inline.content) for opening, inline in pairwise(tokens) if opening.type == "heading_open"
    ]


def images_without_text(markdown: str) -> list[str]:
    """The address of each image that has no alternative text, in Markdown or HTML."""
    return [address for token in PARSER.parse(markdown) for address in _images(token)]


def targets(markdown: str) -> list[str]:
    """The address of each link and image, in Markdown or HTML."""
    return [address for token in PARSER.parse(PASTED.sub("data:,", markdown)) for address in _targets(token)]


def _targets(token: Token) -> list[str]:
    if token.type in ("html_block", "html_inline"):
        page = _HtmlTargets()
        page.feed(token.content)
        return page.addresses
    own_address = token.attrs.get("href" if token.type == "link_open" else "src")
    return [
        *([str(own_address)] if own_address else []),
        *(address for child in token.children or () for address in _targets(child)),
    ]


class _HtmlTargets(HTMLParser):
    """Collects the addresses of links and images."""

    def __init__(self) -> None:
        """Start with none."""
        super().__init__()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the address of an element."""
        if address := dict(attrs).get({"a": "href", "img": "src"}.get(tag, "")):
            self.addresses.append(address)


def _images(token: Token) -> list[str]:
    if token.type in ("html_block", "html_inline"):
        images = _HtmlImages()
        images.feed(token.content)
        return images.addresses
    if token.type == "image" and not token.content.strip():
        return [str(token.attrs.get("src", ""))]
    return [address for child in token.children or () for address in _images(child)]


class _HtmlImages(HTMLParser):
    """Collects the images without an alternative text."""

    def __init__(self) -> None:
        """Start with none."""
        super().__init__()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the address of an element."""
        attributes = dict(attrs)
        if tag == "img" and not (attributes.get("alt") or "").strip():
            self.addresses.append(attributes.get("src") or "")
