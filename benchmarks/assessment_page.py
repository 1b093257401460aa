"""docs/assessment-quality.md: how good the labs' tests are, as tables."""

from collections.abc import Iterator, Mapping

from benchmarks import work_minutes
from benchmarks.assessment_counts import GRADED, GradingTime, Kept, MistakeCounts, MutantCounts, SeedCounts
from benchmarks.page import table
from course.authoring.ends import End
from course.authoring.mutant_table import score

WRONG = tuple(end for end in End if end != End.RIGHT)
WRONG_HEADINGS = (*(f"caught by {end.value}" for end in WRONG[:-1]), "not caught")
INTRODUCTION = """\
# How good the tests are

Every test of every task is tested by right answers of several kinds and by typical mistakes (`tests/variants/`): they
are tried again whenever anything has changed from which their outcome follows. Right ones get full marks, and each
mistake loses the points of its task, and of those only that build on it.

What is counted below was counted on the day that stands beside it. Where the day has a star, the lab's code has changed
since, if only in a message of a test.
"""
MISTAKES = """\
## Mistakes

How the tests of these mistakes ended (`python -m benchmarks mistakes`). What a message tells in the visible part,
students are told in the notebook, while they work; the rest of the sentences they read in their feedback.

A bare exception is one in the test, which would have to say in a sentence what is wrong. An error in the answer's own
cell is none of the test's: there the student sees Python's message at the line of the answer, and the test, too, loses
its points.
"""
MUTANTS = """\
## Mutants

Mutants are the measure of what nobody thought of: `make mutants` changes each model answer in one place (a number, an
operator, an activation or a loss, a statement or an argument left out, a layer more, other digits of the lab), and runs
it against the test of its task, at the budget of grading. Where not all were tried, those were drawn by a seed. The
score is the share of mutants that lost the points, of those that are not as right as the model answer; which those are
is listed, with reasons, in `tests/mutants/`. How many right answers and mistakes were declared then stands beside them.
"""
SEEDS = """\
## Seeds

The model answers with other random numbers, at the budget of grading (`python -m benchmarks seeds`): how many runs
there were, and how many tests failed by bad luck.
"""
EFFORT = """\
## Minutes and seconds

How long a lab takes a student (`python -m benchmarks minutes`), and how long a solved submission of it takes to grade
(`python -m benchmarks seconds`): the mean of a class of {students}, on as many cores as there are, from mending to the
end of its kernels.

No class was timed; the minutes are estimates, for somebody who reads with care in a second language: {words} words and
{lines} given lines of code a minute (of the words in hints, every second one), {test:g} minutes for each task with a
test and {answer:g} for each line of its model answer, {written:g} for each written answer. "Going further" is optional
and not counted. Readers who were new to the course, and read the labs of this repository as a student would, estimated
90 to 120, each by rates of their own. What is planned is set in course.toml: set what your class needed.
"""
MARGINS = """\
## Thresholds

Where a test asserts that a number which depends on the seed, or on the clock, is above or below another, this is where
both came nearest in these runs. The margin is the distance, as a share of the larger one. Thresholds for what is the
same in every run are not listed, nor are those of `np.allclose` and of "either … or".
"""
RATES = {
    "words": work_minutes.WORDS_A_MINUTE,
    "lines": work_minutes.LINES_A_MINUTE,
    "test": work_minutes.TEST_MINUTES,
    "answer": work_minutes.ANSWER_LINE_MINUTES,
    "written": work_minutes.WRITTEN_MINUTES,
}
NONE = "Not measured yet.\n"


def page(kept: Kept) -> str:
    """The Markdown of the page, from what is kept."""
    parts = [INTRODUCTION, MISTAKES, *mistake_parts(kept), MUTANTS, *mutant_parts(kept)]
    parts += [SEEDS, *seed_parts(kept)]
    parts += [MARGINS, *margin_parts(kept.seeds)]
    parts += [EFFORT.format(students=GRADED, **RATES), *effort_parts(kept)]
    return "\n".join(parts)


