"""The one form of each output that the page can show without a script."""

from nbconvert.exporters.exporter import ResourcesDict
from nbformat import NotebookNode
from nbgrader.preprocessors import NbGraderPreprocessor

# The best first, as in JupyterLab; scripts and widgets are not among them, so their plain text is shown instead.
SHOWN_TYPES = ("text/html", "text/markdown", "image/svg+xml", "text/latex", "image/png", "image/jpeg", "text/plain")
TOO_MUCH_HTML = 200_000  # characters; what is larger is shown as text where it has one


class ChooseOutputs(NbGraderPreprocessor):
    """Leave one form of each output."""

    def preprocess_cell(
        self, cell: NotebookNode, resources: ResourcesDict, cell_index: int
    ) -> tuple[NotebookNode, ResourcesDict]:
        """Rewrite the outputs of a code cell."""
        for output in cell.get("outputs", []):
            if "data" in output:
                output.data = NotebookNode(choose_form(output.data))
        return cell, resources


def choose_form(data: NotebookNode) -> dict[str, str]:
    """The form that is shown, by its MIME type."""
    texts = {kind: joined_text(data[kind]) for kind in SHOWN_TYPES if kind in data}
    small = {kind: value for kind, value in texts.items() if kind != "text/html" or len(value) <= TOO_MUCH_HTML}
    return dict(list((small or texts).items())[:1])


def joined_text(value: object) -> str:
    """What a notebook holds as a text or as a list of lines."""
    return "".join(map(str, value)) if isinstance(value, list) else str(value)
