"""The exporter that makes the page, for nbgrader's GenerateFeedback and for what could not be graded.

A page is one file that loads nothing, runs nothing, and looks the same whoever makes it.
"""

import base64
import hashlib
from collections.abc import Callable, Iterable, Mapping
from functools import cache, lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from jinja2 import BytecodeCache, Environment
from jinja2.bccache import Bucket
from markupsafe import Markup
from nbconvert import HTMLExporter
from nbconvert.filters import Highlight2HTML, ansi2html, strip_ansi
from nbformat import NotebookNode
from traitlets import List, Unicode

import course
from course.grading.feedback.attachments import Pictures
from course.grading.feedback.formulas import formula
from course.grading.feedback.render_markdown import markdown_html
from course.grading.feedback.sanitize import PICTURE, clean, costly_parts

FEEDBACK_TEMPLATES = Path(__file__).with_name("templates")
TEMPLATE = "feedback_page"
LIBRARIES = ("nbconvert", "mistune", "pygments", "nh3", "latex2mathml", "beautifulsoup4", "tinycss2", "jinja2")
# The looks of single elements are a submission's own, such as the colours of a table, and cleaned; style sheets, which
# could change the rest of the page, are not.
POLICY = (
    "default-src 'none'; img-src data:; style-src '{digest}'; style-src-elem '{digest}'; "
    "style-src-attr 'unsafe-inline'; base-uri 'none'; form-action 'none'"
)
ROOM = 8 * 2**20  # characters of everything from the submission on one page
HTML_ROOM = 1_000_000  # characters of HTML that are cleaned for one page, without its pictures
MOST_PARTS = 8_000  # of that HTML, see `costly_parts`; the labs with their solutions have some hundred
# Of these, what outputs and pictures leave to texts and code.
FOR_TEXTS, HTML_FOR_TEXTS, PARTS_FOR_TEXTS = 2**20, 400_000, 3_000
LONG_TEXT = 100_000  # characters of a text output
MOST_COLOURS = 2_000  # changes of colour in a text output
CODE_CELLS = 200  # whose colours are remembered
LONG_LINES = 30  # lines of an output that are shown at once
NO_ROOM = Markup("<p>[Not shown here: the notebook's outputs are too large for one page.]</p>")


class TemplateCache(BytecodeCache):
    """Templates as this process has compiled them: nbgrader makes an exporter for each page."""

    def __init__(self) -> None:
        """Nothing is compiled yet."""
        self._code: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Give back what is there."""
        if (code := self._code.get(bucket.key)) is not None:
            bucket.bytecode_from_string(code)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Remember a template."""
        self._code[bucket.key] = bucket.bytecode_to_string()


TEMPLATE_CACHE = TemplateCache()