def _day(name: str, counts: MutantCounts | MistakeCounts | SeedCounts | GradingTime, kept: Kept) -> str:
    """The day of a count, with a star if the lab's code is not the same any more."""
    now = kept.minutes.get(name)
    return f"{counts.day}*" if now and now.code != counts.code else counts.day


def mistake_parts(kept: Kept) -> Iterator[str]:
    """The table of declared mistakes, with the share that only hidden tests tell of."""
    rows = [
        (
            *(name, sum(counts.ends.values()), *(counts.ends.get(end.value, 0) for end in WRONG)),
            *(f"{counts.ends.get(End.HIDDEN.value, 0) / sum(counts.ends.values()):.0%}", _day(name, counts, kept)),
        )
        for name, counts in sorted(kept.mistakes.items())
    ]
    yield table(("lab", "mistakes", *WRONG_HEADINGS, "share in the hidden part only", "measured on"), rows)
    if not kept.mistakes:
        yield NONE


def mutant_parts(kept: Kept) -> Iterator[str]:
    """The table of mutants, and which were not caught."""
    headings = (
        "lab",
        "right answers",
        "mistakes",
        "mutants",
        "tried",
        End.RIGHT.value,
        *WRONG_HEADINGS,
        *("score", "measured on"),
    )
    rows = [
        (
            *(name, counts.right, counts.mistakes, counts.of, sum(counts.ends.values())),
            *(counts.ends.get(end.value, 0) for end in (End.RIGHT, *WRONG)),
            *(f"{score(counts.ends):.1%}", _day(name, counts, kept)),
        )
        for name, counts in sorted(kept.mutants.items())
    ]
    yield table(headings, rows)
    if not kept.mutants:
        yield NONE
    listed = [f"- {name}, {text}" for name, counts in sorted(kept.mutants.items()) for text in counts.not_caught]
    if listed:
        yield "Mutants that no test caught:\n"
        yield "\n".join(listed) + "\n"


def seed_parts(kept: Kept) -> Iterator[str]:
    """The table of seeds, and what failed."""
    seeds = sorted(kept.seeds.items())
    rows = [(name, counts.runs, len(counts.failures), _day(name, counts, kept)) for name, counts in seeds]
    yield table(("lab", "runs", "tests failed by bad luck", "measured on"), rows)
    if not seeds:
        yield NONE
    if failures := [f"- {text}" for _, counts in seeds for text in counts.failures]:
        yield "\n".join(failures) + "\n"


def margin_parts(seeds: Mapping[str, SeedCounts]) -> Iterator[str]:
    """The table of thresholds."""
    rows = [
        (
            name,
            one.test,
            f"`{one.text}`".replace("|", "\\|"),
            f"{one.left:.4g}",
            f"{one.right:.4g}",
            f"{one.margin:.1%}",
        )
        for name, counts in sorted(seeds.items())
        for one in counts.nearest or ()
    ]
    yield table(("lab", "test", "comparison", "left", "right", "margin"), rows)
    if not rows:
        yield NONE
    elif missing := [name for name, counts in sorted(seeds.items()) if counts.nearest is None]:
        yield f"Not noted yet of {', '.join(missing)}.\n"


def effort_parts(kept: Kept) -> Iterator[str]:
    """The table of minutes and seconds."""
    rows = [
        (
            name,
            *((one.tasks, one.estimated, one.planned) if (one := kept.minutes.get(name)) else ("", "", "")),
            *((f"{timed.seconds:.1f}", _day(name, timed, kept)) if (timed := kept.grading.get(name)) else ("", "")),
        )
        for name in sorted({**kept.minutes, **kept.grading})
    ]
    yield table(("lab", "tasks", "minutes estimated", "minutes planned", "seconds to grade", "measured on"), rows)
    if not rows:
        yield NONE
