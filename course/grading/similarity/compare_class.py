"""All answers of a class compared: each task by itself, then the pairs of students over all tasks."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nbformat import NotebookNode

from course.grading.similarity.fingerprints import Fingerprint, answer_tokens, bits_by_fingerprint, token_runs
from course.grading.similarity.likeness import TaskLikeness, compare_answers
from course.grading.similarity.read_answers import Question
from course.grading.similarity.surprise import AlikePair, rank_pairs

CODE_IN_TEXT = re.compile(r"^[ \t]*(?:```|~~~)[^\n]*\n(.*?)^[ \t]*(?:```|~~~)", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class ComparedTask:
    """One question: what each fingerprint says, and how alike the answers are, by places in the class."""

    question: Question
    weights: Mapping[Fingerprint, float]
    likeness: TaskLikeness


@dataclass(frozen=True)
class Comparison:
    """A class compared: the students, the tasks, and the most surprising pairs, the most surprising first."""

    students: tuple[str, ...]
    tasks: tuple[ComparedTask, ...]
    pairs: tuple[AlikePair, ...]


def compare_class(
    answers: Mapping[str, Mapping[str, str]], questions: Sequence[Question], released: NotebookNode, max_pairs: int
) -> Comparison:
    """Compare the answers of at least two students, by name and grade id; `max_pairs` is how many pairs are wanted."""
    students = tuple(answers)
    handed_out = {is_prose: handed_out_runs(released, is_prose) for is_prose in (False, True)}
    tasks = tuple(
        compare_task(
            question, [answers[name].get(question.name, "") for name in students], handed_out[question.is_prose]
        )
        for question in questions
    )
    return Comparison(students, tasks, tuple(rank_pairs([task.likeness for task in tasks], max_pairs)))


def compare_task(question: Question, answers: Sequence[str], handed_out: set[Fingerprint]) -> ComparedTask:
    """Compare the answers to one question; empty is who has not answered."""
    runs = [token_runs(answer_tokens(source, question.is_prose)) for source in (*answers, *question.known)]
    weights = bits_by_fingerprint([one for one in runs if one], handed_out)
    return ComparedTask(question, weights, compare_answers(runs, len(answers), weights))


def handed_out_runs(released: NotebookNode, is_prose: bool) -> set[Fingerprint]:
    """The fingerprints of the lab as students got it: of its texts, or of its code with that in hints."""
    texts = [cell.source for cell in released.cells if cell.cell_type == "markdown"]
    if is_prose:
        return {run for text in texts for run in token_runs(answer_tokens(text, is_prose=True))}
    code = [cell.source for cell in released.cells if cell.cell_type == "code"]
    code += [example for text in texts for example in CODE_IN_TEXT.findall(text)]
    return {run for source in code for run in token_runs(answer_tokens(source, is_prose=False))}
