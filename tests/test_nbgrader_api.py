"""What nbgrader needs of its surroundings, wherever it is called from."""

import os
import shutil

from course.nbgrader_api import load_config


def test_settings_belong_to_their_own_course_and_find_the_tools(course, tmp_path, monkeypatch):
    """As for an nbgrader that is called by its full path, elsewhere and without an activated environment."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", os.defpath)
    assert shutil.which("alembic") is None
    config = load_config(course.root)
    assert (config.CourseDirectory.root, config.CourseDirectory.course_id) == (str(course.root), course.id)
    assert shutil.which("alembic")
