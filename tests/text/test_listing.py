"""Lists in sentences."""

import pytest

from course.text.listing import counted, shortened


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, ""),
        (2, "a, b"),
        (5, "a, b, c, d, e"),
        (6, "a, b, c, d, e, f"),
        (7, "a, b, c, d, e and 2 more"),
    ],
)
def test_one_more_is_never_all_that_is_left_out(count, text):
    assert shortened("abcdefgh"[:count]) == text


def test_a_number_has_its_noun():
    assert [counted(number, "file", "files") for number in (0, 1, 1_200)] == ["0 files", "1 file", "1,200 files"]
