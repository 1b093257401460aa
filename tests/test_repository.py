"""Files of the repository that must agree with each other."""

import ast
import re
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from this_course import COURSE

from course.text.files import write_text

ROOT = COURSE.root


BINDER = {"sys_platform": "linux", "platform_machine": "x86_64"}
LOCKED = (".", "students", "binder")


def requirements(path):
    """What a file of requirements asks for, with what the files that it includes do."""
    found = []
    for line in (line.split("#")[0].strip() for line in path.read_text().splitlines()):
        if line.startswith("-r "):
            found += requirements(path.parent / line.removeprefix("-r "))
        elif line:
            found.append(Requirement(line))
    return found


def declared():
    """What the package asks for, and with it the students' package."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return [Requirement(text) for text in project["dependencies"]]


def pins(path):
    return {(canonicalize_name(r.name), str(r.specifier)) for r in requirements(path)}


@pytest.mark.parametrize("folder", LOCKED)
def test_locked_files_pin_everything_that_is_asked_for(folder):
    locked = requirements(ROOT / folder / "requirements.txt")
    assert all(re.fullmatch(r"==[\w.]+", str(r.specifier)) for r in locked)
    names = {canonicalize_name(r.name) for r in locked}
    asked = [*declared(), *requirements(ROOT / folder / "requirements.in")]
    if folder == "binder":  # locked for one kind of machine
        asked = [r for r in asked if r.marker is None or r.marker.evaluate(BINDER)]
    assert {canonicalize_name(r.name) for r in asked} <= names
    for wanted in asked:
        versions = [str(r.specifier)[2:] for r in locked if canonicalize_name(r.name) == canonicalize_name(wanted.name)]
        assert all(wanted.specifier.contains(version) for version in versions)


@pytest.mark.parametrize("folder", ["students", "binder"])
def test_everybody_gets_the_same_versions(folder):
    assert pins(ROOT / folder / "requirements.txt") <= pins(ROOT / "requirements.txt")


def test_students_install_no_tool_of_the_instructors():
    names = {name for name, _ in pins(ROOT / "students" / "requirements.txt")}
    assert not names & {"distributed", "jupytext", "mypy", "nbval", "papermill", "pytest", "ruff", "typer", "uv"}
    binder = {name for name, _ in pins(ROOT / "binder" / "requirements.txt")}
    assert {"jupyter-server-proxy", "tensorflow-cpu"} <= binder


def test_locked_files_name_no_address():
    for folder in LOCKED:
        text = (ROOT / folder / "requirements.txt").read_text()
        assert "://" not in text and "--index" not in text


def test_package_dependencies_are_locked():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *(r for extra in project["optional-dependencies"].values() for r in extra)]
    names = {canonicalize_name(r.name) for r in requirements(ROOT / "requirements.txt")}
    assert {canonicalize_name(Requirement(text).name) for text in wanted} <= names


def test_links_in_the_documents_lead_somewhere():
    for page in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("*/README.md")]:
        for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", page.read_text("utf-8")):
            if "://" not in target and "$" not in target:
                assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_every_picture_has_a_text():
    for page in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]:
        assert not re.findall(r"!\[\s*\]", page.read_text("utf-8")), page.name


def test_no_page_opens_the_instructors_repository_in_colab_or_on_binder():
    own = re.escape(COURSE.repositories.instructors)
    for page in [*ROOT.glob("*.md"), *ROOT.glob("*/*.md"), *ROOT.glob("*/*/*.ipynb")]:
        text = page.read_text("utf-8").replace(COURSE.repositories.students, "")
        assert not re.search(rf"(colab|binder)[^)\s]*{own}", text), page


def test_the_citation_names_the_instructors_repository():
    address = f'"https://github.com/{COURSE.repositories.instructors}"\n'
    assert address in (ROOT / "CITATION.cff").read_text("utf-8")


def test_every_make_target_of_the_readme_exists():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for page in [ROOT / "README.md", ROOT / "CONTRIBUTING.md"]:
        assert set(re.findall(r"`make\s+([a-z-]+)", page.read_text("utf-8"))) <= targets


def test_pages_name_the_versions_of_python_that_are_supported():
    asked = SpecifierSet(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"])
    *most, newest = [f"3.{minor}" for minor in range(30) if f"3.{minor}" in asked]
    pages = [ROOT / name for name in ("README.md", "students/README.md", "docs/first-hour.md")]
    for page in pages:
        named = re.findall(r"3\.\d+(?:,\s+3\.\d+)*\s+or\s+3\.\d+", page.read_text("utf-8"))
        assert named and {" ".join(text.split()) for text in named} == {f"{', '.join(most)} or {newest}"}, page.name


INSTRUCTORS, STUDENTS = "Makefile", "students/Makefile"
# Its environments hold a uv that can install nothing, and a pip that can; both note what they are asked.
FAKE_PYTHON = """#!/bin/sh
[ "$1 $2" = "-m venv" ] || exit 0
mkdir -p .venv/bin
printf '#!/bin/sh\\necho "$@" >> asked\\n' > .venv/bin/python
printf '#!/bin/sh\\necho uv "$@" >> asked\\nexit 1\\n' > .venv/bin/uv
chmod +x .venv/bin/python .venv/bin/uv
"""


@pytest.mark.parametrize("makefile", [INSTRUCTORS, STUDENTS])
@pytest.mark.parametrize(("uv", "install"), [("/opt/my uv", '"/opt/my uv" pip install'), ("", "-m pip install")])
def test_packages_are_installed_by_uv_if_it_is_there(makefile, uv, install, tmp_path):
    shutil.copy(ROOT / makefile, tmp_path)
    settings = "course/grading/marking/jupyter_server_config.json"
    for name in ("requirements.txt", "pyproject.toml", "binder/overrides.json", settings):
        write_text(tmp_path / name, "")
    command = ["make", "--dry-run", f"UV={uv}", ".venv/.ready"]
    shown = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    lines = [line for line in shown.splitlines() if "pip install" in line]
    assert lines and all(line.split(" || ")[0].count(install) == 1 for line in lines), shown
    assert ("--compile-bytecode" in shown) == bool(uv), "as pip does; no submission can write it in its sandbox"


def test_pip_fetches_the_locked_uv_where_it_is_missing_and_installs_what_uv_cannot(tmp_path):
    shutil.copy(ROOT / "Makefile", tmp_path)
    write_text(tmp_path / "course" / "grading" / "marking" / "jupyter_server_config.json", "{}")
    write_text(tmp_path / "binder" / "overrides.json", "{}")
    write_text(tmp_path / "pyproject.toml", (ROOT / "pyproject.toml").read_text("utf-8"))
    write_text(tmp_path / "requirements.txt", "tzdata==1\nuv==0.0.1\n")
    write_text(tmp_path / "python", FAKE_PYTHON)
    (tmp_path / "python").chmod(0o755)
    command = ["make", "PYTHON=./python", ".venv/.ready"]
    path = {"PATH": "/usr/bin:/bin"}
    done = subprocess.run(command, cwd=tmp_path, env=path, capture_output=True, text=True, check=True)
    by_uv, by_pip = "uv pip install --quiet --compile-bytecode --python .venv/bin/python ", "-m pip install -qq "
    packages, course = "--requirement requirements.txt", "--no-deps --no-build-isolation --editable ."
    expected = [by_pip + "uv==0.0.1", by_uv + packages, by_pip + packages, by_uv + course, by_pip + course]
    assert (tmp_path / "asked").read_text().splitlines() == expected
    assert done.stdout.count("uv could not install this") == 2


def test_what_uv_cannot_install_for_students_pip_does(tmp_path):
    shutil.copy(ROOT / STUDENTS, tmp_path)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    write_text(tmp_path / "requirements.txt", "")
    for name, text in (("python", FAKE_PYTHON), ("uv", '#!/bin/sh\necho uv "$@" >> asked\nexit 1\n')):
        write_text(tmp_path / name, text).chmod(0o755)
    command = ["make", "PYTHON=./python", "UV=./uv", ".venv/.ready"]
    path = {"PATH": "/usr/bin:/bin"}
    done = subprocess.run(command, cwd=tmp_path, env=path, capture_output=True, text=True, check=True)
    packages = "--requirement requirements.txt --editable ."
    by_uv = f"uv pip install --quiet --compile-bytecode --python .venv/bin/python {packages}"
    by_pip = f"-m pip install --quiet --disable-pip-version-check {packages}"
    assert (tmp_path / "asked").read_text().splitlines() == [by_uv, by_pip]
    assert done.stdout.count("uv could not install this") == 1


@pytest.mark.parametrize(
    ("makefile", "name", "odd"),
    [
        *((INSTRUCTORS, "a $b", "$"), (INSTRUCTORS, "Kurs {neu}", "{ }"), (INSTRUCTORS, "100%", "%")),
        *((INSTRUCTORS, "9:30", ":"), (STUDENTS, "a $b", "$"), (STUDENTS, "Kurs {neu}", "{ }")),
    ],
)
def test_a_path_that_misleads_packages_is_refused_before_anything_is_made(makefile, name, odd, tmp_path):
    root = tmp_path / name
    for path in ("requirements.txt", "binder/overrides.json", "course/grading/marking/jupyter_server_config.json"):
        write_text(root / path, "")
    shutil.copy(ROOT / "pyproject.toml", root)
    shutil.copy(ROOT / makefile, root)
    # By its name, which is found by PATH: make takes a path with spaces for several words.
    command = ["make", f"PYTHON={Path(sys.executable).name}", ".venv/.ready"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode and not (root / ".venv").exists()
    assert f"The path of this folder, {root}, holds {odd}, by which" in done.stderr


def imported(folder):
    """The top-level modules that a package imports, wherever in a file."""
    found = set()
    for path in (ROOT / folder).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.split(".")[0])
    return found - set(sys.stdlib_module_names) - {"course", "data_utils", "_signal"}


@pytest.mark.slow
@pytest.mark.parametrize("folder", ["course", "data_utils"])
def test_what_is_imported_is_declared(folder):
    """Not only there because something else needs it; TensorFlow, Keras and psycopg are for people to choose."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    asked = declared() + [Requirement(text) for text in project["optional-dependencies"]["course"]]
    names = {canonicalize_name(requirement.name) for requirement in (asked if folder == "course" else declared())}
    known = packages_distributions()
    missing = {
        module
        for module in imported(folder) - {"tensorflow", "keras", "psycopg", "benchmarks", "reproduction"}
        if not names & {canonicalize_name(name) for name in known.get(module, [])}
    }
    assert not missing
    locked = {canonicalize_name(requirement.name) for requirement in requirements(ROOT / "requirements.txt")}
    assert names <= locked
