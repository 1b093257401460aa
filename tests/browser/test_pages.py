"""The pages that are files: they ask for nothing, fit on a phone, and axe-core finds them accessible."""

import pytest
from browser import needs_browser, opened, violations
from marked_class import COURSE, LAB
from servers import BIN, run
from similarity import copied_class

pytestmark = [pytest.mark.kernel, needs_browser]
WIDTHS = (1280, 400)


@pytest.fixture(scope="module")
def pages(graded, tmp_path_factory):
    """Each kind of page, by name, as the commands write them."""
    run([BIN / "course", "feedback", LAB.name, "--folder", graded], COURSE.root)
    run([BIN / "course", "report", LAB.name, "--folder", graded], COURSE.root)
    run([BIN / "course", "report", "--folder", graded], COURSE.root)
    alike = tmp_path_factory.mktemp("alike")
    copied_class.hand_in_class(alike, copied_class.made_answers())
    run([BIN / "course", "similar", LAB.name, "--folder", alike], COURSE.root)
    feedback = {
        f"feedback on {what}": graded / "feedback" / student / LAB.name / f"{LAB.name}.html"
        for student, what in {"ben": "mistakes", "kim": "tricks", "finn": "half a file"}.items()
    }
    reports = graded / "reports"
    return feedback | {
        "report on a lab": reports / LAB.name / "report.html",
        "report on the term": reports / "report.html",
        "pairs that are alike": alike / "reports" / LAB.name / "similar.html",
    }


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize(
    "name",
    [
        "feedback on mistakes",
        "feedback on tricks",
        "feedback on half a file",
        "report on a lab",
        "report on the term",
        "pairs that are alike",
    ],
)
def test_a_page_asks_for_nothing_fits_and_is_accessible(browser, pages, name, width):
    with opened(browser, width) as (page, requests):
        page.goto(pages[name].as_uri())
        page.wait_for_load_state("networkidle")
        assert [address for address in requests if not address.startswith("data:")] == [pages[name].as_uri()]
        page.evaluate("document.querySelectorAll('details').forEach(part => { part.open = true })")
        size = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
        assert size[0] <= size[1], f"wider than the window: {size}"
        assert violations(page) == {}
