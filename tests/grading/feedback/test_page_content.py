"""What of a submission stands on the page: nothing that runs, loads or reaches out of its place."""

import re

import nbformat
import pytest
from bs4 import BeautifulSoup
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from course.grading.feedback import page_exporter
from course.grading.feedback.choose_outputs import TOO_MUCH_HTML, ChooseOutputs, choose_form
from course.grading.feedback.formulas import formula
from course.grading.feedback.page_exporter import FeedbackPage, page_version
from course.grading.feedback.redact import CELL_CHARACTERS, PAGE_CHARACTERS, Shorten
from course.grading.feedback.render_markdown import LONG_BLANKS, MOST_ENVIRONMENTS
from course.grading.feedback.sanitize import DEEPEST_ELEMENT, LONGEST_HTML, clean, costly_parts
from course.grading.feedback.summary import summarise

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
STYLED = (
    '<style type="text/css">#T_1_row0_col0, #T_1_row0_col2 {background-color: #fff5f0; color: #000000;} '
    "#T_1 th {font-weight: bold} body {display: none} #top {color: white}</style>"
    '<table id="T_1"><tr><th>a</th><td id="T_1_row0_col0">1</td><td id="T_1_row0_col1">2</td></tr></table>'
)
HOSTILE = """
<script>document.title = "run"</script><img src="x" onerror="alert(1)"><svg onload="alert(1)"><a href="#">x</a></svg>
<meta http-equiv="refresh" content="0; url=https://evil.example"><base href="https://evil.example/">
<link rel="stylesheet" href="https://evil.example/a.css"><iframe src="https://evil.example"></iframe>
<form action="https://evil.example"><input name="password"><button>Log in</button></form>
<object data="https://evil.example"></object><video src="https://evil.example" poster="https://evil.example"></video>
<a href="javascript:alert(1)">j</a> <a href="JaVaScRiPt&colon;alert(1)">k</a> <a href="data:text/html,x">d</a>
<style>#top, .tasks { display: none } @import "https://evil.example/b.css";</style>
<div style="position: fixed; background: url(https://evil.example/c.png)" id="top" class="tasks wrong">over</div>
</div></div></details></section></main></body></html><h1 id="your-tasks">20 of 20 points</h1>
<math><mtext><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;"></mtext></math>
<img src="https://evil.example/d.png" srcset="https://evil.example/e.png 2x" alt="mine">
"""
LOADING = {"src", "srcset", "data", "poster", "background", "action", "formaction", "ping", "xlink:href", "manifest"}


def page_of(*cells) -> str:
    nb = new_notebook(cells=list(cells))
    about = {"student": "kim", "assignment": "lab", "notebook": "lab"}
    resources = {"nbgrader": about, "feedback": summarise(nb, {}, None, "kim", 0)}
    page = FeedbackPage()
    for step in (ChooseOutputs, Shorten):
        page.register_preprocessor(step, enabled=True)
    return page.from_notebook_node(nb, resources)[0]


def showing(**data):
    return new_code_cell("1", outputs=[new_output("display_data", data=data)])


def assert_inert(page: str) -> BeautifulSoup:
    """The page has no part that runs or loads anything; what could be told by its tags alone."""
    soup = BeautifulSoup(page, "html.parser")
    assert not soup.find_all(["script", "iframe", "object", "embed", "form", "base", "link", "svg", "video", "audio"])
    assert len(soup.find_all("style")) == 1 and soup.head.style
    metas = soup.find_all("meta", attrs={"http-equiv": True})
    assert [meta["http-equiv"] for meta in metas] == ["Content-Security-Policy"]
    assert "default-src 'none'" in metas[0]["content"] and "script-src" not in metas[0]["content"]
    for element in soup.find_all(True):
        for name, value in element.attrs.items():
            assert not name.startswith("on"), element
            assert name not in LOADING or str(value).startswith("data:image/"), element
            assert name != "style" or "url(" not in value.lower(), element
        if element.name == "a" and element.get("href"):
            assert element["href"].startswith(("#", "http://", "https://", "mailto:")), element
            assert element["href"].startswith("#cell-") or element["href"] == "#top" or "noopener" in element["rel"]
    return soup


