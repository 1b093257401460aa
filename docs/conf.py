"""The site of the documentation: `make docs` builds it from the Markdown pages in this folder."""

import re
from pathlib import Path

from sphinx.application import Sphinx

from course.config import load_course
from course.labs.links import home

ROOT = Path(__file__).parent.parent
COURSE = load_course(ROOT)
INSTRUCTORS = f"https://github.com/{COURSE.repositories.instructors}/blob/main/"
STUDENTS = f"{home(COURSE)}/blob/{COURSE.repositories.ref}/"
OUTWARD = re.compile(r"\]\(\.\./(students/)?([^)\s]+)")  # the target of a link that leaves this folder

project = COURSE.title
html_title = COURSE.title
author = f"The authors of {COURSE.title}"
extensions = ["myst_parser"]
templates_path: list[str] = []
exclude_patterns: list[str] = []

myst_heading_anchors = 4  # links to headings, by the names that GitHub gives them
myst_links_external_new_tab = False

# Everything that a page loads comes with it: no font, script or picture from another host.
html_theme = "furo"
html_show_copyright = False  # LICENSE says it
html_copy_source = False
html_show_sourcelink = False
html_theme_options = {"top_of_page_buttons": []}


def lead_to_github(_app: Sphinx, page: str, source: list[str]) -> None:
    """Turn links to files outside of this folder into their addresses; students' ones lead to their own edition."""

    def address(match: re.Match[str]) -> str:
        if page == "students":
            return f"]({STUDENTS}{match[2]}"
        return f"]({INSTRUCTORS}{match[1] or ''}{match[2]}"

    source[0] = OUTWARD.sub(address, source[0])


def setup(app: Sphinx) -> None:
    """Called by Sphinx."""
    app.connect("source-read", lead_to_github)
