"""The exchange by the commands of the instructors' page, in their order; the student is late."""

import csv
import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import nbformat
import pytest
from light import light_course

from course.config import load_course
from course.grading import demo
from course.text.files import write_text

pytestmark = pytest.mark.kernel

LIGHT = light_course()
LAB = LIGHT.labs[0]
TOOLS = Path(sys.executable).parent
RULE = "\n[late]\npercent_per_day = 10\n"
STUDENTS = """c = get_config()
c.CourseDirectory.course_id = "light"
c.Exchange.root = {root!r}
"""


class Place:
    """A user's folder, where commands are called; each user has a cache of their own."""

    def __init__(self, folder):
        self.folder = folder
        self.environment = {**os.environ, "JUPYTER_DATA_DIR": f"{folder}/.data"}
        folder.mkdir(exist_ok=True)

    def call(self, command, code=0):
        tool, *arguments = command.split()
        done = subprocess.run(
            [TOOLS / tool, *arguments],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr


def to_root(path, root):
    """Append the exchange's place, as the page says."""
    path.write_text(path.read_text("utf-8") + f'\nc.Exchange.root = "{root}"\nc.ExchangeCollect.check_owner = False\n')


@pytest.mark.skipif(sys.platform == "win32", reason="nbgrader has no exchange on Windows")
def test_from_releasing_a_lab_to_fetching_its_feedback(tmp_path):
    root = tmp_path / "exchange"
    root.mkdir()
    repository = tmp_path / "course"
    shutil.copytree(LIGHT.root, repository)
    to_root(repository / "nbgrader_config.py", root)
    due = datetime.now(UTC) - timedelta(hours=30)
    toml = (repository / "course.toml").read_text("utf-8")
    (repository / "course.toml").write_text(toml.replace("[[labs]]", f"{RULE}[[labs]]\ndue = {due:%Y-%m-%dT%H:%M:%SZ}"))
    course = load_course(repository)
    instructor, student = Place(repository), Place(tmp_path / "lee")
    instructor.call(f"nbgrader release_assignment {LAB.name}")
    write_text(student.folder / "nbgrader_config.py", STUDENTS.format(root=str(root)))
    student.call(f"nbgrader fetch_assignment {LAB.name}")
    mine = student.folder / LAB.name / f"{LAB.name}.ipynb"
    model = demo.model_answers(nbformat.read(course.solution(LAB), as_version=4))
    mine.write_text(nbformat.writes(demo.fill_in(nbformat.read(mine, as_version=4), model)), "utf-8")
    student.call(f"nbgrader submit {LAB.name} --student=lee")

    assert "from the exchange: 1 students" in instructor.call(f"course collect --exchange {LAB.name}")
    instructor.call(f"course grade {LAB.name}")
    with (repository / f"grades_{LAB.name}.csv").open(encoding="utf-8-sig") as file:
        (row,) = csv.DictReader(file)
    assert row["student"] == "lee" and row["tests"] == row["max_tests"]
    assert float(row["penalty"]) == 0.2 * 20 and "late by 1 day 6 hours" in row["late"]
    assert abs(datetime.fromisoformat(row["handed_in"]) - datetime.now(UTC)) < timedelta(hours=1)

    assert "did not hand in" not in instructor.call(f"nbgrader release_feedback {LAB.name}")
    student.call(f"nbgrader fetch_feedback {LAB.name}")
    (page,) = (student.folder / LAB.name / "feedback").glob("*/*.html")
    assert page.read_bytes() == (repository / "feedback" / "lee" / LAB.name / f"{LAB.name}.html").read_bytes()
