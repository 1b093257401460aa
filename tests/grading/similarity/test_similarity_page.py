"""The page of a class of 60 with three copied pairs: they stand first, no other is listed, all is text."""

import re
import shutil
from itertools import pairwise

import pytest
from copied_class import COPIED, COURSE, LAB, PROSE, SCRIPT, hand_in_odd
from typer.testing import CliRunner

from course import cli
from course.cli import reporting
from course.errors import CourseError, GradingError
from course.grading.demo import submission_path
from course.grading.similarity.options import SimilarityOptions
from course.grading.similarity.similarity_report import write_similarity

pytestmark = pytest.mark.slow


def pairs(rows) -> list[tuple[str, str]]:
    return [(row["first"], row["second"]) for row in rows]


def test_the_three_copied_pairs_stand_first_and_no_other_is_listed(shown):
    assert set(pairs(shown.rows)[:3]) == COPIED
    assert [row["surprising"] for row in shown.rows[:4]] == ["yes", "yes", "yes", "no"]
    headings = {heading.get_text() for heading in shown.soup.select("#answers ~ section h3")}
    assert headings == {f"{first} and {second}" for first, second in COPIED}
    for first, second in COPIED:
        assert any(line.startswith(f"{first} and {second}: ") for line in shown.lines)


def test_pairs_are_ordered_by_surprise_and_not_by_likeness(shown):
    expected = [float(row["expected"]) for row in shown.rows]
    assert expected == sorted(expected)
    raw = [sum(float(value) for value in list(row.values())[6:]) for row in shown.rows]
    assert raw != sorted(raw, reverse=True)


def test_who_cannot_be_read_is_named_with_the_reason_and_a_blank_lab_is_like_nobody(shown):
    text = shown.soup.select_one("#skipped").parent.get_text(" ", strip=True)
    assert "finn-cut-off" in text and "the end of the file is missing" in text
    assert "linked-lea" in text and "symbolic link" in text
    assert "nora-nothing" in text and "01_light.ipynb is missing" in text
    assert not any(
        "blank-ben" in pair and row["surprising"] == "yes"
        for pair, row in zip(pairs(shown.rows), shown.rows, strict=True)
    )
    assert {line for line in shown.lines if "not compared" in line} == {
        f"not compared: {name}" for name in ("finn-cut-off", "linked-lea", "nora-nothing")
    }


def test_nothing_of_a_submission_is_more_than_text(shown):
    soup, html = shown.soup, shown.page.read_text("utf-8")
    assert not soup.find(["script", "iframe", "object", "svg", "b", "form", "img"])
    assert not re.search(r"<[^>]* on\w+=", html)
    assert SCRIPT in soup.get_text() and "zoë <b>山" in soup.get_text()
    policy = soup.find("meta", attrs={"http-equiv": "Content-Security-Policy"})["content"]
    assert policy.startswith("default-src 'none'; img-src data:; style-src 'sha256-") and "script" not in policy
    addresses = [tag[name] for tag in soup.find_all() for name in ("src", "href") if tag.has_attr(name)]
    assert addresses and all(address.startswith("#") for address in addresses)


def test_both_answers_stand_side_by_side_whole_with_what_is_common_marked(shown):
    heading = next(one for one in shown.soup.select("h3") if "student-00" in one.get_text())
    texts = [code.get_text() for code in heading.parent.select(".sides code")]
    assert len(texts) % 2 == 0 and PROSE in texts and f"{PROSE.upper()}!" in texts
    marked = [mark.get_text() for mark in heading.parent.select("mark.rare")]
    assert any("MUST NOT LOOK" in text for text in marked), "prose is compared without regard to letters"
    assert not any("SCRIPT" in text and "\n" in text for text in marked), "marks end with the line"


def test_the_page_can_be_read_without_seeing_it(shown):
    soup = shown.soup
    levels = [int(heading.name[1]) for heading in soup.find_all(re.compile("^h[1-6]$"))]
    assert levels[0] == 1 and levels.count(1) == 1 and all(after - before <= 1 for before, after in pairwise(levels))
    assert soup.table.caption.get_text() and soup.table.select("th[scope=col]") and soup.table.select("th[scope=row]")
    assert len({tag["id"] for tag in soup.find_all(id=True)}) == len(soup.find_all(id=True))
    assert all(soup.find(id=link["href"][1:]) for link in soup.select("a[href]"))
    style = soup.style.get_text()
    assert re.search(r"mark\.rare \{[^}]*font-weight: 700; text-decoration: underline solid", style), "not colour alone"


def test_the_page_says_that_likeness_is_no_proof(shown):
    note = shown.soup.select_one(".note").get_text(" ", strip=True)
    assert note.startswith("Likeness is no proof.") and "learnt together" in note and "one source" in note


@pytest.fixture
def few(folder, tmp_path):
    """Four students of the class, of whom two copied, and the files that cannot be read."""
    for name in ("student-00", "student-01", "student-02", "student-03"):
        shutil.copytree(folder / "submitted" / name, tmp_path / "submitted" / name)
    return tmp_path


def test_pseudonyms_leave_no_name(few):
    hand_in_odd(few)
    page, lines = write_similarity(COURSE, LAB, few, SimilarityOptions(pseudonyms=True))
    for text in (page.read_text("utf-8"), page.with_suffix(".csv").read_text("utf-8"), str(lines)):
        assert not re.search(r"student-\d|finn|nora|blank-ben|linked-lea", text)
    assert "student 1" in page.read_text("utf-8")


def test_in_a_class_of_four_the_copied_pair_stands_first(few):
    page, _ = write_similarity(COURSE, LAB, few, SimilarityOptions(most_pairs=2))
    rows = page.with_suffix(".csv").read_text("utf-8-sig").splitlines()
    assert rows[1].startswith("1,student-00,student-01,yes,") and len(rows) == 7
    assert page.read_text("utf-8").count('<th scope="row">') == 2, "as many as wanted"


def test_a_class_of_two_is_compared(few):
    for name in ("student-02", "student-03"):
        shutil.rmtree(few / "submitted" / name)
    page, _ = write_similarity(COURSE, LAB, few, SimilarityOptions())
    assert "student-00 and student-01" in page.read_text("utf-8")


def test_two_submissions_are_needed(few, tmp_path):
    for name in ("student-01", "student-02", "student-03"):
        submission_path(few, LAB, name).write_text("{")
    with pytest.raises(GradingError, match=r"(?s)Two submissions are needed.*has 1 that can be read.*- student-02: "):
        write_similarity(COURSE, LAB, few, SimilarityOptions())
    assert not (few / "reports").exists(), "nothing was made"
    shutil.rmtree(few / "submitted")
    with pytest.raises(CourseError, match="There is no submission of 01_light"):
        write_similarity(COURSE, LAB, few, SimilarityOptions())


def test_the_command(few, monkeypatch):
    monkeypatch.setattr(reporting, "load_course", lambda: COURSE)
    done = CliRunner().invoke(cli.app, ["similar", LAB.name, "--folder", str(few), "--pairs", "1"])
    assert done.exit_code == 0, done.output
    said = done.output.replace("\n", "")  # a long path is wrapped
    assert "- student-00 and student-01: " in said and "similar.csv" in said
