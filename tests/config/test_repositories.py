"""The repositories in course.toml: read, and refused with a reason."""

import tomllib

import pytest

from course.config.repositories import Repositories, read_repositories
from course.errors import CourseError

RIGHT = """
[instructors]
repository = "uni/dl-course"
[students]
repository = "uni/dl-labs"
ref = "2026-autumn"
hub = "https://hub.uni.edu/"
"""


def test_both_are_read():
    found = read_repositories("course.toml", tomllib.loads(RIGHT))
    assert found == Repositories("uni/dl-course", "uni/dl-labs", "2026-autumn", "https://hub.uni.edu")
    without = RIGHT.replace('hub = "https://hub.uni.edu/"', "")
    assert read_repositories("course.toml", tomllib.loads(without)).hub is None


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("[instructors]", "[teachers]", r"there must be a table `\[instructors\]` with repository = .*; it is None"),
        (
            '"uni/dl-labs"',
            '"uni/dl-course"',
            "the same repository, uni/dl-course. Students would get the sol",
        ),
        ('"uni/dl-labs"', '"Uni/DL-course"', "name the same repository"),
        ('"uni/dl-labs"', '"dl-labs"', r"`repository` in `\[students\]` must be OWNER/NAME on GitHub; it is 'dl-labs'"),
        ('"uni/dl-labs"', '"https://github.com/uni/dl-labs"', "must be OWNER/NAME on GitHub"),
        ('ref = "2026-autumn"', "", r"`ref` in `\[students\]` must be the name of a branch or tag.*; it is None"),
        ('"2026-autumn"', '"2026/autumn"', "must be the name of a branch or tag, without a slash"),
        ('"2026-autumn"', '"--force"', "must be the name of a branch or tag"),
        ('"2026-autumn"', "2026", "must be the name of a branch or tag, without a slash; it is 2026"),
        ('"https://hub.uni.edu/"', '"hub.uni.edu"', "`hub` in .* must be the address of a JupyterHub"),
        ("ref =", "branch =", r"`\[students\]` has no key `branch`. The keys are: repository, ref, hub"),
    ],
)
def test_a_wrong_table(old, new, message):
    assert old in RIGHT
    with pytest.raises(CourseError, match=message) as error:
        read_repositories("the/course.toml", tomllib.loads(RIGHT.replace(old, new, 1)))
    assert "the/course.toml" in str(error.value)
