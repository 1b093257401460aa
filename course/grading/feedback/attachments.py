"""Pictures in the Markdown of a submission, on every page that nbconvert makes of it.

nbconvert makes no page at all if a text refers to an attached picture that the notebook does not have, or has under a
name with a space or a letter beyond ASCII. Pictures get lost where notebooks are copied by hand, or were too large.
"""

import base64
from typing import Any
from urllib.parse import unquote

from nbconvert.exporters.exporter import ResourcesDict
from nbconvert.preprocessors import Preprocessor
from nbformat import NotebookNode
from traitlets import Bool

MISSING_PICTURE = """<svg xmlns="http://www.w3.org/2000/svg" width="340" height="40" role="img">
<rect width="339" height="39" fill="none" stroke="#666"/>
<text x="12" y="25" font-family="sans-serif" font-size="14">This picture is not in the notebook.</text>
</svg>"""
PLACEHOLDER = {"image/svg+xml": base64.b64encode(MISSING_PICTURE.encode()).decode()}


class Pictures(NotebookNode):  # type: ignore[misc]  # from a library without types
    """The pictures attached to a cell: each under its name and under that name in a URL, and one in place of others."""

    def __contains__(self, name: object) -> bool:
        """Every name has a picture."""
        return True

    def __getitem__(self, name: str) -> Any:
        """The picture, by MIME type."""
        return self.get(name) or self.get(unquote(name)) or PLACEHOLDER


class FindPictures(Preprocessor):
    """Let nbconvert find a picture for every reference to one."""

    enabled = Bool(True).tag(config=True)  # what nbgrader's own base says, which HTML exporters warn of

    def preprocess_cell(
        self, cell: NotebookNode, resources: ResourcesDict, cell_index: int
    ) -> tuple[NotebookNode, ResourcesDict]:
        """Give every cell its pictures; one with code may show Markdown."""
        cell.attachments = Pictures(cell.get("attachments", {}))
        return cell, resources
