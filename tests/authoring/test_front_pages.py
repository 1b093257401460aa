"""Title, description and repository are those of course.toml wherever they are shown."""

import shutil

import pytest
import yaml
from rich.progress import Progress

from course.authoring import build
from course.authoring.students_edition import edition
from course.config import load_course
from course.errors import DriftError

pytestmark = pytest.mark.slow

TOML = """\
id = "other"
title = "Nets: \\"deep\\" & wide"
description = "What a net is."
[instructors]
repository = "another-faculty/their-course"
[students]
repository = "another-faculty/their-course-for-students"
ref = "term"
"""


@pytest.fixture
def renamed(course, copied):
    """A copy of the course under another name, with the files that are shown first."""
    for name in ("README.md", "CITATION.cff"):
        shutil.copy(course.root / name, copied.root)
    file = copied.root / "course.toml"
    labs = file.read_text("utf-8").split("[[labs]]", 1)[1]
    file.write_text(f"{TOML}[[labs]]{labs}", "utf-8")
    return load_course(copied.root)


def test_another_title_is_shown_everywhere_and_nothing_is_executed(course, renamed):
    with pytest.raises(DriftError) as error:
        build.check_generated(renamed, renamed.labs[:1])
    for name in ("README.md", "CITATION.cff"):
        assert f"{renamed.root / name} is not what course.toml says. Run `course build` and" in str(error.value)
    with Progress(disable=True) as progress:
        assert build.build(renamed, renamed.labs, progress).executed == []
    build.check_generated(renamed, renamed.labs[:1])
    assert (renamed.root / "README.md").read_text("utf-8").startswith(f"# {renamed.title}\n\n")
    citation = yaml.safe_load((renamed.root / "CITATION.cff").read_text("utf-8"))
    assert (citation["title"], citation["abstract"]) == (renamed.title, "What a net is.")
    assert citation["repository-code"] == "https://github.com/another-faculty/their-course"
    files = {name: file.content.decode() for name, file in edition(renamed).items() if name != "LICENSE"}
    for page in ("README.md", "labs/README.md"):
        assert renamed.title in files[page] and "What a net is." in files[page]
    old = (course.title, course.description, course.repositories.instructors, course.repositories.students)
    assert [(name, one) for name, text in files.items() for one in old if one in text] == []
