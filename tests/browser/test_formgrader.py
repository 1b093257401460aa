"""Marking by hand in Formgrader: what is typed is kept, and nothing that a submission holds is run or loaded."""

import sqlite3
from contextlib import closing

import pytest
from browser import expect, keep_picture, needs_browser
from marked_class import COURSE, LAB, SCRIPT, SHOWN, WRITES, WRITTEN
from ports import free_ports
from servers import BIN, run, serving

pytestmark = [pytest.mark.kernel, needs_browser]
COMMENT = "Right. Now say why the luckiest of them scores highest."
INSERT = """markup => new Promise(resolve => {
    window.ran = () => resolve("it ran")
    document.addEventListener("securitypolicyviolation", stopped => resolve(stopped.effectiveDirective), {once: true})
    document.body.insertAdjacentHTML("beforeend", markup)
    document.getElementById("send")?.click()
    setTimeout(resolve, 60000, "nothing was stopped")
})"""


@pytest.fixture(scope="module")
def formgrader(graded, tmp_path_factory):
    """The address that `course mark` prints."""
    roster = graded / "students.csv"
    command = [BIN / "course", "mark", LAB.name, "--folder", graded, "--no-browser", "--port", free_ports(1)[0]]
    home = tmp_path_factory.mktemp("home")
    with serving([*command, "--roster", roster], COURSE.root, home, r"http://127\.0\.0\.1:\S+token=\w+") as match:
        yield match[0]


def open_submission(page, formgrader, name):
    """The page of a student's submission, by the list of those that were graded; ready to be marked."""
    page.goto(formgrader)
    page.get_by_role("link", name=name).click()
    for field in (".score", ".comment"):  # what is known of them has come
        page.locator(f"{field}[placeholder]").first.wait_for()
    page.wait_for_load_state()
    return page.locator(".nbgrader_cell", has=page.locator(f"#{WRITTEN}"))


def test_a_mark_and_a_comment_that_are_typed_are_kept(page, formgrader, graded):
    page.goto(formgrader)
    expect(page.locator("tbody tr")).to_have_count(3)
    for name in ("Martin, Ada", "Okafor, Ben", "Lee, Kim"):
        expect(page.locator("tbody")).to_contain_text(name)
    box = open_submission(page, formgrader, "Okafor, Ben")
    expect(box).to_contain_text(SHOWN)
    for field, text, kind in ((".score", "1.5", "grade"), (".comment", COMMENT, "comment")):
        with page.expect_response(lambda answer, kind=kind: f"/api/{kind}/" in answer.url) as saved:
            box.locator(field).click()
            page.keyboard.type(text)
            page.keyboard.press("Tab")
        assert saved.value.ok
    page.reload()
    expect(box.locator(".score")).to_have_value("1.5")
    expect(box.locator(".comment")).to_have_value(COMMENT)
    box.locator(".comment").click()
    page.evaluate("async () => { await $('html, body').promise() }")  # it is scrolled to slowly
    keep_picture(page, "formgrader.png")
    with closing(sqlite3.connect(graded / "gradebook.db")) as database:
        assert database.execute("select manual_score from grade where manual_score is not null").fetchall() == [(1.5,)]
        assert [found for (found,) in database.execute("select manual_comment from comment") if found] == [COMMENT]
    run([BIN / "course", "feedback", LAB.name, "--folder", graded], COURSE.root)
    page.goto((graded / "feedback" / "ben" / LAB.name / f"{LAB.name}.html").as_uri())
    expect(page.get_by_text(COMMENT).first).to_be_visible()
    keep_picture(page, "feedback.png")


def test_nothing_that_a_submission_holds_is_run(visit, formgrader, graded):
    page, requests = visit
    box = open_submission(page, formgrader, "Lee, Kim")
    expect(box).to_contain_text(SHOWN)
    own = formgrader.partition("/formgrader")[0]
    assert [address for address in requests if not address.startswith((own, "data:"))] == []
    assert not any("/api/contents" in address or "missing" in address for address in requests)
    assert not (graded / WRITES).exists()
    assert page.evaluate(f"{SCRIPT}.then(answer => answer.status)") == 201, "as the page itself, it would have"
    (graded / WRITES).unlink()


@pytest.mark.parametrize(
    ("markup", "directive"),
    [
        ('<img src="data:," onerror="ran()">', "script-src-attr"),
        ('<img src="https://elsewhere.example/seen.png">', "img-src"),
        ('<iframe src="/lab"></iframe>', "frame-src"),
        ('<form action="https://elsewhere.example/"><button id="send"></form>', "form-action"),
    ],
)
def test_what_cleaning_might_overlook_is_stopped_by_the_policy(page, formgrader, markup, directive):
    open_submission(page, formgrader, "Okafor, Ben")
    page.route("https://elsewhere.example/**", lambda route: route.abort())
    assert page.evaluate(INSERT, markup) == directive
