"""The students' edition: which files it consists of and what is in them, made from the instructors' repository."""

import json
import string
import tomllib

import nbformat

from course.authoring.index import index_text
from course.authoring.managed_folder import File
from course.authoring.prepare_once import prepare_once
from course.authoring.relink import relink
from course.config import Course
from course.errors import PublishError
from course.labs.links import INDEX, archive, home, lab_path

STUDENTS_FOLDER = "students"  # files that only the edition has, laid out as in the edition
STUDENTS_FILES = (
    ".gitattributes",
    ".gitignore",
    "Makefile",
    "README.md",
    "jupyter_lab_config.py",
    "nbgrader_config.py",
    "requirements.txt",
)
SHARED_FILES = ("LICENSE", "docs/students.md", INDEX)
BINDER_FILES = ("overrides.json", "page_config.json", "postBuild", "requirements.txt", "runtime.txt")
PACKAGE_FILES = (".json", ".py", ".typed")  # in data_utils
_TEMPLATE = f"{STUDENTS_FOLDER}/README.md"  # course.toml fills in its $names

PYPROJECT = """\
[build-system]
requires = ["setuptools>=77"]
build-backend = "setuptools.build_meta"

[project]
name = {name}
version = {version}
description = {description}
readme = "README.md"
requires-python = {python}
license = {license}
license-files = ["LICENSE"]
# What data_utils and the labs import, beside TensorFlow and Keras. requirements.txt has these with exact versions, and
# TensorFlow, JupyterLab and nbgrader.
dependencies = [
{dependencies}
]

[tool.setuptools]
packages = ["data_utils"]

[tool.setuptools.package-data]
data_utils = ["*.json", "py.typed"]
"""


def edition(course: Course) -> dict[str, File]:
    """Every file of the edition by its path, with `/`, in the order of the paths.

    Raises
    ------
    PublishError
        A file is missing, or a page links to one that is not part of the edition.
    """
    places = edition_places(course)
    files = {place: read_for_students(course, source, places) for source, place in places.items()}
    files["pyproject.toml"] = File(package_text(course).encode())
    return dict(sorted(files.items()))


def edition_places(course: Course) -> dict[str, str]:
    """Where each file that is copied lies in the edition, by its path in the instructors' repository."""
    package = sorted(path for path in (course.root / "data_utils").iterdir() if path.suffix in PACKAGE_FILES)
    unmoved = [*SHARED_FILES, *(f"binder/{name}" for name in BINDER_FILES), *(lab_path(lab) for lab in course.labs)]
    unmoved += [f"data_utils/{path.name}" for path in package]
    return {f"{STUDENTS_FOLDER}/{name}": name for name in STUDENTS_FILES} | {path: path for path in unmoved}


def read_for_students(course: Course, source: str, places: dict[str, str]) -> File:
    """One file as students get it: pages with their links adapted, all others as they are."""
    path = course.root / source
    if not path.is_file():
        raise PublishError(f"{path} is missing, which is part of the students' edition. Restore it.")
    content = path.read_bytes()
    if source == INDEX:  # of the labs that are handed out, which may not be all
        content = index_text(course, {lab: prepare_once(course, lab) for lab in course.labs}).encode()
    if path.suffix == ".md":
        page = relink(content.decode(), source, places)
        content = (fill_template(course, page) if source == _TEMPLATE else page).encode()
    if path.suffix == ".ipynb":
        check_links(content.decode(), source, places)
    return File(content, executable=path.name == "postBuild")


def fill_template(course: Course, page: str) -> str:
    """The edition's first page, with what course.toml says of it."""
    repositories = course.repositories
    return string.Template(page).substitute(
        title=course.title,
        description=course.description,
        ref=repositories.ref,
        folder=repositories.students.split("/")[1],
        home=home(course),
        archive=archive(course),
    )


def check_links(notebook: str, source: str, places: dict[str, str]) -> None:
    """Raise `PublishError` if a text cell links to a file that is not part of the edition."""
    for cell in nbformat.reads(notebook, as_version=4).cells:
        if cell.cell_type == "markdown":
            relink(cell.source, source, places)


def package_text(course: Course) -> str:
    """The edition's pyproject.toml: data_utils alone, with the dependencies that the instructors' own declares."""
    project = tomllib.loads((course.root / "pyproject.toml").read_text("utf-8"))["project"]
    return PYPROJECT.format(
        name=quoted(f"{project['name']}-data-utils"),
        version=quoted(project["version"]),
        description=quoted(f"What the notebooks of {course.title} import"),
        python=quoted(project["requires-python"]),
        license=quoted(project["license"]),
        dependencies="\n".join(f"  {quoted(dependency)}," for dependency in project["dependencies"]),
    )


def quoted(text: str) -> str:
    """A string in TOML or YAML; both take those of JSON."""
    return json.dumps(text, ensure_ascii=False)
