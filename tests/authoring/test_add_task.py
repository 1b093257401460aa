"""`course add-task`: a task that builds and whose test is tested, and a question that a person marks."""

import tomllib

import pytest
from rich.progress import Progress

from course.authoring import build
from course.authoring.add_task import add_task
from course.authoring.lab_entries import with_points
from course.authoring.make_lab import make_lab
from course.authoring.try_all_variants import try_all
from course.config import load_course
from course.errors import CourseError
from course.labs.sources import read_source
from course.labs.variants import variants_file


@pytest.fixture
def own_lab(copied):
    """A course with a lab of its own, and that lab."""
    make_lab(copied, "my_lab", "Ink")
    course = load_course(copied.root)
    return course, course.labs[-1]


@pytest.mark.kernel
def test_a_new_task_builds_and_its_answers_get_what_they_should(own_lab):
    course, lab = own_lab
    assert len(add_task(course, lab, "bright-values", "Bright values", 2, written=False)) == 3
    assert len(add_task(course, lab, "explain-values", "What for?", 1, written=True)) == 2
    course = load_course(course.root)
    lab = course.labs[-1]
    assert lab.rules.points == 8
    cells = read_source(course.source(lab)).cells
    titles = [cell.source.splitlines()[0] for cell in cells if cell.source.startswith("### Task")]
    assert titles[2:] == ["### Task 3 · Bright values (2 points)", "### Task 4 · What for? (1 point)"]
    assert cells[-1].source.startswith("## Going further")
    with Progress(disable=True) as progress:
        assert build.build(course, [lab], progress).executed == [lab]
        assert try_all(course, [lab], progress).problems == []
        assert try_all(course, [lab], progress, task="bright-values").runs > 0


def test_a_test_brings_what_the_lab_does_not_import(own_lab):
    course, lab = own_lab
    source = course.source(lab)
    brought = "from data_utils import explain_errors\n\nrows"
    add_task(course, lab, "first-task", "First", 1, written=False)
    assert brought not in source.read_text("utf-8")
    text = source.read_text("utf-8").replace("import explain_errors, load_mnist", "import load_mnist")
    source.write_text(text, "utf-8")
    add_task(course, lab, "second-task", "Second", 1, written=False)
    assert source.read_text("utf-8").count(brought) == 1


@pytest.mark.parametrize(
    ("name", "title", "message"),
    [
        ("Ink Rows", "Ink", "'Ink Rows' is no name of a task"),
        ("ink_rows", "Ink", "such as ink-rows; the function of the answer is then called ink_rows"),
        ("test-ink", "Ink", "is no name of a task"),
        ("x" * 60, "Ink", "is no name of a task"),
        ("lambda", "Ink", "is no name of a task"),
        ("ink-share", "Ink", "has a task called ink-share already"),
        ("sum", "Ink", "would be called sum, which means something else already"),
        ("load-mnist", "Ink", "would be called load_mnist, which means something else"),
        ("ink-rows", "two\nlines", "is no title"),
    ],
)
def test_a_task_that_cannot_be_added_changes_nothing(own_lab, name, title, message):
    course, lab = own_lab
    files = [course.source(lab), variants_file(course, lab), course.root / "course.toml"]
    before = [path.read_text("utf-8") for path in files]
    with pytest.raises(CourseError) as error:
        add_task(course, lab, name, title, 2, written=False)
    assert message in str(error.value)
    assert [path.read_text("utf-8") for path in files] == before


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ('name = "01_a"\nwork_minutes = 5\n', {"points": 22}),
        ('work_minutes = 5\nname = "01_a"', {"points": 22}),
        ('name = "01_a"\nrules = { points = 5, fewest_tests = 1 } # few\n', {"points": 22, "fewest_tests": 1}),
        ('name = "01_a"\nrules = { fewest_tests = 1 }\n', {"points": 22, "fewest_tests": 1}),
    ],
)
def test_a_labs_own_points_are_written_into_its_entry(entry, expected):
    other = '\n# another\n[[labs]]\nname = "02_b"\nrules = { points = 7 }\n'
    text = with_points(f"# mine\n[[labs]]\n{entry}{other}", "01_a", "22")
    assert tomllib.loads(text)["labs"][0]["rules"] == expected
    assert text.startswith("# mine\n") and text.endswith(other)


def test_an_entry_that_cannot_be_changed_is_left_to_a_person():
    text = '[[labs]]\nname = "01_a"\n[labs.rules]\npoints = 5\n'
    with pytest.raises(CourseError, match=r"Put this into the entry of 01_a, .* rules = \{ points = 22 \}"):
        with_points(text, "01_a", "22")
