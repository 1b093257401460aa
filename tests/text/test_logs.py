"""The log of a run: where it lies, what is in it, how many are kept."""

import logging
import os
import sys

import pytest
from typer.testing import CliRunner

from course import cli
from course.cli.terminal import log_to_file
from course.errors import CourseError
from course.text import logs

log = logging.getLogger("course.grading.somewhere")


def test_a_run_leaves_a_log_that_names_room_and_level(tmp_path):
    with logs.run_log(tmp_path, "grade-01") as path:
        log.warning("ada: to be run again")
    log.warning("after the run")
    assert path.parent == tmp_path / logs.FOLDER and path.name.startswith("grade-01-")
    (line,) = path.read_text("utf-8").splitlines()
    assert line.endswith(" WARNING course.grading.somewhere: ada: to be run again")


def test_each_run_has_a_file_of_its_own_and_the_oldest_go(tmp_path):
    made = []
    for _ in range(logs.KEPT_FILES + 3):
        with logs.run_log(tmp_path, "build") as path:
            made.append(path)
    with logs.run_log(tmp_path, "build-other") as other:
        pass
    assert len(set(made)) == len(made)
    left = sorted((tmp_path / logs.FOLDER).iterdir())
    assert left == sorted([*made[-logs.KEPT_FILES - 1 :], other])


def test_what_ends_a_run_is_in_its_log(tmp_path):
    with pytest.raises(ZeroDivisionError), logs.run_log(tmp_path, "grade") as path:
        _ = 1 // 0
    assert "ended by ZeroDivisionError" in path.read_text("utf-8")
    assert logs.log_files() == []


def test_a_folder_that_cannot_be_written_to_is_named(tmp_path):
    (tmp_path / logs.FOLDER).write_text("a file is in the way")
    with pytest.raises(CourseError, match=r"logs/grade-.*\.log cannot be written: "), logs.run_log(tmp_path, "grade"):
        pass


def test_a_worker_writes_into_the_log_of_the_run(tmp_path):
    with logs.run_log(tmp_path, "grade") as path:
        (file,) = logs.log_files()
        logs.join_log(file)  # as a process does that was started meanwhile
        handlers = [handler for handler in logs.root.handlers if isinstance(handler, logging.FileHandler)]
        log.info("twice")
        logs.close_handler(handlers[-1])
    assert path.read_text("utf-8").count("twice") == 2


def test_what_kernels_write_on_standard_error_goes_into_the_log(tmp_path, capfd):
    with log_to_file(tmp_path, "build") as path:
        os.write(2, b"a note of TensorFlow\n")
        print("on the terminal", file=sys.stderr)
    assert "a note of TensorFlow" in path.read_text("utf-8")
    assert capfd.readouterr().err == "on the terminal\n"


def test_the_version_is_that_of_the_package():
    result = CliRunner().invoke(cli.app, ["--version"])
    assert result.exit_code == 0 and result.output.startswith("course ") and result.output.split()[1][0].isdigit()
