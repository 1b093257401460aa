"""How mutants ended, lab by lab, as a table."""

from collections import Counter
from collections.abc import Mapping, Sequence

from rich.table import Table

from course.authoring.try_mutants import End, Tried


def score(tried: Sequence[Tried]) -> float:
    """The share of mutants that are caught, of those that are not as right as the answer; 1 if there are none."""
    ends = Counter(one.end for one in tried)
    wrong = len(tried) - ends[End.RIGHT]
    return 1 - ends[End.NOT] / wrong if wrong else 1.0


def mutant_table(tried: Mapping[str, Sequence[Tried]]) -> Table:
    """A row for each lab: how many mutants ended in which way, and the score of its tests."""
    view = Table(title="Mutants of the model answers", title_justify="left")
    for heading in ("lab", "mutants", *(end.value for end in End), "score"):
        view.add_column(heading, justify="left" if heading == "lab" else "right")
    for name, found in tried.items():
        ends = Counter(one.end for one in found)
        view.add_row(name, str(len(found)), *(str(ends[end]) for end in End), f"{score(found):.1%}")
    return view