@pytest.mark.parametrize(
    "cell",
    [
        new_markdown_cell(HOSTILE),
        showing(**{"text/html": HOSTILE}),
        showing(**{"text/markdown": HOSTILE}),
        showing(**{"text/latex": HOSTILE}),
        showing(**{"text/plain": HOSTILE}),
        showing(**{"image/svg+xml": f"<svg xmlns='http://www.w3.org/2000/svg'>{HOSTILE}</svg>"}),
        showing(**{"image/png": f'"><script>{HOSTILE}'}),
        showing(**{"application/javascript": "alert(1)", "text/plain": "a widget"}),
        new_code_cell(HOSTILE, outputs=[new_output("stream", text=HOSTILE)]),
        new_code_cell("1", outputs=[new_output("error", ename=HOSTILE, evalue=HOSTILE, traceback=[HOSTILE] * 2)]),
        new_code_cell("1", outputs=[new_output("stream", text=f"\x1b[31m{HOSTILE}\x1b[0m")]),
    ],
    ids=lambda cell: next(iter(cell.outputs[0].get("data", cell.outputs[0])), "") if cell.get("outputs") else "text",
)
def test_hostile_content_is_inert_and_stays_in_its_cell(cell):
    soup = assert_inert(page_of(cell, new_markdown_cell("the next cell")))
    assert len(soup.find_all(id="top")) == 1 and soup.find(id="top").name == "header"
    assert len(soup.find_all(class_="tasks")) == 1 and len(soup.find_all("h1")) == 1
    assert soup.find(id="cell-2").parent is soup.find(id="cell-1").parent, "what a cell opens or closes is its own"
    assert "the next cell" in soup.find(id="cell-2").get_text()


def test_a_hostile_name_or_comment_is_text():
    comment = {"nbgrader": {"grade_id": "why", "solution": True, "grade": True, "comment": HOSTILE, "points": 2}}
    assert_inert(page_of(new_markdown_cell("# <script>alert(1)</script>"), new_markdown_cell("x", metadata=comment)))


def test_the_policy_allows_the_pages_own_style_and_nothing_else():
    page = page_of(new_markdown_cell("x"))
    soup = BeautifulSoup(page, "html.parser")
    content = soup.head.find("meta", attrs={"http-equiv": True})["content"]
    rules = dict(rule.strip().split(" ", 1) for rule in content.split(";"))
    style = page.split("<style>", 1)[1].split("</style>", 1)[0]
    assert rules["style-src-elem"] in page_exporter.page_policy(style) and rules["style-src-elem"].startswith(
        "'sha256-"
    )
    assert (rules["default-src"], rules["img-src"], rules["form-action"]) == ("'none'", "data:", "'none'")
    assert page.index("Content-Security-Policy") < page.index("<style>") < page.index("<body>")
    assert "url(" not in style and "@import" not in style


def test_pandas_tables_keep_their_colours():
    soup = BeautifulSoup(clean(STYLED), "html.parser")
    looks = {cell.get_text(): cell.get("style") for cell in soup.find_all(["td", "th"])}
    assert looks == {"a": "font-weight: bold", "1": "background-color: #fff5f0; color: #000000", "2": None}


@pytest.mark.parametrize(
    ("style", "kept"),
    [
        ("color: red; position: fixed; top: 0", "color: red"),
        ("background-color: rgb(1, 2, 3)", "background-color: rgb(1, 2, 3)"),
        ("color: url(https://x/)", None),
        (r"color: u\72l(https://x/)", None),
        ("width: calc(1px + 9999px); margin: -99px", None),
        ("color: var(--ink)", None),
    ],
)
def test_a_style_changes_an_element_in_its_place_only(style, kept):
    assert BeautifulSoup(clean(f'<b style="{style}">x</b>'), "html.parser").b.get("style") == kept


def test_ids_and_links_of_a_submission_are_its_own():
    assert clean('<b id="top">a</b><a href="#top">b</a>') == (
        '<b id="nb-top">a</b><a href="#nb-top" rel="noopener noreferrer">b</a>'
    )


