"""HTML of a submission as it may stand on the page: nothing that runs, loads, or reaches out of its place."""

import re
from collections.abc import Iterator

import nh3
import tinycss2
from bs4 import BeautifulSoup, Tag
from pygments.token import STANDARD_TYPES

LONGEST = 300_000  # characters of one piece of HTML
DEEPEST = 200  # elements in each other: sanitising takes time that grows with the square of it
OURS = "nb-"  # before every id of a submission, so that none is like one of the page's own

MATH = set(
    "math mrow mi mn mo ms mtext mspace msqrt mroot mfrac msub msup msubsup munder mover munderover mmultiscripts "
    "mprescripts none mtable mtr mtd mpadded mphantom mstyle menclose mfenced".split()
)
TAGS = MATH | set(
    "a abbr b blockquote br caption center cite code col colgroup dd del details dfn div dl dt em figcaption figure "
    "h1 h2 h3 h4 h5 h6 hr i img ins kbd li mark ol p pre q s samp small span strike strong sub summary sup table "
    "tbody td tfoot th thead tr tt u ul var".split()
)
ATTRIBUTES = {
    "*": {"id", "class", "style", "title", "dir", "lang", "align", "valign"},
    "a": {"href"},
    "img": {"src", "alt", "width", "height"},
    "details": {"open"},
    "ol": {"start"},
    "td": {"colspan", "rowspan", "headers"},
    "th": {"colspan", "rowspan", "scope"},
    "math": {"display", "alttext"},
} | {
    tag: set(
        "mathvariant stretchy fence separator form lspace rspace accent accentunder columnalign columnspacing "
        "rowspacing columnlines rowlines displaystyle scriptlevel linethickness notation width height depth minsize "
        "maxsize largeop movablelimits mathcolor mathbackground".split()
    )
    for tag in MATH - {"math"}
}
STYLES = set(
    "background-color border border-bottom border-bottom-color border-bottom-style border-bottom-width "
    "border-collapse border-color border-left border-left-color border-left-style border-left-width border-right "
    "border-right-color border-right-style border-right-width border-spacing border-style border-top "
    "border-top-color border-top-style border-top-width border-width color font-family font-size font-style "
    "font-variant font-weight height line-height max-width min-width padding padding-bottom padding-left "
    "padding-right padding-top text-align text-decoration text-indent vertical-align white-space width".split()
)
# Colours of code and of terminals, and pandas' tables; any other class could take the looks of the page's own parts.
CLASSES = {"highlight", "dataframe", *filter(None, STANDARD_TYPES.values())}
ANSI = re.compile(r"ansi-[a-z-]+")
PICTURE = re.compile(r"data:image/(png|jpeg|gif|webp|bmp|svg\+xml);base64,[A-Za-z0-9+/=\s]+")
OPENING = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)")
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"}
SELECTOR = re.compile(r"#([\w-]+)(?:\s+([a-z][a-z0-9]*))?")
COLOURS = {"rgb", "rgba", "hsl", "hsla"}


def allowed(tag: str, name: str, value: str) -> str | None:
    """The value that an attribute of a submission gets on the page, or None for none."""
    if name == "id":
        return value if value.startswith(OURS) else OURS + value
    if name == "href" and value.startswith("#"):
        return f"#{OURS}{value[1:].removeprefix(OURS)}"
    if name == "class":
        return " ".join(each for each in value.split() if each in CLASSES or ANSI.fullmatch(each)) or None
    if name == "style":
        return clean_style(value) or None
    return value


def clean_style(declarations: str) -> str:
    """The declarations that only change how an element looks, in its place."""
    kept = [
        f"{one.lower_name}: {tinycss2.serialize(one.value).strip()}"
        for one in tinycss2.parse_declaration_list(declarations, skip_comments=True, skip_whitespace=True)
        if one.type == "declaration" and one.lower_name in STYLES and all(plain(token) for token in one.value)
    ]
    return "; ".join(kept)


