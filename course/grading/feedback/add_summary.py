"""What the page begins with, read from the gradebook and from the report of the run."""

from datetime import timedelta
from pathlib import Path

import nbformat
from nbconvert.exporters.exporter import ResourcesDict
from nbformat import NotebookNode
from nbgrader.api import Gradebook
from nbgrader.api import SubmittedNotebook as Submitted
from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets import Unicode

from course.grading.feedback.summary import Grade, summarise
from course.grading.gradebook import cache
from course.grading.workers.job import Outcome, read_outcome


class AddSummary(NbGraderPreprocessor):
    """Give the template a summary; before anything is cut out of the notebook that it is made of."""

    executed_directory = Unicode(
        cache.EXECUTED, help="Where reports of runs are kept; seen from the course directory, in which nbgrader works."
    ).tag(config=True)

    def preprocess(self, nb: NotebookNode, resources: ResourcesDict) -> tuple[NotebookNode, ResourcesDict]:
        """Put the summary into the resources, under "feedback"."""
        names = resources["nbgrader"]
        ids = names["notebook"], names["assignment"], names["student"]
        folder = Path(self.executed_directory, names["student"], names["assignment"])
        with Gradebook(names["db_url"]) as gradebook:
            submitted = gradebook.find_submission_notebook(*ids)
            grades, penalty = read_grades(submitted), float(submitted.late_submission_penalty or 0)
            late = timedelta(seconds=submitted.assignment.total_seconds_late)
        outcome = outcome_of_run(folder, names["notebook"], nb)
        resources["feedback"] = summarise(nb, grades, outcome, names["student"], penalty, late)
        return nb, resources


def read_grades(submitted: Submitted) -> dict[str, Grade]:
    """The grades of a submission by grade id, and what is known of answers without points."""
    released = {cell.name: cell.source for cell in submitted.notebook.source_cells}
    comments = {comment.name: comment.comment or "" for comment in submitted.comments}
    grades = {grade.name: grade for grade in submitted.grades}
    summary_grades = dict[str, Grade]()
    for name in released.keys() | comments.keys() | grades.keys():
        comment, source = comments.get(name, ""), released.get(name)
        if grade := grades.get(name):
            points, max_score = float(grade.score), float(grade.max_score)
            marked = grade.manual_score is not None
            summary_grades[name] = Grade(points, max_score, bool(grade.needs_manual_grade), marked, comment, source)
        else:
            summary_grades[name] = Grade(comment=comment, released=source)
    return summary_grades


def outcome_of_run(folder: Path, name: str, nb: NotebookNode) -> Outcome | None:
    """The outcome of the run that this notebook comes from; None if nbgrader ran it by itself."""
    path, executed = folder / cache.REPORT, folder / f"{name}.ipynb"
    if not path.is_file() or not executed.is_file():
        return None
    run_notebook = nbformat.read(executed, as_version=4)
    if [cell.source for cell in run_notebook.cells] != [cell.source for cell in nb.cells]:
        return None
    return read_outcome(path.read_text("utf-8"))