def test_pictures():
    cell = new_markdown_cell(
        f"![in it](data:image/png;base64,{PNG}) ![attached](attachment:a.png) ![else](https://x.example/y.png)\n\n"
        "[![Open in Colab](https://x.example/badge.svg)](https://x.example)",
        attachments={"a.png": {"image/png": PNG}},
    )
    soup = assert_inert(page_of(cell))
    assert [picture["alt"] for picture in soup.find_all("img")] == ["in it", "attached"]
    text = soup.find(id="cell-1").get_text()
    assert "[else, not loaded: https://x.example/y.png]" in text and "Open in Colab" in text
    assert not soup.find_all("a", href=re.compile("x.example"))
    figure = assert_inert(page_of(showing(**{"image/png": f"{PNG[:20]}\n{PNG[20:]}", "text/plain": "<Figure>"})))
    assert figure.img["src"].endswith(PNG) and figure.img["alt"] == "Figure shown by cell 1"


@pytest.mark.parametrize("html", ["<div>" * 50_000, "<b><i><u></p>" * 20_000, "<details><summary>" * 10_000])
def test_deep_html_is_not_shown(html):
    assert f"more than {DEEPEST_ELEMENT} elements" in clean(html)


def test_large_html_is_not_shown_where_there_is_text():
    assert choose_form({"text/html": "x" * (TOO_MUCH_HTML + 1), "text/plain": "a table"}) == {"text/plain": "a table"}
    assert "is not shown here" in clean("x" * (LONGEST_HTML + 1))


def test_a_page_has_a_size(monkeypatch):
    """As many figures as have room are shown, and smaller ones after one that has none."""
    monkeypatch.setattr(page_exporter, "ROOM", 10_000)
    monkeypatch.setattr(page_exporter, "FOR_TEXTS", 0)
    figures = [showing(**{"image/png": "A" * size}) for size in (6_000, 6_000, 400)]
    page = page_of(*figures)
    soup = BeautifulSoup(page, "html.parser")
    assert [bool(soup.find(id=f"cell-{number}").img) for number in (1, 2, 3)] == [True, False, True]
    assert "A figure is not shown here" in soup.find(id="cell-2").get_text()
    assert len(page) < 30_000


def test_a_picture_shown_again_and_again_is_cut():
    cell = new_markdown_cell("![x](attachment:a.png)\n\n" * 500, attachments={"a.png": {"image/png": "A" * 100_000}})
    assert len(page_of(cell)) < 1.1 * page_exporter.ROOM


def test_long_outputs_are_folded_and_short_ones_are_not():
    long, short = (new_code_cell("1", outputs=[new_output("stream", text="line\n" * n)]) for n in (100, 3))
    soup = BeautifulSoup(page_of(long, short), "html.parser")
    assert soup.find(id="cell-1").find("details").summary.get_text() == "Output 1 of cell 1: 101 lines"
    assert not soup.find(id="cell-2").find("details")


def test_only_the_first_step_of_a_hint_is_open():
    steps = "".join(f"<details><summary>{name}</summary>x</details>" for name in ("Why", "Hint 1: a nudge", "Hint 2"))
    assert [fold.has_attr("open") for fold in BeautifulSoup(clean(steps, hints=True), "html.parser")] == [0, 1, 0]
    assert "open" not in clean(steps)


def test_headings_of_the_notebook_stand_below_those_of_the_page():
    soup = BeautifulSoup(page_of(new_markdown_cell("# One\n\n## Two")), "html.parser")
    assert [(h.name, h.get_text()) for h in soup.find(id="cell-1").find_all(re.compile("^h[1-6]$"))] == [
        ("h3", "One"),
        ("h4", "Two"),
    ]


def test_what_may_be_wider_than_the_page_can_be_scrolled_by_keys():
    cells = new_markdown_cell("|a|b|\n|-|-|\n|1|2|"), new_code_cell("1", outputs=[new_output("stream", text="x" * 500)])
    soup = BeautifulSoup(page_of(*cells), "html.parser")
    assert soup.table.parent["tabindex"] == "0" and soup.find("pre", class_="scroll")["tabindex"] == "0"