class FeedbackPage(HTMLExporter):
    """A notebook and its summary as a page."""

    export_from_notebook = ""  # not offered by JupyterLab's menu
    # Traits without the mark of a setting: nbgrader sets HTMLExporter's in its commands, and Formgrader for itself.
    template_name = Unicode(TEMPLATE).tag(affects_template=True)
    extra_template_basedirs = List(Unicode(), [str(FEEDBACK_TEMPLATES)]).tag(affects_environment=True)
    extra_template_paths = List(Unicode(), []).tag(affects_environment=True)

    room, html_room, parts_left = ROOM, HTML_ROOM, MOST_PARTS

    def from_notebook_node(
        self, nb: NotebookNode, resources: dict[str, Any] | None = None, **kw: Any
    ) -> tuple[str, dict[str, Any]]:
        """Make the page; HTMLExporter's own pass over the finished page is left out, so that what is clean stays so."""
        self.room, self.html_room, self.parts_left = ROOM, HTML_ROOM, MOST_PARTS
        page, resources = super(HTMLExporter, self).from_notebook_node(nb, resources, **kw)
        return encodable(str(page)), resources

    def default_filters(self) -> Iterable[tuple[str, Callable[..., Any]]]:
        """nbconvert's filters, and those that the template uses, which return what is safe on the page."""
        yield from super().default_filters()
        yield "markdown", self.markdown
        yield "fragment", self.fragment
        yield "terminal", self.terminal
        yield "python", self.python
        yield "latex", self.latex
        yield "data", self.data
        yield "points", format_points

    def _create_environment(self) -> Environment:
        environment: Environment = super()._create_environment()
        environment.autoescape = True
        environment.bytecode_cache = TEMPLATE_CACHE
        style = (FEEDBACK_TEMPLATES / TEMPLATE / "page.css").read_text("utf-8")
        environment.globals |= {"style": Markup(style), "policy": page_policy(style), "long_lines": LONG_LINES}
        return environment

    def markdown(self, source: str, attachments: Mapping[str, Any] | None = None, hints: bool = False) -> Markup:
        """Markdown, with the pictures attached to its cell; `hints` opens what it hides as a hint."""
        room = max(0, self.room - FOR_TEXTS)
        return self.clean_html(lambda: markdown_html(source, Pictures(attachments or {}), room), hints, own=True)

    def fragment(self, html: str) -> Markup:
        """HTML that a cell shows."""
        return self.clean_html(lambda: html)

    def latex(self, text: str) -> Markup:
        """A formula that a cell shows."""
        return self.clean_html(lambda: formula(text.strip().strip("$"), block=True))

    def terminal(self, text: str) -> Markup:
        """Text that a cell prints, with its colours; nbconvert escapes it."""
        shown = text if len(text) <= LONG_TEXT else text[:LONG_TEXT] + "\n[The rest is not shown here.]"
        plain = shown.count("\x1b") > MOST_COLOURS
        return self.fit(lambda: str(ansi2html(strip_ansi(shown) if plain else shown)))

    def python(self, source: str) -> Markup:
        """Code in colours; Pygments escapes it."""
        return self.fit(lambda: highlight(source), own=True)

    def data(self, content: str) -> Markup:
        """The content of a picture, without line breaks; empty once there is no more room."""
        compact = "".join(content.split())
        return Markup.escape(compact) if self.reserve(len(compact)) else Markup("")

    def clean_html(self, make: Callable[[], str], hints: bool = False, own: bool = False) -> Markup:
        """Cleaned HTML, while there is room for it; cleaning takes more time than anything else.

        `own` is for the texts of the notebook itself, for which some room is kept free of outputs.
        """
        if self.html_room <= (0 if own else HTML_FOR_TEXTS):
            return NO_ROOM
        html = encodable(make())
        if (count := costly_parts(html)) > self.parts_left - (0 if own else PARTS_FOR_TEXTS):
            return NO_ROOM
        self.parts_left -= count
        self.html_room -= len(html) - sum(map(len, PICTURE.findall(html)))
        return self.fit(lambda: clean(html, hints=hints), own)

    def fit(self, make: Callable[[], str], own: bool = False) -> Markup:
        """What is made, while there is room for it."""
        if self.room <= 0:
            return NO_ROOM
        html = make()
        return Markup(html) if self.reserve(len(html), own) else NO_ROOM

    def reserve(self, characters: int, own: bool = False) -> bool:
        """Whether that many characters still have room on the page."""
        if characters > self.room - (0 if own else FOR_TEXTS):
            return False
        self.room -= characters
        return True


@lru_cache(CODE_CELLS)
def highlight(source: str) -> str:
    """Python code with an element for each colour; most code of a page is that of the lab, the same for everybody."""
    return str(Highlight2HTML(pygments_lexer="ipython3")(source))


def encodable(text: str) -> str:
    """The text with a question mark for each half of a surrogate pair, which a notebook may hold but no file can."""
    return text.encode("utf-8", "replace").decode("utf-8")


def format_points(value: float) -> str:
    """Points as a person writes them."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def page_policy(style: str) -> str:
    """The Content-Security-Policy: only this style sheet, only pictures that are in the page."""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return POLICY.format(digest=f"sha256-{digest}")


@cache
def page_version() -> str:
    """What a page depends on beside a submission and its grades: the course's code and templates, and libraries.

    All of the code, as words on a page come from many rooms: how late, what was repaired, where it was cut off.
    """
    digest = hashlib.sha256("".join(f"{name} {version(name)}\n" for name in LIBRARIES).encode())
    code = Path(course.__file__).parent
    for path in sorted(path for path in code.rglob("*") if path.suffix in (".py", ".j2", ".css", ".json")):
        digest.update(path.read_bytes())
    return digest.hexdigest()
