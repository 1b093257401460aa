"""The short table of platforms, as README.md has it between two marks."""

from collections.abc import Mapping

from benchmarks.page import table
from platforms.results import Found

BEGIN, END = "<!-- platforms: make test-platforms -->\n", "<!-- end of platforms -->\n"
HEADINGS = ("what was tried", "Python", "TensorFlow", "Keras", "outcome", "tried on")


def outcome(result: Found) -> str:
    """What came out for one set: how many trials failed, or why it was skipped."""
    if result.skipped:
        return f"skipped: {result.skipped}"
    passed, failed = sum(trial.passed for trial in result.trials), sum(len(trial.problems) for trial in result.trials)
    return f"{failed} of {passed + failed} failed" if failed else f"all {passed} passed"


def short_table(kept: Mapping[str, Found]) -> str:
    """A row for each set that was tried, as Markdown."""
    rows = [
        (
            *(f"{name}: {result.what}", result.python),
            *(result.versions.get(package) or "–" for package in ("tensorflow", "keras")),
            *(outcome(result), result.day),
        )
        for name, result in sorted(kept.items())
    ]
    return table(HEADINGS, rows, texts=len(HEADINGS))


def with_short_table(text: str, kept: Mapping[str, Found]) -> str:
    """A page with the table between the marks; as it is if it has none, as a course's own README may."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    return "".join([before, BEGIN, "\n", short_table(kept), "\n", END, after]) if begin and end else text