def formulas(source: str) -> list[str]:
    found: list[str] = []

    class Collect(IPythonRenderer):
        def block_math(self, body):
            found.append(body)
            return ""

        inline_math = block_math

        def latex_environment(self, name, body):
            return self.block_math(f"\\begin{{{name}}}{body}\\end{{{name}}}")

    MarkdownWithMath(renderer=Collect(escape=False)).render(source)
    return found


@pytest.mark.slow
def test_every_formula_of_the_labs_is_shown_as_mathml(course):
    sources = [cell.source for lab in course.labs for cell in nbformat.read(course.released(lab), as_version=4).cells]
    found = [each for source in sources for each in formulas(source)]
    assert len(found) > 10
    for each in found:
        assert formula(each).startswith("<math") and "\\" not in BeautifulSoup(formula(each), "html.parser").get_text()


@pytest.mark.parametrize(
    "latex", [r"\frac", "{" * 900, r"\left(", "^", r"\genfrac{", r"\href", r"\begin{cases}", r"a_b_c", "x" * 3_000]
)
def test_a_formula_that_cannot_be_read_is_shown_as_it_was_written(latex):
    assert BeautifulSoup(formula(latex), "html.parser").code.get_text() == latex


def test_formulas_in_text_and_outputs():
    cells = new_markdown_cell("With $x^2$ and\n\n$$\\text{<b>}$$"), showing(**{"text/latex": r"$\displaystyle y$"})
    soup = assert_inert(page_of(*cells))
    assert [math["display"] for math in soup.find_all("math")] == ["inline", "block", "block"]
    assert "<b>" in soup.find(id="cell-1").get_text(), "text in a formula is text"


def test_text_is_cut_at_its_limit():
    text = BeautifulSoup(page_of(new_markdown_cell("x" * 50_000)), "html.parser").main.get_text()
    assert CELL_CHARACTERS < len(text) < CELL_CHARACTERS + 500 and "The rest is not shown here" in text


def test_half_a_surrogate_pair_does_not_stop_a_page():
    cells = (
        new_markdown_cell("a \ud800 b"),
        new_code_cell("'\ud800'", outputs=[new_output("stream", text="c \ud800 d")]),
    )
    page = page_of(*cells).encode("utf-8").decode("utf-8")
    assert "a ? b" in page and "c ? d" in page


def test_the_version_of_the_page_changes_with_its_code(monkeypatch):
    page_version.cache_clear()
    known = page_version()
    monkeypatch.setattr(page_exporter, "version", lambda name: f"another {name}")
    page_version.cache_clear()
    changed = page_version()
    page_version.cache_clear()
    assert known != changed and len(known) == 64


def test_the_template_goes_along_when_the_course_is_installed(course):
    """As package data; a page cannot be made without it."""
    assert '"grading/feedback/templates/*/*"' in (course.root / "pyproject.toml").read_text("utf-8")
    assert {path.suffix for path in page_exporter.FEEDBACK_TEMPLATES.rglob("*") if path.is_file()} == {
        ".j2",
        ".css",
        ".json",
    }


def test_a_picture_pasted_into_the_text_as_colab_does_it_hides_nothing():
    """Its data lie in the text; they are shown, or left out, and what follows stays in any case."""
    for size in (len(PNG), 2 * CELL_CHARACTERS, page_exporter.ROOM + 1):
        data = PNG + "A" * (size - len(PNG))
        pasted = f"![image.png](data:image/png;base64,{data})"
        html = f"<img src='data:image/jpeg;base64,{PNG}' alt='b'>"
        text = f"Before\n\n{pasted}\n\nAfter it I say why.\n\n{html}\n\nThe end."
        page = page_of(new_markdown_cell(text), new_markdown_cell("The next cell."), new_code_cell("x = 'code'"))
        soup = assert_inert(page)
        said = soup.main.get_text()
        assert all(part in said for part in ("Before", "After it I say why.", "The end.", "The next cell.", "code"))
        shown = [picture["alt"] for picture in soup.find_all("img")]
        large = size > page_exporter.ROOM
        assert shown == (["b"] if large else ["image.png", "b"])
        assert ("image.png: not shown, as the pictures are too large" in said) == large


