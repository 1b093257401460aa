"""The exporter of the page on which a submission is marked: what comes from the submission is cleaned.

It is the second wall behind the page's policy: no script is left to be stopped, and no picture is loaded.
"""

from pathlib import Path
from typing import Any

from jinja2 import pass_context
from jinja2.runtime import Context
from nbconvert.exporters import HTMLExporter
from nbconvert.exporters.exporter import ResourcesDict
from nbformat import NotebookNode
from nbgrader.server_extensions.formgrader import handlers
from traitlets.config import Config

from course.grading.feedback.choose_outputs import choose_form
from course.grading.feedback.page_exporter import FeedbackPage

MARKING_TEMPLATES = Path(__file__).parent / "templates"


class MarkingPage(HTMLExporter):
    """nbgrader's page for marking with this package's template; `nonce` marks the page's own scripts."""

    export_from_notebook = ""  # not offered by JupyterLab's menu

    def __init__(self, config: Config) -> None:
        """Use the template `marking`, and nbgrader's which it extends; else these settings."""
        settings = config.copy()
        settings.HTMLExporter.template_name = "marking"
        settings.HTMLExporter.extra_template_basedirs = [str(MARKING_TEMPLATES), handlers.template_path]
        settings.HTMLExporter.extra_template_paths = [handlers.template_path]  # for those that are extended
        super().__init__(config=settings)
        self.cleaner, self.nonce = FeedbackPage(), ""

    def from_notebook_node(
        self, nb: NotebookNode, resources: dict[str, Any] | None = None, **settings: Any
    ) -> tuple[str, dict[str, Any]]:
        """Make the page of a notebook; each has its own room for outputs."""
        self.cleaner = FeedbackPage()
        all_resources = {**(resources or {}), "nonce": self.nonce}
        page, resources = super().from_notebook_node(nb, all_resources, **settings)
        return page, resources

    @pass_context
    def markdown2html(self, context: Context, source: str) -> str:
        """Markdown of the notebook or of its marking scheme, with the pictures attached to the cell."""
        cell = context.get("cell") or {}
        return str(self.cleaner.markdown(source, cell.get("attachments")))


class CleanOutputs:
    """A step of the exporter: of each output one form, and that without anything that runs, loads or reaches out."""

    def __init__(self, page: MarkingPage) -> None:
        """Clean for this page."""
        self.page = page

    def __call__(self, nb: NotebookNode, resources: ResourcesDict) -> tuple[NotebookNode, ResourcesDict]:
        """Rewrite all outputs; widgets, which need scripts, are left out."""
        nb.metadata.pop("widgets", None)
        for cell in nb.cells:
            for output in cell.get("outputs", []):
                output.metadata = NotebookNode()
                if "data" in output:
                    output.data = NotebookNode(self.cleaned(choose_form(output.data)))
        return nb, resources

    def cleaned(self, data: dict[str, str]) -> dict[str, str]:
        """Data of an output, by MIME type, as the template may show them."""
        cleaner = self.page.cleaner
        forms = {}
        for kind, content in data.items():
            if kind == "text/html":
                forms[kind] = str(cleaner.fragment(content))
            elif kind == "text/latex":
                forms["text/html"] = str(cleaner.latex(content))
            elif kind == "text/markdown":
                forms["text/html"] = str(cleaner.markdown(content))
            else:
                forms[kind] = content
        return forms
