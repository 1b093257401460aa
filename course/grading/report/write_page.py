"""A report as one HTML file, which loads nothing and runs nothing."""

import math
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from course.grading.feedback.page_exporter import FEEDBACK_TEMPLATES, TEMPLATE, encodable, page_policy
from course.grading.report.blocks import Cell, Page
from course.text.files import write_whole

REPORT_TEMPLATES = Path(__file__).with_name("templates")


def write_page(path: Path, page: Page) -> None:
    """Write the page; its folder is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, page_html(page))


def page_html(page: Page) -> str:
    """The page's HTML; every text in it is escaped."""
    return encodable(_environment().get_template("report.html.j2").render(page=page))


def shown(value: Cell) -> str:
    """A cell of a table: numbers with at most two decimals, – for what is not known."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "–"
    if isinstance(value, str):
        return value
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def page_environment(style: str, *folders: Path) -> Environment:
    """Templates in the frame that students' pages have, with its policy: only this style sheet, no scripts."""
    environment = Environment(
        loader=FileSystemLoader([*folders, FEEDBACK_TEMPLATES / TEMPLATE]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {"style": Markup(style), "policy": page_policy(style)}
    return environment


@cache
def _environment() -> Environment:
    environment = page_environment((REPORT_TEMPLATES / "report.css").read_text("utf-8"), REPORT_TEMPLATES)
    environment.filters["cell"] = shown
    environment.tests["number_or_none"] = lambda value: not isinstance(value, str) or value.endswith("%")
    return environment
