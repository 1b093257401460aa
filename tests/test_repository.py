"""Files of the repository that must agree with each other."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from course.config import load_course

ROOT = load_course(Path(__file__).parent).root


def requirements(path):
    lines = [line.split("#")[0].strip() for line in path.read_text().splitlines()]
    return [Requirement(line) for line in lines if line]


def pins(path):
    return {(canonicalize_name(r.name), str(r.specifier)) for r in requirements(path)}


@pytest.mark.parametrize("folder", [".", "binder"])
def test_locked_files_pin_everything_that_is_asked_for(folder):
    locked = requirements(ROOT / folder / "requirements.txt")
    assert all(re.fullmatch(r"==[\w.]+", str(r.specifier)) for r in locked)
    names = {canonicalize_name(r.name) for r in locked}
    asked = requirements(ROOT / folder / "requirements.in")
    assert {canonicalize_name(r.name) for r in asked} <= names
    for wanted in asked:
        versions = [str(r.specifier)[2:] for r in locked if canonicalize_name(r.name) == canonicalize_name(wanted.name)]
        assert all(wanted.specifier.contains(version) for version in versions)


def test_binder_installs_the_same_versions():
    assert pins(ROOT / "binder" / "requirements.txt") <= pins(ROOT / "requirements.txt")


def test_locked_files_name_no_address():
    for folder in (".", "binder"):
        text = (ROOT / folder / "requirements.txt").read_text()
        assert "://" not in text and "--index" not in text


def test_package_dependencies_are_locked():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *(r for extra in project["optional-dependencies"].values() for r in extra)]
    names = {canonicalize_name(r.name) for r in requirements(ROOT / "requirements.txt")}
    assert {canonicalize_name(Requirement(text).name) for text in wanted} <= names


def test_links_in_the_documents_lead_somewhere():
    for page in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), ROOT / "labs" / "README.md"]:
        for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", page.read_text("utf-8")):
            if "://" not in target:
                assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_every_picture_has_a_text():
    for page in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]:
        assert not re.findall(r"!\[\s*\]", page.read_text("utf-8")), page.name


def test_every_make_target_of_the_readme_exists():
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for page in [ROOT / "README.md", ROOT / "CONTRIBUTING.md"]:
        assert set(re.findall(r"`make ([a-z]+)", page.read_text("utf-8"))) <= targets
