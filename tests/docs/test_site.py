"""The documentation's site: a dead link or anchor is an error, and no page loads anything from elsewhere."""

import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser

import pytest
from this_course import COURSE

from course.config import load_course

pytestmark = pytest.mark.slow

ROOT = COURSE.root
FLAGS = ["--quiet", "--fail-on-warning", "--keep-going", "--nitpicky"]  # those of the Makefile
LOADED = {"script": "src", "img": "src", "iframe": "src", "source": "src", "link": "href"}


def built(docs, to):
    return subprocess.run(
        [sys.executable, "-m", "sphinx", *FLAGS, docs, to], capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    done = built(ROOT / "docs", folder)
    assert done.returncode == 0, done.stderr
    return folder


class Loads(HTMLParser):
    """What a browser loads when it opens a page."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        about = dict(attrs)
        if tag in LOADED and LOADED[tag] in about and about.get("rel") not in ("next", "prev", "canonical"):
            self.found.append(about[LOADED[tag]])


def test_every_page_is_on_the_site(site):
    pages = {path.stem for path in (ROOT / "docs").glob("*.md")}
    assert pages <= {path.stem for path in site.glob("*.html")}


def test_no_page_loads_anything_from_another_host(site):
    pages = list(site.rglob("*.html"))
    for page in pages:
        loads = Loads()
        loads.feed(page.read_text("utf-8"))
        assert loads.found
        for address in loads.found:
            assert not re.match(r"(?:[a-z]+:)?//", address), f"{page.name} loads {address}"
            assert (page.parent / address.partition("?")[0].partition("#")[0]).exists(), f"{page.name}: {address}"
    for sheet in site.rglob("*.css"):
        assert not re.search(r"""(?:url\(|@import)\s*["']?(?:https?:)?//""", sheet.read_text("utf-8")), sheet.name


def test_the_makefile_builds_it_as_strictly(site):
    recipe = next(line for line in (ROOT / "Makefile").read_text("utf-8").splitlines() if "sphinx-build" in line)
    assert set(FLAGS) <= set(recipe.split())


def test_dead_links_and_anchors_are_errors(tmp_path):
    docs = tmp_path / "course" / "docs"
    shutil.copytree(ROOT / "docs", docs)
    shutil.copy(ROOT / "course.toml", docs.parent)
    shutil.copytree(ROOT / "solutions", docs.parent / "solutions", ignore=shutil.ignore_patterns("*.ipynb"))
    with (docs / "scaling-out.md").open("a", encoding="utf-8") as page:
        page.write("\n[nowhere](nowhere.md), [no heading](instructors.md#no-heading)\n")
    done = built(docs, tmp_path / "site")
    assert done.returncode != 0
    assert "'nowhere.md'" in done.stderr and "'no-heading'" in done.stderr


def test_links_out_of_the_folder_lead_to_the_repositories(site):
    of = load_course(ROOT).repositories
    page = (site / "students.html").read_text("utf-8")
    assert f'href="https://github.com/{of.students}/blob/{of.ref}/README.md#set-up-your-machine"' in page
    assert f'href="https://github.com/{of.instructors}/blob/main/' in (site / "authors.html").read_text("utf-8")
