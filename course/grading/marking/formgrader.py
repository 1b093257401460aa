"""nbgrader's Formgrader for this course: a Jupyter server extension in place of nbgrader's own.

Names of students are shown, the marking scheme stands above each written answer, and the button for autograding says
what plain nbgrader does not do, and never replaces what `course grade` found. All of this is done where nbgrader's
extension puts its templates, its exporter and its handlers; the rest is nbgrader's.
"""

import json
from pathlib import Path
from typing import Any

from jinja2 import ChoiceLoader, FileSystemLoader, PrefixLoader
from nbconvert.exporters import HTMLExporter
from nbgrader.server_extensions.formgrader import handlers
from nbgrader.server_extensions.formgrader.apihandlers import AutogradeHandler
from nbgrader.server_extensions.formgrader.base import check_notebook_dir, check_xsrf
from nbgrader.server_extensions.formgrader.formgrader import FormgradeExtension
from tornado import web

from course.grading.marking.plain_autograde import REFUSAL, is_graded
from course.grading.marking.scheme import AddSchemes

EXTENSION, REPLACED = "course.grading.marking.formgrader", "nbgrader.server_extensions.formgrader"
TEMPLATES = Path(__file__).parent / "templates"
AUTOGRADE = r"/formgrader/api/submission/([^/]+)/([^/]+)/autograde"


class CourseFormgrader(FormgradeExtension):
    """Formgrader with the templates in this package before nbgrader's own, which they extend."""

    def init_tornado_settings(self, webapp: web.Application) -> None:
        """Set up pages and exporter as nbgrader does, then with this package's templates."""
        super().init_tornado_settings(webapp)
        theirs = FileSystemLoader(handlers.template_path)
        ours = FileSystemLoader(TEMPLATES / "pages")
        webapp.settings["nbgrader_jinja2_env"].loader = ChoiceLoader([ours, theirs, PrefixLoader({"nbgrader": theirs})])
        webapp.settings["nbgrader_exporter"] = self.marking_exporter()

    def marking_exporter(self) -> HTMLExporter:
        """What makes the page on which a submission is marked."""
        config = self.config.copy()
        config.HTMLExporter.template_name = "marking"
        config.HTMLExporter.extra_template_basedirs = [str(TEMPLATES), handlers.template_path]
        config.HTMLExporter.extra_template_paths = [handlers.template_path]  # for those that are extended
        exporter = HTMLExporter(config=config)
        exporter.register_preprocessor(AddSchemes(self.solution), enabled=True)
        return exporter

    def solution(self, assignment: str, notebook: str) -> Path:
        """The answer key of a lab."""
        folder = self.coursedir.format_path(self.coursedir.source_directory, ".", assignment)
        return Path(folder, f"{notebook}.ipynb")

    def init_handlers(self, webapp: web.Application) -> None:
        """Answer the button for autograding before nbgrader's own handler does."""
        base = webapp.settings["base_url"].rstrip("/")
        webapp.add_handlers(".*$", [(base + AUTOGRADE, GuardedAutograde)])
        super().init_handlers(webapp)


class GuardedAutograde(AutogradeHandler):
    """Plain autograding of a submission, unless `course grade` has graded it."""

    @web.authenticated
    @check_xsrf  # type: ignore[untyped-decorator]
    @check_notebook_dir  # type: ignore[untyped-decorator]
    def post(self, assignment_id: str, student_id: str) -> None:
        """Answer as nbgrader's handler does, with success or not and a log."""
        if is_graded(Path(self.coursedir.root), assignment_id, student_id):
            text = REFUSAL.format(lab=assignment_id, folder=self.coursedir.root)
            self.write(json.dumps({"success": False, "log": text, "error": ""}))
        else:
            super().post(assignment_id, student_id)


def _load_jupyter_server_extension(server: Any) -> None:
    """Load the extension into a Jupyter server."""
    formgrader = CourseFormgrader(parent=server)
    formgrader.root_dir = server.root_dir
    formgrader.log = server.log
    formgrader.initialize([])
    formgrader.init_tornado_settings(server.web_app)
    formgrader.init_handlers(server.web_app)


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    """What Jupyter asks a module that it is told to load."""
    return [{"module": EXTENSION}]
