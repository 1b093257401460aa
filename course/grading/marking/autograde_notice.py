"""What plain `nbgrader autograde` does not do, said where it is called; and that it never counts for `course grade`."""

from pathlib import Path

from nbconvert.exporters.exporter import ResourcesDict
from nbformat import NotebookNode
from nbgrader.preprocessors import NbGraderPreprocessor

from course.grading.gradebook import cache
from course.grading.gradebook.recorded import STORED

PLAIN_NBGRADER = (
    "This is plain nbgrader. It runs the submission and its tests in sandboxes, but it mends no damaged file, uses "
    "full-size parameters, and runs nothing again that a fault of the machine has spoilt. Grade a class with "
    "`course grade`, which does better in all of this."
)
REFUSAL = (
    "This submission was graded by `course grade`, and plain autograding\nwould replace its points by less reliable "
    "ones. Nothing was changed.\nTo grade it again, also after it was handed in anew, call\n\n"
    "  course grade {lab} --folder '{folder}'"
)


def is_graded(folder: Path, lab: str, student: str) -> bool:
    """Whether `course grade` has stored a result of this student."""
    return stored_path(folder, lab, student).is_file()


def stored_path(folder: Path, lab: str, student: str) -> Path:
    """Where `course grade` notes that a result is in the gradebook."""
    return cache.step_folder(folder, cache.EXECUTED, student, lab) / STORED


class SayWhatIsMissing(NbGraderPreprocessor):
    """The first step of plain autograding."""

    def preprocess(self, nb: NotebookNode, resources: ResourcesDict) -> tuple[NotebookNode, ResourcesDict]:
        """Warn. The next `course grade` notices that the points are not its own, and puts its own back."""
        self.log.warning(PLAIN_NBGRADER)
        names = resources["nbgrader"]
        # nbgrader's working folder is the course directory while it converts notebooks.
        path = stored_path(Path.cwd(), names["assignment"], names["student"])
        if path.is_file():
            self.log.warning("Points of `course grade` are replaced until it is called again: %s", names["student"])
        return nb, resources