def test_long_pictures_in_html_and_by_reference_are_shown():
    long = f"data:image/png;base64,{PNG}{'A' * 4 * (1500 - len(PNG) % 4)}"
    text = f"<img src='{long}' alt='one'>\n\n[a]: {long}B===\n\n![two][a] ![three][a]"
    pictures = assert_inert(page_of(new_markdown_cell(text))).find_all("img")
    assert [(one["alt"], one["src"][len(long) :]) for one in pictures] == [
        ("one", ""),
        ("two", "B==="),
        ("three", "B==="),
    ]


def test_a_long_text_is_cut_after_so_many_letters_whatever_pictures_are_in_it():
    picture = f"![a](data:image/png;base64,{PNG})"
    text = f"{picture}{'x' * (CELL_CHARACTERS - 25)}{picture}12345{picture}never shown"
    said = assert_inert(page_of(new_markdown_cell(text))).main.get_text()
    assert "x12345" in said and "never shown" not in said and "The rest is not shown here" in said


def test_outputs_leave_room_for_the_texts_after_them():
    figures = [showing(**{"image/png": "A" * 3 * 2**20}) for _ in range(4)]
    tables = [showing(**{"text/html": "<p>cell</p>" * 15_000}) for _ in range(8)]
    soup = BeautifulSoup(page_of(*figures, *tables, new_markdown_cell("**My answer.**")), "html.parser")
    assert "My answer." in soup.main.get_text() and soup.find(string=re.compile("too large for one page"))


@pytest.mark.parametrize("piece", ["<b>x</b>" * 900, f"<style>{'#a b, ' * 900}#a {{color: red}}</style><b>x</b>"])
def test_what_takes_time_to_clean_is_limited_for_the_whole_page(piece):
    """Ten such outputs would take ten times as long; a text after them is shown all the same."""
    soup = BeautifulSoup(
        page_of(*[showing(**{"text/html": piece}) for _ in range(10)], new_markdown_cell("*My answer.*")), "html.parser"
    )
    shown = page_exporter.MOST_PARTS - page_exporter.PARTS_FOR_TEXTS
    assert 0 < len(soup.main.find_all("b", string="x")) * costly_parts(piece) / piece.count("<b>") <= shown
    assert soup.find(string=re.compile("too large for one page")) and soup.find("em", string="My answer.")


def test_rules_are_not_looked_up_for_ever(monkeypatch):
    html = "<style>#a i {color: red} #a b {color: blue}</style><p id='a'><i>1</i><b>2</b></p>"
    assert clean(html).count("color") == 2
    monkeypatch.setattr("course.grading.feedback.sanitize.MOST_VISITS", 4)
    assert clean(html).count("color") == 1


def test_a_text_of_very_many_environments_is_shown_as_it_was_written():
    text = r"\begin{a}" * (MOST_ENVIRONMENTS + 1) + "<b>"
    assert assert_inert(page_of(new_markdown_cell(text))).main.find("pre", string=text)


def test_many_blanks_in_a_row_are_shortened():
    said = BeautifulSoup(page_of(new_markdown_cell(f"a{' ' * 5_000}b `c{' ' * 99}d`")), "html.parser").main.get_text()
    assert re.search(f"a {{1,{LONG_BLANKS}}}b", said) and f"c{' ' * 99}d" in said


def test_formulas_for_which_there_is_no_room_are_not_looked_at(monkeypatch):
    seen = []
    monkeypatch.setattr(page_exporter, "formula", lambda text, block: seen.append(text) or "")
    page = page_of(*[showing(**{"text/latex": "x" * 1_000}) for _ in range(300)])
    assert 100 < len(seen) <= PAGE_CHARACTERS / 1_000 and "The rest is not shown here" in page
