"""Formgrader shows the course wherever the server was started: behind a hub, that is a user's home."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import pytest
from light import light_course
from nbgrader.api import Gradebook
from traitlets.config import PyFileConfigLoader

pytestmark = pytest.mark.slow

LIGHT = light_course()
LAB = LIGHT.labs[0]
PATIENCE = 300  # seconds; only against waiting for ever


@pytest.fixture
def home(tmp_path):
    """An instructor's home with the course in it, whose gradebook knows a student."""
    shutil.copytree(LIGHT.root, tmp_path / "teaching" / "course")
    with Gradebook(f"sqlite:///{tmp_path}/teaching/course/gradebook.db", LIGHT.id) as gradebook:
        gradebook.add_assignment(LAB.name)
        gradebook.add_student("kim")
    (tmp_path / ".jupyter").mkdir()
    return tmp_path


@contextmanager
def server(home):
    """The address of a Jupyter server that was started in the home, as a hub does; ended afterwards."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    extensions = {"course.grading.marking.formgrader": True, "nbgrader.server_extensions.formgrader": False}
    settings = {"ServerApp": {"jpserver_extensions": extensions, "allow_root": True, "open_browser": False}}
    (home / ".jupyter" / "jupyter_server_config.json").write_text(json.dumps(settings))
    command = [sys.executable, "-m", "jupyter_server", f"--port={port}", "--IdentityProvider.token=token"]
    environment = {**os.environ, "HOME": str(home), "JUPYTER_CONFIG_DIR": str(home / ".jupyter")}
    with (home / "log").open("w") as log:
        process = subprocess.Popen(command, cwd=home, env=environment, stdout=log, stderr=log)
    try:
        yield f"http://127.0.0.1:{port}", process
    finally:
        process.terminate()
        process.wait()


def ask(address, process, path):
    request = urllib.request.Request(f"{address}/{path}", headers={"Authorization": "token token"})
    until = time.monotonic() + PATIENCE
    while True:
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                return answer.read().decode()
        except urllib.error.HTTPError:
            raise
        except OSError:  # it does not listen yet
            assert process.poll() is None and time.monotonic() < until
            time.sleep(0.2)


def test_the_settings_are_those_of_their_own_place(home, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (home / ".jupyter" / "nbgrader_config.py").symlink_to(home / "teaching" / "course" / "nbgrader_config.py")
    for path in (home / "teaching" / "course", home / ".jupyter"):
        config = PyFileConfigLoader("nbgrader_config.py", path=str(path)).load_config()
        assert config.CourseDirectory.root == str(home / "teaching" / "course")


@pytest.mark.parametrize("way", ["a line", "a link"])
def test_formgrader_is_filled_behind_a_server_started_elsewhere(home, way):
    course, settings = home / "teaching" / "course", home / ".jupyter" / "nbgrader_config.py"
    if way == "a line":
        settings.write_text(f"c = get_config()\nc.CourseDirectory.root = {str(course)!r}\n")
    else:
        settings.symlink_to(course / "nbgrader_config.py")
    with server(home) as (address, process):
        (found,) = json.loads(ask(address, process, "formgrader/api/assignments"))
        assert found["name"] == LAB.name and found["source_path"] == f"solutions/{LAB.name}"
        (student,) = json.loads(ask(address, process, "formgrader/api/students"))
        assert student["id"] == "kim"
        page = ask(address, process, "formgrader/manage_submissions/" + LAB.name)
    assert "This is plain nbgrader" in page or "course grade" in page, "the course's own page"
    assert Path(home / "log").read_text().count("is not a subdirectory") == 0