def plain(token: tinycss2.ast.Node) -> bool:
    """Whether a part of a value is a word, a number or a colour, and nothing that loads or computes."""
    if token.type == "function":
        return token.lower_name in COLOURS
    return token.type in {"ident", "number", "dimension", "percentage", "hash", "string", "literal", "whitespace"}


cleaner = nh3.Cleaner(
    tags=TAGS,
    attributes=ATTRIBUTES,
    attribute_filter=allowed,
    url_schemes={"http", "https", "mailto", "data"},
    clean_content_tags={"script", "style", "title", "template", "svg", "object", "iframe", "noscript", "textarea"},
)


def clean(html: str, level: int = 2, hints: bool = False) -> str:
    """The fragment without all that the page may not hold; what it opens is closed in it.

    `level` is added to the level of each heading. `hints` opens its folded hints. Too large or too deeply nested a
    fragment is replaced by a remark.
    """
    if len(html) > LONGEST:
        return f"<p>[HTML of {len(html):,} characters is not shown here.]</p>"
    if deep(html):
        return f"<p>[HTML with more than {DEEPEST} elements in each other is not shown here.]</p>"
    rules, rest = without_styles(html)
    soup = BeautifulSoup(cleaner.clean(rest), "html.parser")
    put_styles(soup, rules)
    for link in soup.find_all("a", href=re.compile(r"^data:", re.IGNORECASE)):
        del link["href"]
    for picture in soup.find_all("img"):
        put_text_for_foreign(soup, picture)
    for heading in soup.find_all(re.compile(r"^h[1-6]$")):
        heading.name = f"h{min(6, int(heading.name[1]) + level)}"
    for table in soup.find_all("table"):
        table.wrap(soup.new_tag("div", attrs={"class": "scroll", "tabindex": "0"}))
    for fold in soup.find_all("details"):
        if hints and fold.summary and fold.summary.get_text().strip().lower().startswith("hint"):
            fold["open"] = ""
    return str(soup)


def deep(html: str) -> bool:
    """Whether elements may be nested too deeply, counted without parsing: what is opened and not closed yet."""
    depth = 0
    for match in OPENING.finditer(html):
        if match[2].lower() not in VOID:
            depth = max(0, depth - 1) if match[1] else depth + 1
        if depth > DEEPEST:
            return True
    return False


def without_styles(html: str) -> tuple[str, str]:
    """The text of all style sheets in a fragment, and the rest of it."""
    small, rules, rest, place = html.lower(), list[str](), list[str](), 0
    while (start := small.find("<style", place)) >= 0:
        opened, end = small.find(">", start), small.find("</style", start)
        if min(opened, end) < 0:
            break
        rest.append(html[place:start])
        rules.append(html[opened + 1 : end])
        place = end
    return "\n".join(rules), "".join([*rest, html[place:]])


def put_styles(soup: BeautifulSoup, rules: str) -> None:
    """Write rules for ids, of which a styled table of pandas consists, into the elements; others are left out."""
    for target, style in simple_rules(rules):
        found = SELECTOR.fullmatch(target)
        place = soup.find(id=OURS + found[1]) if found else None
        if found and isinstance(place, Tag):
            for element in place.find_all(found[2]) if found[2] else [place]:
                element["style"] = "; ".join(filter(None, [style.rstrip(";"), str(element.get("style", ""))]))


def simple_rules(rules: str) -> Iterator[tuple[str, str]]:
    """Each selector with its declarations, as far as they may be kept."""
    for rule in tinycss2.parse_stylesheet(rules, skip_comments=True, skip_whitespace=True):
        if rule.type == "qualified-rule":
            style = clean_style(tinycss2.serialize(rule.content))
            for selector in tinycss2.serialize(rule.prelude).split(",") if style else []:
                yield selector.strip(), style


def put_text_for_foreign(soup: BeautifulSoup, picture: Tag) -> None:
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
