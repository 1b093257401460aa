"""What the page begins with, read from the gradebook and from the report of the run."""

from datetime import timedelta
from pathlib import Path

import nbformat
from nbconvert.exporters.exporter import ResourcesDict
from nbformat import NotebookNode
from nbgrader.api import Gradebook
from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets import Unicode

from course.grading.feedback.make_page import grades_of
from course.grading.feedback.summary import summarise
from course.grading.gradebook import cache
from course.grading.gradebook.entries import handed_out, read_entries
from course.grading.workers.job import Outcome, read_outcome


class AddSummary(NbGraderPreprocessor):
    """Give the template a summary; before anything is cut out of the notebook that it is made of."""

    executed_directory = Unicode(
        cache.EXECUTED, help="Where reports of runs are kept; seen from the course directory, in which nbgrader works."
    ).tag(config=True)

    def preprocess(self, nb: NotebookNode, resources: ResourcesDict) -> tuple[NotebookNode, ResourcesDict]:
        """Put the summary into the resources, under "feedback"."""
        names = resources["nbgrader"]
        lab, student = names["assignment"], names["student"]
        folder = Path(self.executed_directory, student, lab)
        with Gradebook(names["db_url"]) as gradebook:
            entry = read_entries(gradebook, lab, [student])[student]
            grades = grades_of(entry, handed_out(gradebook, lab))
            late = timedelta(seconds=gradebook.find_submission(lab, student).total_seconds_late)
        outcome = outcome_of_run(folder, names["notebook"], nb)
        resources["feedback"] = summarise(nb, grades, outcome, student, entry.penalty, late)
        return nb, resources


def outcome_of_run(folder: Path, name: str, nb: NotebookNode) -> Outcome | None:
    """The outcome of the run that this notebook comes from; None if nbgrader ran it by itself."""
    path, executed = folder / cache.REPORT, folder / f"{name}.ipynb"
    if not path.is_file() or not executed.is_file():
        return None
    run_notebook = nbformat.read(executed, as_version=4)
    if [cell.source for cell in run_notebook.cells] != [cell.source for cell in nb.cells]:
        return None
    return read_outcome(path.read_text("utf-8"))
