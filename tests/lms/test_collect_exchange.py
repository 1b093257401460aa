"""`course collect --exchange`: from the inbound folder of nbgrader's exchange to where grading looks."""

import getpass
import json
import os
from datetime import UTC, datetime, timedelta

import pytest
from typer.testing import CliRunner

from course import cli
from course.errors import CourseError
from course.grading.gradebook.handed_in import read_handed_in
from course.lms.collect_exchange import collect_exchange
from course.nbgrader_api import load_config

ME = getpass.getuser()
SECRET = "0123456789abcdef" * 8


class Class:
    """A folder to collect into, and an exchange that is filled by hand as `nbgrader submit` fills it."""

    def __init__(self, course, folder):
        self.course, self.lab, self.folder = course, course.labs[0], folder / "class"
        self.config = load_config(course.root)
        self.config.Exchange.root = str(folder / "exchange")
        self.config.ExchangeCollect.check_owner = False
        self.inbound = folder / "exchange" / course.id / "inbound"
        self.inbound.mkdir(parents=True)

    def submit(self, student, time="2026-03-02 12:00:00.250000 UTC", lab=None, text="{}", random="+aB-_9"):
        path = self.inbound / f"{student}+{lab or self.lab.name}+{time}{random}"
        path.mkdir()
        (path / f"{self.lab.name}.ipynb").write_text(text)
        (path / "timestamp.txt").write_text(time)
        (path / "submission_secret.txt").write_text(SECRET)
        return path

    def collect(self):
        self.found = collect_exchange(self.course, self.lab, self.folder, self.config)
        return {row.student: str(row.outcome) for row in self.found.rows}

    def remarks(self, student):
        return "\n".join(next(row.remarks for row in self.found.rows if row.student == student))

    def submitted(self, student):
        return self.folder / "submitted" / student / self.lab.name

    def notebook(self, student):
        return (self.submitted(student) / f"{self.lab.name}.ipynb").read_text()


@pytest.fixture
def made(course, tmp_path):
    return Class(course, tmp_path)


def test_the_latest_of_each_student_is_collected_with_its_time_and_secret(made):
    made.submit("kim", "2026-03-02 12:00:00.000000 UTC", text="first")
    made.submit("kim", "2026-03-02 13:00:00.500000 UTC", text="second")
    made.submit("lee", "2026-03-02 09:00:00 UTC", random="")
    made.submit("kim", "2026-03-03 12:00:00.000000 UTC", lab=made.course.labs[1].name, text="of another lab")
    (made.inbound / "notes").mkdir()
    assert made.collect() == {"kim": "new", "lee": "new"}
    assert made.notebook("kim") == "second"
    assert (made.submitted("kim") / "submission_secret.txt").read_text() == SECRET
    known = read_handed_in(made.submitted("kim"), made.folder)
    assert known.time == datetime(2026, 3, 2, 13, 0, 0, 500000, tzinfo=UTC)


def test_again_only_what_is_newer_replaces_and_nothing_is_lost(made):
    made.submit("kim", text="first")
    made.submit("lee", text="hers")
    made.collect()
    made.submit("kim", "2026-03-02 14:00:00.000000 UTC", text="second")
    assert made.collect() == {"kim": "replaced", "lee": "as before"}
    assert made.notebook("kim") == "second"
    (old,) = (made.folder / "downloaded").rglob("replaced-1/*.ipynb")
    assert old.read_text() == "first"


def test_what_was_put_there_in_another_way_stays(made):
    made.submitted("kim").mkdir(parents=True)
    (made.submitted("kim") / f"{made.lab.name}.ipynb").write_text("by mail")
    made.submit("kim")
    assert made.collect() == {"kim": "not taken"}
    assert made.notebook("kim") == "by mail" and "delete it to take this one" in made.remarks("kim")


def test_no_link_is_followed(made, tmp_path):
    """The folder stays the student's, who could link to what only the instructor may read."""
    (tmp_path / "solution.txt").write_text("secret")
    path = made.submit("kim")
    (path / "mine.txt").symlink_to(tmp_path / "solution.txt")
    (path / "folder").symlink_to(tmp_path)
    os.mkfifo(path / "pipe")
    (made.inbound / f"lee+{made.lab.name}+2026-03-02 12:00:00 UTC+x").symlink_to(path)
    assert made.collect() == {"kim": "new", "lee": "not collected"}
    names = {entry.name for entry in made.submitted("kim").iterdir()}
    assert names == {f"{made.lab.name}.ipynb", "timestamp.txt", "submission_secret.txt"}
    assert "mine.txt: It was left out: it is a symbolic link" in made.remarks("kim") and "pipe" in made.remarks("kim")


