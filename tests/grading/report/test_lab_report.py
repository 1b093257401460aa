"""The page of a class of 60 with known faults: each is named on it, and nothing of a submission is more than text."""

import base64
import csv
import re
import shutil
import sqlite3
from contextlib import closing
from itertools import pairwise
from xml.etree import ElementTree

import pytest
from light import light_course
from made_class import LATE_TOGETHER, NO_DISCRIMINATION, ODD_NAME, SAID, make_class, names_of_tests, students

from course.errors import EditionError, GradingError
from course.grading.report.lab_report import write_lab_report
from course.grading.report.options import Order, ReportOptions
from course.text.files import write_text

pytestmark = pytest.mark.slow  # a class of sixty is made and reported on

COURSE = light_course()
LAB = COURSE.labs[0]


def look_first(reported) -> list[str]:
    return [item.get_text(" ", strip=True) for item in reported.soup.select("#look ~ ul li")]


def rows(path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text("utf-8-sig").splitlines()))


def test_the_two_tasks_that_do_not_discriminate_are_named_and_no_other(reported):
    titles = {task.title for task in reported.classroom.tasks if task.name in NO_DISCRIMINATION}
    named = [text.partition(" : ")[0] for text in look_first(reported) if "Does not discriminate" in text]
    assert sorted(named) == sorted(f"Does not discriminate: {title}" for title in titles)
    items = reported.soup.select_one("#items").parent
    assert len(re.findall(r"does not discriminate|seems not to discriminate", items.table.get_text())) == 2


def test_the_ambiguous_message_is_named_with_its_lines_and_no_other(reported):
    (text,) = [text for text in look_first(reported) if "Ambiguous message" in text]
    assert SAID in text and "Task 7 · Scale" in text
    assert re.search(r"33 students read it, for different faults: lines \d+ and \d+ \(hidden\)", text)


def test_the_late_group_is_named(reported):
    (text,) = [text for text in look_first(reported) if "late together" in text]
    assert text.startswith(f"{LATE_TOGETHER} students") and "within 14 minutes of each other" in text
    assert all(f"student-{number:04}" in text for number in range(5, 5 + LATE_TOGETHER))
    assert "student-0020" not in text, "who was late alone is in no group"


def test_who_has_no_points_is_named(reported):
    texts = " ".join(look_first(reported))
    for name in ("failed-finn", "newcomer-nils", "unreadable-uma"):
        assert name in texts
    status = {row["student"]: row["status"] for row in rows(reported.page.with_name("students.csv"))}
    assert status["failed-finn"] == "not graded, a fault of the machine"
    assert status["newcomer-nils"] == "handed in, not graded yet"
    assert status["nothing-nora"] == "handed in nothing"
    assert status["student-0006"] == "waiting to be marked" and status["student-0007"] == "graded"


def test_nothing_of_a_submission_is_more_than_text(reported):
    """Scripts in a message, in an answer, in a written answer, in a remark, and markup in a name."""
    soup, html = reported.soup, reported.page.read_text("utf-8")
    assert not soup.find(["script", "iframe", "object", "svg", "b", "form"]) and not re.search(r"<[^>]* on\w+=", html)
    for text in (SAID, '<script>alert("answer")</script></code></pre>', "<script>alert('written')</script>", ODD_NAME):
        assert text in soup.get_text()
    assert "It exists twice. <script>" in soup.get_text()
    policy = soup.find("meta", attrs={"http-equiv": "Content-Security-Policy"})["content"]
    assert policy.startswith("default-src 'none'; img-src data:; style-src 'sha256-") and "script" not in policy
    addresses = [tag[name] for tag in soup.find_all() for name in ("src", "href") if tag.has_attr(name)]
    assert all(address.startswith(("#", "data:image/svg+xml;base64,")) for address in addresses)


def test_a_name_is_text_in_a_figure_too(reported):
    images = [image["src"].partition("base64,")[2] for image in reported.soup.find_all("img")]
    drawn = [list(ElementTree.fromstring(base64.b64decode(image)).iter()) for image in images]
    texts = {element.text for elements in drawn for element in elements}
    assert ODD_NAME in texts, "no formula is made of the dollar signs"
    names = {element.tag.rpartition("}")[2] for elements in drawn for element in elements}
    assert "text" in names and not names & {"script", "foreignObject", "b", "a"}
    attributes = [one for elements in drawn for element in elements for one in element.attrib.items()]
    assert all(value.startswith(("#", "data:image/png")) for name, value in attributes if name.endswith("href"))
    assert not any(name.startswith("on") for name, _ in attributes)


