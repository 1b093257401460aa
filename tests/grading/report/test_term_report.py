"""The page of a term, and what changed against an earlier class."""

import csv
import shutil

import pytest
from bs4 import BeautifulSoup
from made_class import make_class, names_of_tests, students, term_course

from course.errors import GradingError
from course.grading.report.options import Order, ReportOptions
from course.grading.report.term_report import write_term_report

pytestmark = pytest.mark.slow
CHANGED = "test-class-counts"


def made_for(course, place, seed=7):
    made = students(30, names_of_tests(course, course.labs[0]), seed)
    for one in made:
        one.mark = 3.0
    return made


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    return term_course(tmp_path_factory.mktemp("course"))


@pytest.fixture(scope="module")
def folder(course, tmp_path_factory):
    """Two of three labs are graded; in the second a student has fallen, and one more is there."""
    place = tmp_path_factory.mktemp("class")
    make_class(course, course.labs[0], place, made_for(course, place), extras=False, verdicts=False)
    second = made_for(course, place, seed=8)[1:]
    make_class(course, course.labs[1], place, second, extras=False, verdicts=False)
    return place


@pytest.fixture(scope="module")
def earlier(course, tmp_path_factory):
    """The class of the year before, of other students: to them one task was easy."""
    place = tmp_path_factory.mktemp("earlier")
    made = made_for(course, place, seed=9)
    for one in made:
        one.name = f"old-{one.name}"
        one.failed.pop(CHANGED, None)
    make_class(course, course.labs[0], place, made, extras=False, verdicts=False)
    return place


def rows(path):
    return list(csv.DictReader(path.read_text("utf-8-sig").splitlines()))


def test_students_over_the_labs(course, folder):
    page, _ = write_term_report(course, folder, ReportOptions())
    soup = BeautifulSoup(page.read_text("utf-8"), "html.parser")
    assert "2 of 3 labs were graded" in soup.select_one(".facts").get_text(" ", strip=True).replace("  ", " ")
    table = rows(page.with_name("students.csv"))
    totals = [float(row["total"]) for row in table]
    assert len(table) == 30 and totals == sorted(totals, reverse=True)
    for row in table:
        assert float(row["total"]) == pytest.approx(sum(float(row[lab]) for lab in ("01_light", "02_light")))
    (gone,) = [row for row in table if row["02_light status"] == "handed in nothing"]
    assert gone["student"] == "student-0000" and gone["02_light"] == "0"
    labs = {row["lab"]: row for row in rows(page.with_name("labs.csv"))}
    assert list(labs) == ["01_light", "02_light"]
    assert (labs["02_light"]["with_points"], labs["02_light"]["nothing"]) == ("29", "1")
    assert labs["01_light"]["minutes_planned"] == "30"
    assert all(len(image["alt"]) > 60 and image.find_next("table") for image in soup.find_all("img"))
    assert not page.with_name("changes.csv").exists()


def test_the_task_that_changed_against_an_earlier_class_is_named(course, folder, earlier):
    page, findings = write_term_report(course, folder, ReportOptions(), earlier=str(earlier))
    assert [about for about, _ in findings if "than before" in about] == [
        "Worse than before: 01_light, Task 4 · Count the classes"
    ]
    table = rows(page.with_name("changes.csv"))
    changes = {(row["lab"], row["task"]): row for row in table}
    change = changes["01_light", CHANGED]
    assert float(change["before"]) == 1 and float(change["high"]) < 0 and change["students_before"] == "30"
    assert not any(lab == "02_light" for lab, _ in changes), "the earlier gradebook does not hold it"
    by_file, _ = write_term_report(course, folder, ReportOptions(), earlier=str(earlier / "gradebook.db"))
    assert rows(by_file.with_name("changes.csv")) == table
    without, _ = write_term_report(course, folder, ReportOptions())
    assert not without.with_name("changes.csv").exists(), "it would be of another report"


def test_who_may_need_help_is_named(course, folder, tmp_path):
    shutil.copy(folder / "gradebook.db", tmp_path)
    fallen = made_for(course, tmp_path)[2:]
    for one in fallen:
        if one.name == "student-0025":
            one.failed, one.mark = dict.fromkeys(names_of_tests(course, course.labs[2]), "visible"), 0.0
    make_class(course, course.labs[2], tmp_path, fallen, extras=False, verdicts=False)
    page, findings = write_term_report(course, tmp_path, ReportOptions(order=Order.NAMES))
    (text,) = [found for about, found in findings if about == "2 students may need help"]
    assert text == "student-0000, student-0025."
    soup = BeautifulSoup(page.read_text("utf-8"), "html.parser")
    assert "nothing handed in for 02_light and 03_light" in soup.get_text()
    names = [row["student"] for row in rows(page.with_name("students.csv"))]
    assert names == sorted(names)


def test_pseudonyms_are_the_same_in_all_labs(course, folder):
    page, _ = write_term_report(course, folder, ReportOptions(pseudonyms=True))
    text = page.read_text("utf-8") + page.with_name("students.csv").read_text("utf-8")
    assert "student-00" not in text and "zoë" not in text
    assert sum(row["02_light status"] == "handed in nothing" for row in rows(page.with_name("students.csv"))) == 1


def test_a_gradebook_that_cannot_be_compared_with(course, folder, tmp_path):
    def compare(text):
        write_term_report(course, folder, ReportOptions(), earlier=text)

    with pytest.raises(GradingError, match="There is no gradebook"):
        compare(str(tmp_path))
    with pytest.raises(GradingError, match="this very class"):
        compare(str(folder))
    with pytest.raises(GradingError, match="is no address of a gradebook") as error:
        compare("x://kim:secret@host/name")
    assert "secret" not in str(error.value)
    (tmp_path / "notes.txt").write_text("no database, but long enough to be looked at as one" * 20)
    with pytest.raises(GradingError, match="is no database"):
        compare(str(tmp_path / "notes.txt"))
    other = tmp_path / "other"
    other.mkdir()
    make_class(course, course.labs[2], other, made_for(course, other), extras=False, verdicts=False)
    with pytest.raises(GradingError, match=r"holds no submission of a lab of this term \(01_light, 02_light\)"):
        compare(str(other))


def test_nothing_graded(course, tmp_path):
    with pytest.raises(GradingError, match="There is no gradebook"):
        write_term_report(course, tmp_path, ReportOptions())
    make_class(course, course.labs[0], tmp_path, [], extras=False, verdicts=False)
    with pytest.raises(GradingError, match="No lab of this course has been graded"):
        write_term_report(course, tmp_path, ReportOptions())
