"""Reading the answers of a class, cell by cell, from what was handed in; nothing of it is run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from nbformat import NotebookNode

from course.config import Course, Lab
from course.errors import GradingError, SubmissionError
from course.grading.demo import model_answers
from course.grading.feedback.titles import find_title
from course.grading.repair.read_folder import inspect_folder
from course.grading.repair.read_notebook import read_notebook
from course.grading.repair.repair import repair
from course.inbox.notes import printable
from course.inbox.submissions import Submission, require_submissions
from course.labs.editions import as_built
from course.labs.sources import grade_id, is_answer
from course.labs.variants import read_variants, variants_file


@dataclass(frozen=True)
class Question:
    """A cell that students answer: its grade id, its title, its text as handed out, and the answers that are known."""

    name: str
    title: str
    is_prose: bool
    stub: str
    known: tuple[str, ...]


@dataclass(frozen=True)
class ClassAnswers:
    """The answers of each student by grade id, without those that are as handed out; and who could not be read, why."""

    answers: Mapping[str, Mapping[str, str]]
    skipped: Mapping[str, str]


def list_questions(course: Course, lab: Lab, released: NotebookNode) -> list[Question]:
    """The cells of a lab that students answer, with the model answer, and the right and wrong ones of its variants."""
    built = as_built(course, lab)
    known = {name: [answer] for name, answer in model_answers(built).items()}
    path = variants_file(course, lab)
    for variant in read_variants(path, built) if path.is_file() else ():
        known.setdefault(variant.task, []).append(variant.answer)
    return [
        Question(
            name := grade_id(cell) or "",
            find_title(released.cells, place, name)[1],
            cell.cell_type == "markdown",
            cell.source,
            tuple(known.get(name, ())),
        )
        for place, cell in enumerate(released.cells)
        if is_answer(cell)
    ]


def read_answers(lab: Lab, folder: Path, released: NotebookNode, questions: Sequence[Question]) -> ClassAnswers:
    """Read what the class has handed in.

    Raises
    ------
    GradingError
        Fewer than two submissions can be read; the message names the others.
    CourseError
        There is no submission.
    """
    stubs = {question.name: question.stub.strip() for question in questions}
    answers, skipped = dict[str, dict[str, str]](), dict[str, str]()
    for submission in require_submissions(folder, lab):
        name = printable(submission.student)
        try:
            notebook = repair(_submitted(submission, lab), released).notebook
        except SubmissionError as error:
            skipped[name] = str(error)
            continue
        sources = {grade_id(cell): cell.source for cell in notebook.cells if is_answer(cell)}
        answers[name] = {
            key: sources[key] for key, stub in stubs.items() if sources.get(key, "").strip() not in ("", stub)
        }
    if len(answers) < 2:
        reasons = "".join(f"\n- {name}: {reason}" for name, reason in skipped.items())
        raise GradingError(
            f"Two submissions are needed to compare them; of {lab.name} {folder / 'submitted'} has "
            f"{len(answers)} that can be read.{reasons}"
        )
    return ClassAnswers(answers, skipped)


def _submitted(submission: Submission, lab: Lab) -> NotebookNode:
    if submission.refused:
        raise SubmissionError(submission.refused)
    inspected = inspect_folder(submission.path.parent, lab.name)
    return read_notebook(inspected.notebook, f"{lab.name}.ipynb")[0]
