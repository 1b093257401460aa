"""What may remain of a submission's HTML: elements, attributes, styles; everything that is not listed goes."""

import re
from functools import lru_cache

import nh3
import tinycss2
from pygments.token import STANDARD_TYPES

ID_PREFIX = "nb-"  # before every id of a submission, so that none is like one of the page's own


def split_words(text: str) -> set[str]:
    """The words of a list."""
    return set(text.split())


MATH = split_words(
    "math mrow mi mn mo ms mtext mspace msqrt mroot mfrac msub msup msubsup munder mover munderover mmultiscripts "
    "mprescripts none mtable mtr mtd mpadded mphantom mstyle menclose mfenced"
)
TAGS = MATH | split_words(
    "a abbr b blockquote br caption center cite code col colgroup dd del details dfn div dl dt em figcaption figure "
    "h1 h2 h3 h4 h5 h6 hr i img ins kbd li mark ol p pre q s samp small span strike strong sub summary sup table "
    "tbody td tfoot th thead tr tt u ul var"
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
    tag: split_words(
        "mathvariant stretchy fence separator form lspace rspace accent accentunder columnalign columnspacing "
        "rowspacing columnlines rowlines displaystyle scriptlevel linethickness notation width height depth minsize "
        "maxsize largeop movablelimits mathcolor mathbackground"
    )
    for tag in MATH - {"math"}
}
STYLES = split_words(
    "background-color border border-bottom border-bottom-color border-bottom-style border-bottom-width "
    "border-collapse border-color border-left border-left-color border-left-style border-left-width border-right "
    "border-right-color border-right-style border-right-width border-spacing border-style border-top "
    "border-top-color border-top-style border-top-width border-width color font-family font-size font-style "
    "font-variant font-weight height line-height max-width min-width padding padding-bottom padding-left "
    "padding-right padding-top text-align text-decoration text-indent vertical-align white-space width"
)
# Colours of code and of terminals, and pandas' tables; any other class could take the looks of the page's own parts.
CLASSES = {"highlight", "dataframe", *filter(None, STANDARD_TYPES.values())}
ANSI = re.compile(r"ansi-[a-z-]+")
COLOURS = {"rgb", "rgba", "hsl", "hsla"}


def allowed_value(tag: str, name: str, value: str) -> str | None:
    """The value that an attribute of a submission gets on the page, or None for none."""
    if name == "id":
        return value if value.startswith(ID_PREFIX) else ID_PREFIX + value
    if name == "href" and value.startswith("#"):
        return f"#{ID_PREFIX}{value[1:].removeprefix(ID_PREFIX)}"
    if name == "class":
        return " ".join(word for word in value.split() if word in CLASSES or ANSI.fullmatch(word)) or None
    if name == "style":
        return clean_style(value) or None
    return value


@lru_cache(maxsize=1_000)
def clean_style(declarations: str) -> str:
    """The declarations that only change how an element looks, and not its position."""
    declared = [
        f"{declaration.lower_name}: {tinycss2.serialize(declaration.value).strip()}"
        for declaration in tinycss2.parse_declaration_list(declarations, skip_comments=True, skip_whitespace=True)
        if declaration.type == "declaration"
        and declaration.lower_name in STYLES
        and all(is_plain_value(token) for token in declaration.value)
    ]
    return "; ".join(declared)


def is_plain_value(token: tinycss2.ast.Node) -> bool:
    """Whether a part of a value is a word, a number or a colour, and nothing that loads or computes."""
    if token.type == "function":
        return token.lower_name in COLOURS
    return token.type in {"ident", "number", "dimension", "percentage", "hash", "string", "literal", "whitespace"}


cleaner = nh3.Cleaner(
    tags=TAGS,
    attributes=ATTRIBUTES,
    attribute_filter=allowed_value,
    url_schemes={"http", "https", "mailto", "data"},
    clean_content_tags={"script", "style", "title", "template", "svg", "object", "iframe", "noscript", "textarea"},
)
