"""What feedback may show a student: never the source or the traceback of a hidden test."""

import re
import textwrap

from nbconvert.exporters.exporter import ResourcesDict
from nbformat import NotebookNode
from nbgrader.preprocessors import NbGraderPreprocessor

HIDDEN = re.compile(r"[ \t]*### BEGIN HIDDEN TESTS.*?### END HIDDEN TESTS[ \t]*\n?", re.DOTALL)

WIDTH = 100  # characters that fit into the page


class HideHiddenTests(NbGraderPreprocessor):
    """Cut hidden tests out of test cells, and source lines out of their error messages."""

    def preprocess_cell(
        self, cell: NotebookNode, resources: ResourcesDict, cell_index: int
    ) -> tuple[NotebookNode, ResourcesDict]:
        """Rewrite one cell; cells without hidden tests are left alone."""
        if cell.cell_type == "code" and HIDDEN.search(cell.source):
            cell.source = HIDDEN.sub("", cell.source).rstrip()
            for output in cell.outputs:
                if output.output_type == "error":
                    # A traceback quotes the lines around the failure; the message alone was written for students.
                    output.traceback = textwrap.wrap(f"{output.ename}: {output.evalue}", WIDTH)
        return cell, resources
