"""Title, description and repository are those of course.toml wherever they are shown."""

import json
import re
import shutil

import pytest
import yaml
from rich.progress import Progress

from course.authoring import build
from course.authoring.students_edition import edition
from course.config import load_course
from course.errors import DriftError

pytestmark = pytest.mark.slow

OF_COURSE = {
    "id": "other",
    "title": 'Nets: "deep" & wide',
    "description": "What a net is.",
    "repository": "another-faculty/their-course",
}
OF_STUDENTS = {"repository": "another-faculty/their-course-for-students", "ref": "term"}


def with_values(text, values):
    """Lines of course.toml with other values; all else, such as rules and the time zone of due dates, stays."""
    for key, value in values.items():
        line = f"{key} = {json.dumps(value)}".replace("\\", r"\\")  # as `re` reads it
        text, count = re.subn(rf"^{key} = .*", line, text, flags=re.MULTILINE)
        assert count == 1, f"{key} is to stand there once"
    return text


@pytest.fixture
def renamed(course, copied):
    """A copy of the course under another name, with the files that are shown first."""
    for name in ("README.md", "CITATION.cff"):
        shutil.copy(course.root / name, copied.root)
    file = copied.root / "course.toml"
    head, labs = file.read_text("utf-8").split("[[labs]]", 1)
    of_course, of_students = head.split("[students]", 1)
    changed = [with_values(of_course, OF_COURSE), with_values(of_students, OF_STUDENTS)]
    file.write_text("[students]".join(changed) + f"[[labs]]{labs}", "utf-8")
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
