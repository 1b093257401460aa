"""nbgrader's Formgrader for this course: a Jupyter server extension in place of nbgrader's own.

Names of students are shown, with the id where two have the same, the marking scheme stands above each written answer,
and the button for autograding says what plain nbgrader does not do, and never replaces what `course grade` found. All
of this is done where nbgrader's extension puts its templates, its exporter and its handlers; the rest is nbgrader's.
What a submission holds cannot run there (content_policy.py, marking_page.py).
"""

import json
from pathlib import Path
from typing import Any

from jinja2 import ChoiceLoader, FileSystemLoader, PrefixLoader
from nbgrader.server_extensions.formgrader import apihandlers, handlers
from nbgrader.server_extensions.formgrader.apihandlers import AutogradeHandler
from nbgrader.server_extensions.formgrader.base import check_notebook_dir, check_xsrf
from nbgrader.server_extensions.formgrader.formgrader import FormgradeExtension
from tornado import web

from course.grading.marking import namesakes
from course.grading.marking.autograde_notice import REFUSAL, is_graded
from course.grading.marking.content_policy import ScriptsWithNonce, with_policy
from course.grading.marking.marking_page import MARKING_TEMPLATES, CleanOutputs, MarkingPage
from course.grading.marking.marking_scheme import AddSchemes

EXTENSION, REPLACED = "course.grading.marking.formgrader", "nbgrader.server_extensions.formgrader"


class CourseFormgrader(FormgradeExtension):
    """Formgrader with the templates in this package before nbgrader's own, which they extend."""

    def init_tornado_settings(self, webapp: web.Application) -> None:
        """Set up pages and exporter as nbgrader does, then with this package's templates."""
        super().init_tornado_settings(webapp)
        nbgrader_templates = FileSystemLoader(handlers.template_path)
        own_templates = FileSystemLoader(MARKING_TEMPLATES / "pages")
        pages = webapp.settings["nbgrader_jinja2_env"]
        pages.loader = ChoiceLoader([own_templates, nbgrader_templates, PrefixLoader({"nbgrader": nbgrader_templates})])
        pages.add_extension(ScriptsWithNonce)
        exporter = MarkingPage(config=self.config)
        exporter.register_preprocessor(AddSchemes(self.solution), enabled=True)
        exporter.register_preprocessor(CleanOutputs(exporter), enabled=True)
        webapp.settings["nbgrader_exporter"] = exporter

    def solution(self, assignment: str, notebook: str) -> Path:
        """The answer key of a lab."""
        folder = self.coursedir.format_path(self.coursedir.source_directory, ".", assignment)
        return Path(folder, f"{notebook}.ipynb")

    def init_handlers(self, webapp: web.Application) -> None:
        """Answer as nbgrader does, with the policy on every page and the button for autograding guarded."""
        base = webapp.settings["base_url"].rstrip("/")
        replacements = {
            AutogradeHandler: GuardedAutograde,
            handlers.SubmissionHandler: MarkedSubmission,
            apihandlers.SubmissionCollectionHandler: namesakes.Submissions,
            apihandlers.SubmittedNotebookCollectionHandler: namesakes.SubmittedNotebooks,
        }
        routes = [
            *handlers.default_handlers,
            *apihandlers.default_handlers,
            (r"/formgrader/static/(.*)", web.StaticFileHandler, {"path": handlers.static_path}),
            (r"/formgrader/.*", handlers.Template404),
        ]
        webapp.add_handlers(
            ".*$",
            [(base + path, with_policy(replacements.get(kind, kind)), *settings) for path, kind, *settings in routes],
        )


class MarkedSubmission(handlers.SubmissionHandler):  # type: ignore[misc]  # from a library without types
    """The page on which a submission is marked."""

    nonce: str  # of ClosedPage

    @property
    def exporter(self) -> MarkingPage:
        """The exporter, which writes this answer's nonce on the page's own scripts."""
        exporter: MarkingPage = self.settings["nbgrader_exporter"]
        exporter.nonce = self.nonce
        return exporter


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
