"""Which runs of answers were tried as they are now, so that only what has changed needs to be tried again.

tests/variants/tried.json lists a digest of each run that ended as declared: of its cells, of what is declared, of the
code that runs and judges it, and of the packages' versions. A change of any of these gives another digest.
"""

import hashlib
import importlib.metadata
import json
import sys
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import grimp
from nbformat import NotebookNode
from packaging.requirements import Requirement

import course
import data_utils
from course.config import Course
from course.errors import CourseError
from course.labs.sources import tagged
from course.labs.stamp import SETUP
from course.labs.variants import Variant
from course.text.files import checksum, write_whole

# The modules from which a run's outcome follows, with all that they import. The kernels load the second and third.
ROOTS = (
    "course.grading.execution.session",
    "course.grading.execution.kernel_main",
    "course.testing.agent",
    "course.authoring.name_use",
    "course.authoring.try_variants",
    "course.labs.stamp",
    "course.nbgrader_api",
)
RUN_BY = ("ipykernel", "ipython", "jupyter-client", "keras", "nbformat", "nbgrader", "tensorflow")
HEX_DIGITS = 16


def run_digest(course: Course, notebook: NotebookNode, chosen: Sequence[Variant], budget: Mapping[str, Any]) -> str:
    """A digest of everything on which the outcome of a run depends.

    Parameters
    ----------
    notebook
        The cells to be run, with the answers.
    chosen
        The answers, for what is declared of them.
    budget
        The parameters injected while grading.
    """
    declared = sorted(test for variant in chosen for test in variant.fails)
    settings = (course.root / "nbgrader_config.py").read_text("utf-8")
    content = [_code_of(notebook), declared, dict(budget), settings, digest_of_code(), package_versions()]
    return _digest(content)


def notebook_digest(notebook: NotebookNode) -> str:
    """A digest of a notebook's code alone, without its set-up cell."""
    return _digest(_code_of(notebook))


def _digest(content: list[Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:HEX_DIGITS]


def _code_of(notebook: NotebookNode) -> list[Any]:
    setup = tagged(notebook, SETUP)  # has the repository's address, which changes nothing where the package is there
    code = [cell for cell in notebook.cells if cell.cell_type == "code" and cell not in setup]
    return [(cell.source, cell.metadata.get("nbgrader")) for cell in code]


@cache
def digest_of_code() -> str:
    """A digest of the modules that run and judge answers, and of all files of the labs' helper package."""
    graph = grimp.build_graph(course.__name__, cache_dir=None)
    modules = {*ROOTS}.union(*map(graph.find_upstream_modules, ROOTS))
    code, helpers = Path(course.__file__).parent.parent, Path(data_utils.__file__).parent
    files = {module: code.joinpath(*module.split(".")).with_suffix(".py") for module in modules}
    files |= {str(path.relative_to(helpers)): path for path in helpers.rglob("*") if path.suffix != ".pyc"}
    whole = hashlib.sha256()
    for name, path in sorted(files.items()):
        if path.is_file():  # a room has none, and its __init__.py no more than a docstring or imports
            whole.update(f"{name} {checksum(path)}\n".encode())
    return whole.hexdigest()


@cache
def package_versions() -> dict[str, str]:
    """The versions of Python and of the packages that the labs import and that run and score them."""
    root = Path(course.__file__).parent.parent
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
    names = [*(Requirement(text).name for text in project["dependencies"]), *RUN_BY]
    modules = importlib.metadata.packages_distributions()  # TensorFlow's has several names
    versions = {name: importlib.metadata.version(modules.get(name, [name])[0]) for name in names}
    return versions | {"python": f"{sys.version_info.major}.{sys.version_info.minor}"}


def record_file(course: Course) -> Path:
    """Where the digests are kept, for the whole course."""
    return course.root / "tests" / "variants" / "tried.json"


def read_tried(course: Course) -> dict[str, list[str]]:
    """The digests of each lab's runs that ended as declared, by the lab's name; none without the file.

    Raises
    ------
    CourseError
        The file is not valid.
    """
    path = record_file(course)
    if not path.is_file():
        return {}
    try:
        listed = json.loads(path.read_text("utf-8")).items()
        return {str(lab): [str(digest) for digest in digests] for lab, digests in listed}
    except (json.JSONDecodeError, AttributeError, TypeError) as error:
        raise CourseError(f"{path} is not valid: {error}. Delete it, and run: course variants") from error


def write_tried(course: Course, lab: str, digests: Iterable[str]) -> Path:
    """Set the digests of one lab; return the file."""
    tried = read_tried(course) | {lab: sorted(digests)}
    known = {name: tried[name] for name in sorted(tried) if tried[name]}
    write_whole(record_file(course), json.dumps(known, indent=1) + "\n")
    return record_file(course)
