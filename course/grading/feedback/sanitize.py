"""HTML of a submission as it may stand on the page: nothing that runs, loads, or reaches out of its place."""

import re
from collections.abc import Iterator
from typing import cast

import tinycss2
from bs4 import BeautifulSoup, Tag

from course.grading.feedback.allowed_html import ID_PREFIX, clean_style, cleaner, split_words

LONGEST_HTML = 300_000  # characters of one piece of HTML
MOST_VISITS = 200_000  # of elements, to find those that the style sheets in one piece of HTML are about
DEEPEST_ELEMENT = 200  # elements in each other: sanitising takes time that grows with the square of it
PICTURE = re.compile(r"data:image/(?:png|jpe?g|gif|webp|bmp|svg\+xml);base64,[A-Za-z0-9+/=\s]+")
_OPENING = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)")
# Elements without an end of their own, or that end where the next one of their kind begins.
UNCLOSED = split_words(
    "p li dt dd tr td th thead tbody tfoot colgroup option "
    "area base br col embed hr img input link meta param source track wbr"
)
NEEDS_TREE = re.compile(r"<(img|h[1-6]|table|math|details)\b| href=\"data:")  # else no tree is made, which takes time
SELECTOR = re.compile(r"#([\w-]+)(?:\s+([a-z][a-z0-9]*))?")


def clean(html: str, level: int = 2, hints: bool = False) -> str:
    """The fragment without all that the page may not hold; what it opens is closed in it.

    `level` is added to the level of each heading. `hints` opens the first of its folded hints. Too large or too deeply
    nested a fragment is replaced by a remark.
    """
    if len(html) - sum(map(len, PICTURE.findall(html))) > LONGEST_HTML:
        return f"<p>[HTML of {len(html):,} characters is not shown here.]</p>"
    if is_too_deep(html):
        return f"<p>[HTML with more than {DEEPEST_ELEMENT} elements in each other is not shown here.]</p>"
    rules, content = split_styles(html)
    cleaned: str = cleaner.clean(content)
    if not rules and not NEEDS_TREE.search(cleaned):
        return cleaned
    soup = BeautifulSoup(cleaned, "html.parser")
    inline_styles(soup, rules)
    for link in soup.find_all("a", href=re.compile(r"^data:", re.IGNORECASE)):
        del link["href"]
    for picture in soup.find_all("img"):
        replace_foreign_picture(soup, picture)
    for heading in soup.find_all(re.compile(r"^h[1-6]$")):
        heading.name = f"h{min(6, int(heading.name[1]) + level)}"
    for wide in soup.select('table, math[display="block"]'):
        wide.wrap(soup.new_tag("div", attrs={"class": "scroll", "tabindex": "0"}))
    summaries = [summary for summary in soup.select("details > summary") if hints]
    steps = [summary for summary in summaries if summary.get_text().strip().lower().startswith("hint")]
    for step in steps[:1]:  # the next steps are for whoever wants them
        cast(Tag, step.parent)["open"] = ""
    return str(soup)


def costly_parts(html: str) -> int:
    """What takes time to clean: the beginnings and ends of elements in a fragment, and the size of its style sheets."""
    rules, content = split_styles(html)
    return content.count("<") + rules.count("{") + rules.count(",") + len(rules) // 20


def is_too_deep(html: str) -> bool:
    """Whether elements may be nested too deeply, counted without parsing: what is opened and not closed yet."""
    depth = 0
    for match in _OPENING.finditer(html):
        if match[2].lower() not in UNCLOSED:
            depth = max(0, depth - 1) if match[1] else depth + 1
        if depth > DEEPEST_ELEMENT:
            return True
    return False


def split_styles(html: str) -> tuple[str, str]:
    """The text of all style sheets in a fragment, and the rest of it."""
    lower_case, rules, content, position = html.lower(), list[str](), list[str](), 0
    while (start := lower_case.find("<style", position)) >= 0:
        tag_end, end = lower_case.find(">", start), lower_case.find("</style", start)
        if min(tag_end, end) < 0:
            break
        content.append(html[position:start])
        rules.append(html[tag_end + 1 : end])
        position = end
    return "\n".join(rules), "".join([*content, html[position:]])


def inline_styles(soup: BeautifulSoup, rules: str) -> None:
    """Write rules for ids, of which a styled table of pandas consists, into the elements; others are left out."""
    if not rules:
        return
    elements, room = {str(part["id"]): part for part in soup.find_all(id=True)}, MOST_VISITS
    size = len(soup.find_all(True))
    for target, style in simple_rules(rules):
        match = SELECTOR.fullmatch(target)
        element = elements.get(ID_PREFIX + match[1]) if match else None
        room -= size if element and match and match[2] else 1
        if room < 0:
            return
        if match and element is not None:
            for part in element.find_all(match[2]) if match[2] else [element]:
                part["style"] = f"{style}; {part.get('style', '')}".rstrip("; ")


def simple_rules(rules: str) -> Iterator[tuple[str, str]]:
    """Each selector with its declarations, as far as they may be kept."""
    for rule in tinycss2.parse_stylesheet(rules, skip_comments=True, skip_whitespace=True):
        if rule.type == "qualified-rule":
            style = clean_style(tinycss2.serialize(rule.content))
            for selector in tinycss2.serialize(rule.prelude).split(",") if style else []:
                yield selector.strip(), style


def replace_foreign_picture(soup: BeautifulSoup, picture: Tag) -> None:
    """Leave a picture that is in the notebook; of any other, show the description and where it would be.

    A picture that is a link, such as a badge, leaves its description only: its address leads out of the page, too.
    """
    address, text = str(picture.get("src", "")), str(picture.get("alt") or "picture without a description")
    if PICTURE.fullmatch(address):
        picture["alt"] = text
        return
    link = picture.find_parent("a")
    if link:
        picture.replace_with(text)
        link.unwrap()
    else:
        picture.replace_with(f"[{text}, not loaded: {address}]" if address else f"[{text}]")
