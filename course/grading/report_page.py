"""What feedback tells a student about the grading itself: what was put right, what ended a run, what is withheld."""

import base64
import hashlib
import json
import re
from html import escape
from pathlib import Path
from typing import Any

from nbconvert.exporters.exporter import ResourcesDict
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell
from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets import Unicode

from course.config import Lab
from course.grading import store
from course.grading.task import Outcome


class AddReport(NbGraderPreprocessor):
    """Put what the grading did and noticed on top of the page."""

    executed_directory = Unicode("", help="The folder executed/ of the submissions graded now.").tag(config=True)

    def preprocess(self, nb: NotebookNode, resources: ResourcesDict) -> tuple[NotebookNode, ResourcesDict]:
        """Insert a cell; a page made by plain nbgrader, without a report, is left as it is."""
        about = resources["nbgrader"]
        path = Path(self.executed_directory, about["student"], about["assignment"], store.REPORT)
        if self.executed_directory and path.is_file():
            text = report_text(json.loads(path.read_text("utf-8")))
            nb.cells[:0] = [new_markdown_cell(text)] if text else []
        return nb, resources


def report_text(report: dict[str, Any]) -> str:
    """The Markdown of a report, for the student; empty if there is nothing to tell."""
    lines = [note["text"] for note in report["notes"]]
    if report["ended"]:
        lines.append(f"Your notebook did not run to its end. {report['ended']} Tests after that cell got no points.")
    for incident in report["incidents"]:
        if incident["withheld"]:
            lines.append(f"The points of {incident['where']} are withheld; your instructor will look at it.")
    if not report["boxed"]:
        lines.append("This submission was run without a box, as one that your instructor trusts.")
    body = "\n".join(f"- {escape(line, quote=False)}" for line in dict.fromkeys(lines))
    return f"## About this grading\n\n{body}" if lines else ""


INLINE = re.compile(r"<script(?![^>]*\bsrc=)[^>]*>(.*?)</script>", re.DOTALL)
LIBRARIES = "https://cdnjs.cloudflare.com/ajax/libs/mathjax/ https://cdnjs.cloudflare.com/ajax/libs/require.js/"
POLICY = (
    '<meta http-equiv="Content-Security-Policy" content="script-src {allowed}; object-src \'none\'; '
    "frame-src 'none'; form-action 'none'; base-uri 'none'\">"
)


def without_scripts(page: str) -> str:
    """The page with a policy by which a browser runs the template's scripts, in its head, and none of a submission.

    A notebook may show any HTML, and an instructor opens the page.
    """
    head = page[: page.index("<body")]
    hashes = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in INLINE.findall(head)]
    allowed = " ".join([LIBRARIES, *(f"'sha256-{digest}'" for digest in hashes)])
    return page.replace("<head>", "<head>" + POLICY.format(allowed=allowed), 1)


PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title></head>
<body><h1>{title}</h1><p>Your submission could not be graded: {reason}.</p>
<p>Please hand it in again, or ask your instructor.</p>{notes}</body></html>
"""


def write_page(folder: Path, lab: Lab, outcome: Outcome, reason: str) -> None:
    """Feedback for a submission that could not be graded."""
    path = store.place(folder, "feedback", outcome.student, lab.name) / f"{lab.name}.html"
    path.parent.mkdir(parents=True, exist_ok=True)
    notes = "".join(f"<p>{escape(note['text'])}</p>" for note in outcome.notes)
    store.write(path, PAGE.format(title=escape(lab.name), reason=escape(reason.rstrip(".")), notes=notes))
