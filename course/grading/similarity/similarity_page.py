"""The page of a class compared: one HTML file, which loads nothing and runs nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from jinja2 import Environment

from course.grading.feedback.page_exporter import encodable
from course.grading.report.write_page import REPORT_TEMPLATES, page_environment
from course.grading.similarity.pair_view import PairView

_PAGES = Path(__file__).with_name("templates")


@dataclass(frozen=True)
class SimilarityPage:
    """What stands on the page: the pairs shown, the surprising ones among them, who could not be read, and why."""

    title: str
    subtitle: str
    students: int
    surprising: int
    pairs: Sequence[PairView]
    skipped: Mapping[str, str]

    @property
    def listed(self) -> list[PairView]:
        """The pairs that chance does not explain."""
        return [view for view in self.pairs if view.pair.is_surprising]


def similarity_html(page: SimilarityPage) -> str:
    """The page's HTML; every text in it is escaped."""
    return encodable(_environment().get_template("similarity.html.j2").render(page=page))


@cache
def _environment() -> Environment:
    style = (REPORT_TEMPLATES / "report.css").read_text("utf-8") + (_PAGES / "similarity.css").read_text("utf-8")
    return page_environment(style, _PAGES)
