"""Files that are there whole or not at all."""

import pytest

from course.errors import CourseError
from course.text.csv_tables import read_table
from course.text.files import replacement, write_whole


def test_no_link_is_followed_to_write_elsewhere(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("kept")
    folder = tmp_path / "submitted"
    folder.mkdir()
    for name in ("timestamp.txt", "timestamp.draft", ".timestamp.txt.draft"):
        (folder / name).symlink_to(secret)
    write_whole(folder / "timestamp.txt", "2026-03-02 23:10:00 UTC")
    assert secret.read_text() == "kept"
    assert (folder / "timestamp.txt").read_text() == "2026-03-02 23:10:00 UTC"
    assert not (folder / "timestamp.txt").is_symlink()


def test_what_is_not_written_to_the_end_leaves_everything_as_it_was(tmp_path):
    path = tmp_path / "grades.csv"
    path.write_text("before")
    with pytest.raises(ZeroDivisionError), replacement(path) as draft:
        draft.write_text("half")
        1 / 0  # noqa: B018
    assert path.read_text() == "before" and list(tmp_path.iterdir()) == [path]


def test_who_may_read_a_file_stays_as_it_was(tmp_path):
    path = tmp_path / f"{'成' * 82}.csv"  # 250 bytes
    path.write_text("before")
    path.chmod(0o600)
    write_whole(path, "after")
    assert path.read_text() == "after" and path.stat().st_mode & 0o777 == 0o600


def test_half_of_a_pair_becomes_a_question_mark(tmp_path):
    write_whole(tmp_path / "page.html", "a\ud83d b")
    assert (tmp_path / "page.html").read_text("utf-8") == "a? b"


@pytest.mark.parametrize("mark", [",", ";"])
def test_rows_of_a_table_keep_the_numbers_of_their_lines(tmp_path, mark):
    path = tmp_path / "times.csv"
    path.write_text(mark.join([" student", "handed_in\n\n\nada ", f" 1\n{mark}\nben\n"]), "utf-8-sig")
    table = read_table(path)
    assert table.columns == ("student", "handed_in")
    assert table.rows == ((4, {"student": "ada", "handed_in": "1"}), (6, {"student": "ben", "handed_in": ""}))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"student\nzo\xeb\n", "is not UTF-8 text. Save it as “CSV UTF-8”"),
        (b"student\n" + b"x" * 200_000, "is no CSV table: field larger than field limit"),
    ],
)
def test_a_file_that_is_no_table(tmp_path, content, message):
    (tmp_path / "times.csv").write_bytes(content)
    with pytest.raises(CourseError, match=message):
        read_table(tmp_path / "times.csv")