def test_who_submits_in_the_name_of_another_is_refused_unless_students_are_no_users(made):
    made.submit(ME)
    made.submit("somebody-else")
    made.config.ExchangeCollect.check_owner = True
    assert made.collect() == {ME: "new", "somebody-else": "not collected"}
    assert f"belongs to the user {ME}" in made.remarks("somebody-else")
    made.config.ExchangeCollect.check_owner = False
    assert made.collect() == {ME: "as before", "somebody-else": "new"}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to another user")
def test_a_folder_that_another_has_made_hides_nobodys_submission(made):
    made.submit(ME, text="my own")
    for number, (time, change) in enumerate(
        {"2099-01-01 00:00:00 UTC": "owner", "2098-01-01 00:00:00 UTC": "link"}.items()
    ):
        path = made.submit(ME, time, text="another's", random=f"+{number}")
        if change == "owner":
            os.chown(path, 65534, 65534)
        else:
            path.rename(made.inbound.parent / "elsewhere")
            path.symlink_to(made.inbound.parent / "elsewhere")
    made.config.ExchangeCollect.check_owner = True
    assert made.collect() == {ME: "new"} and made.notebook(ME) == "my own"
    assert "2098-01-01 00:00:00 UTC+1: left out; it is no folder" in made.found.remarks[0]
    assert "left out; it belongs to the user" in made.found.remarks[1]


def test_what_is_odd_costs_nobody_else_anything(made):
    made.submit("kim")
    made.submit("..", text="x")
    made.submit("lee", "yesterday")
    large = made.submit("max")
    for number in range(3):
        with (large / f"{number}.bin").open("wb") as file:
            file.truncate(90 * 2**20)
    assert made.collect() == {"kim": "new", "..": "not collected", "max": "not collected"}
    assert "must begin with a letter" in made.remarks("..") and "larger than 200 MiB" in made.remarks("max")
    assert "'yesterday' is no time" in made.found.remarks[0]
    assert not (made.folder / "submitted" / "max").exists()


def test_a_time_that_its_files_belie_is_told(made):
    now = datetime.now(UTC)
    made.submit("honest", f"{now:%Y-%m-%d %H:%M:%S.%f} UTC")
    path = made.submit("kim", f"{now - timedelta(hours=3):%Y-%m-%d %H:%M:%S.%f} UTC")
    for file in path.iterdir():
        os.utime(file, (0, 0))  # what a student can do, which does not help
    made.collect()
    assert "files in it were written until" in made.remarks("kim") and made.remarks("honest") == ""


def test_without_an_exchange_it_says_where_one_would_be(made):
    made.inbound.rmdir()
    with pytest.raises(CourseError, match=r"inbound cannot be opened.*release_assignment.*c\.Exchange\.root"):
        made.collect()


def test_an_exchange_that_is_no_folder_is_left_to_nbgrader(made):
    made.config.ExchangeFactory.collect = "nbgrader.exchange.abc.ExchangeCollect"
    with pytest.raises(CourseError, match=r"one of nbgrader\.exchange\.abc.*nbgrader collect"):
        made.collect()


def test_the_command(made, monkeypatch):
    monkeypatch.chdir(made.course.root)
    monkeypatch.setattr("course.nbgrader_api.load_config", lambda course: made.config)
    command = ["collect", "--exchange", made.lab.name, "--folder", str(made.folder)]
    done = CliRunner().invoke(cli.app, command)
    assert done.exit_code == 2 and "Nothing could be collected" in done.output
    made.submit("kim")
    done = CliRunner().invoke(cli.app, command)
    assert done.exit_code == 0 and "from the exchange: 1 students" in done.output and "kim" in done.output
    for wrong in (["collect", "--exchange", "x.zip", made.lab.name], ["collect", made.lab.name]):
        assert "--exchange and LAB" in CliRunner().invoke(cli.app, wrong).output
    done = CliRunner().invoke(cli.app, [*command, "--system", "canvas"])
    assert done.exit_code == 2 and "about an archive" in done.output
    record = json.loads(next((made.folder / "downloaded").rglob("collected.json")).read_text())
    assert record["system"] == "exchange"
