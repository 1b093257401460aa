"""course.toml: read, and refused with a reason."""

import pytest

from course.config import load_course
from course.errors import CourseError, UnknownLabError


def test_labs_in_order(course):
    assert [lab.name for lab in course.labs] == sorted(lab.name for lab in course.labs)
    assert load_course(course.root / "tests" / "authoring") == course


def test_choose_keeps_the_order_of_the_course(course):
    first, *_, last = course.labs
    assert course.choose([last.name, first.name]) == [first, last]
    assert course.choose(None) == list(course.labs)


def test_unknown_name_lists_the_known_ones(course):
    with pytest.raises(UnknownLabError, match=r"'04_nowhere'.*01_data_inspection, 02_heatmaps"):
        course.choose(["04_nowhere"])


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"02_heatmaps"', '"02_heat_maps"', "lists the lab '02_heat_maps', but .*02_heat_maps.py does not exist"),
        ('"02_heatmaps"', '"01_data_inspection"', "lists 01_data_inspection twice"),
        ("work_minutes = 75", "", "`work_minutes` must be given as a int; it is None"),
        ("work_minutes = 75", 'work_minutes = "75"', "`work_minutes` must be given as a int; it is '75'"),
        ('id = "cnn-labs"', 'id = "cnn-labs', "is not valid TOML"),
        ("[[labs]]", "[labs]", "is not valid TOML|`labs` must be given as a list"),
    ],
)
def test_a_wrong_course_toml(copied, old, new, message):
    file = copied.root / "course.toml"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))
    with pytest.raises(CourseError, match=message) as error:
        load_course(copied.root)
    assert str(file) in str(error.value)


def test_an_unlisted_source(copied):
    (copied.root / "solutions" / "10_new").mkdir()
    (copied.root / "solutions" / "10_new" / "10_new.py").write_text("# %%\n1\n")
    with pytest.raises(CourseError, match="does not list 10_new"):
        load_course(copied.root)


def test_outside_a_course(tmp_path):
    with pytest.raises(CourseError, match=r"No course\.toml in .* or above"):
        load_course(tmp_path)
