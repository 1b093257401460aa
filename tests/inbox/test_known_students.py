"""Who may be granted something: students of the roster, and who has handed in."""

from types import SimpleNamespace

import pytest

from course.errors import CourseError
from course.inbox.known_students import refuse_unknown

LABS = [SimpleNamespace(name="03_nets"), SimpleNamespace(name="04_more")]
ROSTER = "id,name\njsmith,Jane Smith\nasmith,Adam Smith\nzoë9,Zoë Öz\n"


def test_ids_of_any_roster_and_of_folders_are_known(tmp_path):
    (tmp_path / "roster.csv").write_text(ROSTER, "utf-8")
    (tmp_path / "roster_04_more.csv").write_text("id,name\nkim,Kim Lee\n", "utf-8")
    (tmp_path / "submitted" / "guest").mkdir(parents=True)
    refuse_unknown(["jsmith", "guest", "kim"], tmp_path, LABS)
    with pytest.raises(CourseError, match="kim"):
        refuse_unknown(["jsmith", "kim"], tmp_path, LABS[:1])


def test_without_a_roster_nobody_is_refused(tmp_path):
    refuse_unknown(["anyone"], tmp_path, LABS)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("smith", ": do you mean jsmith (Jane Smith) or asmith (Adam Smith)?"),
        ("Jane", ": do you mean jsmith (Jane Smith)?"),
        ("JSMITH", ": do you mean jsmith (Jane Smith) or asmith (Adam Smith)?"),
        ("jsmiht", ": do you mean jsmith (Jane Smith) or asmith (Adam Smith)?"),
        ("zoe9", ": do you mean zoë9 (Zoë Öz)?"),
        ("-", ""),
        ("9347", ""),
    ],
)
def test_who_may_be_meant_is_said(tmp_path, typed, meant):
    (tmp_path / "roster.csv").write_text(ROSTER, "utf-8")
    with pytest.raises(CourseError) as error:
        refuse_unknown(["jsmith", typed], tmp_path, LABS)
    first, *lines = str(error.value).splitlines()
    assert first == f"Not in {tmp_path / 'roster.csv'} (column id), and nothing was handed in by:"
    assert lines == [f"  - {typed}{meant}"]
