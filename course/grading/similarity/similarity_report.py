"""The pairs of a lab whose answers are alike: the page, and the table beside it."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from course.config import Course, Lab
from course.grading.feedback.titles import lab_title
from course.grading.report.lab_report import REPORTS
from course.grading.report.order import draw_pseudonyms
from course.grading.report.read_class import released_lab
from course.grading.report.write_tables import write_csv
from course.grading.similarity.compare_class import Comparison, compare_class
from course.grading.similarity.options import SimilarityOptions
from course.grading.similarity.pair_view import view_pair
from course.grading.similarity.read_answers import ClassAnswers, list_questions, read_answers
from course.grading.similarity.similarity_page import SimilarityPage, similarity_html
from course.grading.similarity.surprise import AlikePair
from course.text.files import write_whole
from course.text.times import time_text

SIMILAR, TABLE = "similar.html", "similar.csv"
MOST_ROWS = 1_000  # pairs in the table
PAIRS = ("rank", "first", "second", "surprising", "expected", "bits")
SHOWN = "For instructors alone: it shows answers of students. Likeness is no proof of anything."


def write_similarity(course: Course, lab: Lab, folder: Path, options: SimilarityOptions) -> tuple[Path, list[str]]:
    """Write FOLDER/reports/LAB/similar.html and similar.csv; return the page's path and what to look at, a line each.

    Raises
    ------
    BuildError, EditionError
        The lab is not built.
    GradingError
        Fewer than two submissions can be read.
    CourseError
        There is no submission.
    """
    released = released_lab(course, lab)
    questions = list_questions(course, lab, released)
    read = read_answers(lab, folder, released, questions)
    comparison = compare_class(read.answers, questions, released, max(MOST_ROWS, options.most_pairs))
    names = {name: name for name in (*read.answers, *read.skipped)}
    if options.pseudonyms:
        names = draw_pseudonyms(names)
    place = folder / REPORTS / lab.name
    place.mkdir(parents=True, exist_ok=True)
    title = f"{lab_title(released.cells) or lab.name}: answers that are alike"
    page = similarity_page(title, subtitle_text(course, lab, options), comparison, read, names, options)
    write_whole(place / SIMILAR, similarity_html(page))
    write_pairs_table(place / TABLE, comparison, names)
    surprising = [pair for pair in comparison.pairs if pair.is_surprising]
    lines = [pair_line(pair, comparison, names) for pair in surprising[: options.most_pairs]]
    return place / SIMILAR, [*lines, *(f"not compared: {names[name]}" for name in read.skipped)]


def similarity_page(
    title: str,
    subtitle: str,
    comparison: Comparison,
    read: ClassAnswers,
    names: Mapping[str, str],
    options: SimilarityOptions,
) -> SimilarityPage:
    """The page, with as many pairs as wanted."""
    shown = comparison.pairs[: options.most_pairs]
    return SimilarityPage(
        title=title,
        subtitle=subtitle,
        students=len(comparison.students),
        surprising=sum(pair.is_surprising for pair in comparison.pairs),
        pairs=[view_pair(number, pair, comparison, read.answers, names) for number, pair in enumerate(shown, 1)],
        skipped={names[name]: reason for name, reason in read.skipped.items()},
    )


def subtitle_text(course: Course, lab: Lab, options: SimilarityOptions) -> str:
    """What the page is about, whose names it shows, and when it was made."""
    made = (
        f"{course.title}, {lab.name}. Made {time_text(datetime.now(UTC), course.zone)} from what was handed in by then."
    )
    shown = "Names are pseudonyms; what students wrote is shown as it is. " if options.pseudonyms else ""
    return f"{made} {shown}{SHOWN}"


def pair_line(pair: AlikePair, comparison: Comparison, names: Mapping[str, str]) -> str:
    """A pair in one line."""
    first, second = (names[comparison.students[place]] for place in (pair.first, pair.second))
    return f"{first} and {second}: {pair.expected:.1g} such pairs are to be expected by chance"


def write_pairs_table(path: Path, comparison: Comparison, names: Mapping[str, str]) -> None:
    """One row a pair: the columns above, then the share in common of each task by its grade id."""
    rows = [
        (
            rank,
            names[comparison.students[pair.first]],
            names[comparison.students[pair.second]],
            "yes" if pair.is_surprising else "no",
            pair.expected,
            pair.bits,
            *(float(task.likeness.common[pair.first, pair.second]) for task in comparison.tasks),
        )
        for rank, pair in enumerate(comparison.pairs[:MOST_ROWS], 1)
    ]
    write_csv(path, (*PAIRS, *(task.question.name for task in comparison.tasks)), rows)