def test_the_page_can_be_read_without_seeing_it(reported):
    soup = reported.soup
    levels = [int(heading.name[1]) for heading in soup.find_all(re.compile("^h[1-6]$"))]
    assert levels[0] == 1 and levels.count(1) == 1 and all(after - before <= 1 for before, after in pairwise(levels))
    images = soup.find_all("img")
    assert len(images) >= 5
    for image in images:
        assert len(image["alt"]) > 60 and not image["alt"].startswith("<")
        assert image.find_next("table") is not None and image.find_parent("section") == image.find_next(
            "table"
        ).find_parent("section")
    for table in soup.find_all("table"):
        assert table.caption.get_text() and table.select("th[scope=col]") and table.select("th[scope=row]")
    assert len({tag["id"] for tag in soup.find_all(id=True)}) == len(soup.find_all(id=True))
    assert all(soup.find(id=link["href"][1:]) for link in soup.select("nav a"))


def test_what_failed_is_counted_with_its_statement_and_different_answers(reported):
    messages = rows(reported.page.with_name("messages.csv"))
    scale = [row for row in messages if row["task"] == "test-scale"]
    assert sorted((row["part"], row["message"]) for row in scale) == [("hidden", SAID), ("visible", SAID)]
    assert sum(int(row["students"]) for row in scale) == 33 and all("33 students" in row["ambiguous"] for row in scale)
    counts = [int(row["students"]) for row in messages if row["task"] == "test-ink-box"]
    assert counts == sorted(counts, reverse=True) and len(counts) > 2
    section = reported.soup.select_one("#messages").parent
    assert "assert box == [4, 21, 9, 14]" in section.get_text(), "the whole statement, though it goes on"
    answers = [quote.select("figure pre") for quote in section.select(".quote")]
    assert max(map(len, answers)) <= 3


def test_points_with_and_without_penalties(reported):
    students = {row["student"]: row for row in rows(reported.page.with_name("students.csv"))}
    late = students["student-0007"]
    assert float(late["points"]) - float(late["total"]) == float(late["penalty"]) == min(1, float(late["points"]))
    assert late["late_minutes"] == str(26 * 60 + 4)
    assert students["student-0020"]["late_minutes"] == "180" and students["student-0030"]["late_minutes"] == "0"
    assert students["failed-finn"]["points"] == "" and students["unreadable-uma"]["points"] == "0"


def test_outcomes_of_each_task(reported):
    tasks = {row["task"]: row for row in rows(reported.page.with_name("tasks.csv"))}
    scale = tasks["test-scale"]
    assert (scale["right"], scale["error"]) == ("27", "0")
    assert int(scale["wrong"]) + int(scale["wrong, hidden test"]) == 33
    assert tasks["test-ink-box"]["cut off"] == "1"
    assert int(tasks["test-one-hot"]["not attempted"]) > 0
    assert tasks["explain-test-set"]["waits to be marked"] == "10"
    for row in tasks.values():
        assert sum(int(row[name]) for name in list(row)[8:]) == 60


@pytest.fixture
def copied(folder, tmp_path):
    """The same class where another report may be made."""
    place = tmp_path / "class"
    place.mkdir()
    for name in ("executed", "submitted"):
        (place / name).symlink_to(folder / name)
    shutil.copy(folder / "gradebook.db", place)
    return place


@pytest.mark.slow
def test_pseudonyms_leave_no_name_on_the_page_or_in_a_table(copied):
    page, findings = write_lab_report(COURSE, LAB, copied, ReportOptions(pseudonyms=True))
    texts = [page.read_text("utf-8"), *(path.read_text("utf-8") for path in page.parent.glob("*.csv")), str(findings)]
    images = re.findall(r"base64,([A-Za-z0-9+/=]+)", texts[0])
    texts += [base64.b64decode(image).decode() for image in images]
    for text in texts:
        assert not re.search(r"student-\d{4}|finn|nils|nora|uma|zoë", text)
    assert len({row["student"] for row in rows(page.with_name("students.csv"))}) == 64


