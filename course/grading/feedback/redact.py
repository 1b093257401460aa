"""What feedback may show a student: never the source or the traceback of a hidden test."""

from nbconvert.exporters.exporter import ResourcesDict
from nbformat import NotebookNode
from nbgrader.preprocessors import NbGraderPreprocessor

from course.grading.feedback.sanitize import PICTURE
from course.labs.sources import HIDDEN_PART, is_test

# What is rendered is limited: some Markdown takes time that grows with the square of its length.
CELL_CHARACTERS, PAGE_CHARACTERS = 20_000, 150_000
REST_NOT_SHOWN = "\n\n[The rest is not shown here.]"


class HideHiddenTests(NbGraderPreprocessor):
    """Cut hidden tests out of test cells, and source lines out of their error messages."""

    def preprocess_cell(
        self, cell: NotebookNode, resources: ResourcesDict, cell_index: int
    ) -> tuple[NotebookNode, ResourcesDict]:
        """Rewrite one cell; cells without hidden tests are left alone.

        Only test cells are searched: in a text made for it, the search takes time that grows with the square.
        """
        if is_test(cell) and HIDDEN_PART.search(cell.source):
            cell.source = HIDDEN_PART.sub("", cell.source).rstrip()
            for output in cell.outputs:
                if output.output_type == "error":
                    # A traceback quotes the lines around the failure; the message alone was written for students.
                    output.traceback = [f"{output.ename}: {output.evalue}"]
        return cell, resources


class Shorten(NbGraderPreprocessor):
    """Cut texts that are too long for a page; what was handed in and graded keeps them."""

    def preprocess(self, nb: NotebookNode, resources: ResourcesDict) -> tuple[NotebookNode, ResourcesDict]:
        """Shorten cells, and outputs that are Markdown or LaTeX."""
        room = PAGE_CHARACTERS
        for cell in nb.cells:
            cell.source = shorten_text(cell.source, min(CELL_CHARACTERS, room))
            room = max(0, room - len(PICTURE.sub("", cell.source)))
            for output in cell.get("outputs", []):
                rendered_kinds = [kind for kind in output.get("data", {}) if kind in ("text/markdown", "text/latex")]
                if rendered_kinds and not room:
                    output.data = NotebookNode({"text/plain": REST_NOT_SHOWN.strip()})
                    continue
                for kind in rendered_kinds:
                    output.data[kind] = shorten_text(str(output.data[kind]), min(CELL_CHARACTERS, room))
                    room = max(0, room - len(output.data[kind]))
        return nb, resources


def shorten_text(text: str, length: int) -> str:
    """The text, or its beginning and a remark; pictures in it, as Colab pastes them, do not count."""
    room, end = length, 0
    for picture in PICTURE.finditer(text):
        if picture.start() - end > room:
            break
        room, end = room - (picture.start() - end), picture.end()
    return text if len(text) - end <= room else text[: end + room] + REST_NOT_SHOWN
