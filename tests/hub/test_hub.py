"""A lab's way behind a JupyterHub: two students and an instructor, each asking their own server."""

import shutil
import stat
import sys
from pathlib import Path

import nbformat
import pytest
from hub import needs_hub, running_hub
from light import light_course

from course.config import load_course
from course.grading import demo
from course.text.files import write_text

pytestmark = pytest.mark.kernel
LIGHT = light_course()
LAB = LIGHT.labs[0]
# On this hub all are one user of the machine, so each says who they are; else nbgrader asks the machine.
SETTINGS = """import os
c = get_config()
c.CourseDirectory.course_id = "light"
c.CourseDirectory.student_id = os.environ["JUPYTERHUB_USER"]
c.Exchange.root = {exchange!r}
"""
COLUMNS = "export COLUMNS=200; "
BIN = Path(sys.executable).parent


@pytest.fixture
def place(tmp_path):
    """A folder with the exchange, the students' settings, and the instructor's repository in their home."""
    exchange, home = tmp_path / "exchange", tmp_path / "home"
    exchange.mkdir()
    exchange.chmod(0o777)
    for name in ("kim", "lee"):
        write_text(home / name / ".jupyter" / "nbgrader_config.py", SETTINGS.format(exchange=str(exchange)))
    repository = home / "teacher" / "cnn-labs"
    shutil.copytree(LIGHT.root, repository)
    with (repository / "nbgrader_config.py").open("a") as settings:
        settings.write(f"\nc.Exchange.root = {str(exchange)!r}\nc.ExchangeCollect.check_owner = False\n")
    write_text(
        home / "teacher" / ".jupyter" / "nbgrader_config.py",
        f"c = get_config()\nc.CourseDirectory.root = {str(repository)!r}\n",
    )
    return tmp_path


def act(student, action):
    """What *Assignment List* does for a student; the list that it shows then."""
    what = {"course_id": LIGHT.id, "assignment_id": LAB.name}
    found = student.json(f"assignments/{action}", "POST", what)
    assert found["success"], found
    return found["value"]


@needs_hub
def test_two_students_and_an_instructor(place):
    course = load_course(place / "home" / "teacher" / "cnn-labs")
    with running_hub(place) as hub:
        teacher = hub.user("teacher")
        teacher.terminal(f"cd cnn-labs && {BIN}/nbgrader release_assignment {LAB.name}")
        inbound = place / "exchange" / LIGHT.id / "inbound"
        assert stat.S_IMODE(inbound.stat().st_mode) == 0o2733, "students write into it and cannot list it"

        students = {name: hub.user(name) for name in ("kim", "lee")}
        model = demo.model_answers(nbformat.read(course.solution(LAB), as_version=4))
        for name, student in students.items():
            assert [entry["status"] for entry in act(student, "fetch")] == ["fetched"]
            path = f"api/contents/{LAB.name}/{LAB.name}.ipynb"
            notebook = nbformat.from_dict(student.json(path)["content"])
            if name == "kim":
                notebook = demo.fill_in(notebook, model)
            student.json(path, "PUT", {"type": "notebook", "content": notebook})
            assert "submitted" in [entry["status"] for entry in act(student, "submit")]

        assert "2 students" in teacher.terminal(f"{COLUMNS} cd cnn-labs && {BIN}/course collect --exchange {LAB.name}")
        table = teacher.terminal(f"{COLUMNS} cd cnn-labs && {BIN}/course grade {LAB.name}")
        assert "all tests passed" in table and "failed:" in table
        (shown,) = teacher.json("formgrader/api/assignments")
        assert shown["name"] == LAB.name and shown["num_submissions"] == 2
        teacher.terminal(f"cd cnn-labs && {BIN}/nbgrader release_feedback {LAB.name}")

        for name, student in students.items():
            act(student, "fetch_feedback")
            home = place / "home" / name
            (page,) = home.glob(f"{LAB.name}/feedback/*/*.html")
            assert page.read_bytes() == (course.root / "feedback" / name / LAB.name / page.name).read_bytes()
            relative = page.relative_to(home)
            assert student.json(f"api/contents/{relative}?content=0".replace(" ", "%20"))["type"] == "file"