@pytest.mark.slow
def test_students_by_points_or_by_name(reported, copied):
    points = [float(row["points"]) for row in rows(reported.page.with_name("students.csv")) if row["points"]]
    assert points == sorted(points, reverse=True)
    by_name = write_lab_report(COURSE, LAB, copied, ReportOptions(order=Order.NAMES))[0].with_name("students.csv")
    names = [row["student"] for row in rows(by_name)]
    assert names == sorted(names)


@pytest.mark.slow
def test_the_gradebook_is_read_and_never_written(copied):
    gradebook = copied / "gradebook.db"
    before = gradebook.read_bytes()
    gradebook.chmod(0o400)
    write_lab_report(COURSE, LAB, copied, ReportOptions())
    assert gradebook.read_bytes() == before
    assert {path.name for path in copied.iterdir()} == {"executed", "submitted", "gradebook.db", "reports"}


@pytest.mark.slow
def test_a_gradebook_of_another_edition_is_refused(copied):
    with closing(sqlite3.connect(copied / "gradebook.db")) as connection, connection:
        connection.execute("UPDATE base_cell SET name = 'test-gone' WHERE name = 'test-scale'")
    with pytest.raises(EditionError, match=r"of another edition of 01_light:\n.*gone: test-gone"):
        write_lab_report(COURSE, LAB, copied, ReportOptions())


@pytest.mark.slow
def test_a_damaged_verdict_is_named(copied):
    (copied / "executed").unlink()
    path = copied / "executed" / "student-0000" / LAB.name / f"{LAB.name}.ipynb"
    write_text(path, '{"cells": [1]}')
    with pytest.raises(GradingError, match=r"student-0000.*is no notebook that was graded.*grade again"):
        write_lab_report(COURSE, LAB, copied, ReportOptions())


@pytest.mark.slow
def test_without_verdicts_points_are_shown_and_outcomes_are_not_known(copied):
    """As after `nbgrader autograde` on another machine, of which only the gradebook came here."""
    (copied / "executed").unlink()
    page, findings = write_lab_report(COURSE, LAB, copied, ReportOptions())
    tasks = {row["task"]: row for row in rows(page.with_name("tasks.csv"))}
    assert tasks["test-scale"]["not known"] == "61", "also of the one whose file could not be read"
    assert any("Does not discriminate" in about for about, _ in findings)


def test_nothing_graded_yet(tmp_path):
    with pytest.raises(GradingError, match=r"There is no gradebook .*Grade first"):
        write_lab_report(COURSE, LAB, tmp_path, ReportOptions())
    assert list(tmp_path.iterdir()) == [], "nothing was made"


def test_a_gradebook_in_which_nobody_has_handed_in(tmp_path):
    make_class(COURSE, LAB, tmp_path, [], extras=False)
    with pytest.raises(GradingError, match=r"Nothing of 01_light has been graded in .*course grade 01_light --folder"):
        write_lab_report(COURSE, LAB, tmp_path, ReportOptions())


@pytest.mark.slow
def test_a_class_of_one(tmp_path):
    make_class(COURSE, LAB, tmp_path, students(60, names_of_tests(COURSE, LAB))[:1], extras=False)
    page, _ = write_lab_report(COURSE, LAB, tmp_path, ReportOptions())
    assert "fewer than 10 students" in page.read_text("utf-8")


@pytest.mark.slow
def test_a_long_name_has_room(tmp_path):
    (one,) = students(60, names_of_tests(COURSE, LAB))[:1]
    one.name = "x" * 128
    make_class(COURSE, LAB, tmp_path, [one], extras=False)
    page, _ = write_lab_report(COURSE, LAB, tmp_path, ReportOptions())
    assert "x" * 128 in page.read_text("utf-8")


@pytest.mark.slow
def test_a_class_of_which_no_file_could_be_read(tmp_path):
    make_class(COURSE, LAB, tmp_path, [])
    page, _ = write_lab_report(COURSE, LAB, tmp_path, ReportOptions())
    assert "No submission could be read." in page.read_text("utf-8")
