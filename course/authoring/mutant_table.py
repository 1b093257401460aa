"""How mutants ended, lab by lab, as a table."""

from collections import Counter
from collections.abc import Mapping, Sequence

from rich.table import Table

from course.authoring.ends import End
from course.authoring.try_mutants import Tried


def score(ends: Mapping[str, int]) -> float:
    """The share of mutants that are caught, of those that are not as right as the answer, from how many ended how.

    It is 1 if there are none.
    """
    wrong = sum(ends.values()) - ends.get(End.RIGHT, 0)
    return 1 - ends.get(End.NOT, 0) / wrong if wrong else 1.0


def mutant_table(tried: Mapping[str, Sequence[Tried]]) -> Table:
    """A row for each lab: how many mutants ended in which way, and the score of its tests."""
    view = Table(title="Mutants of the model answers", title_justify="left")
    for heading in ("lab", "mutants", *(end.value for end in End), "score"):
        view.add_column(heading, justify="left" if heading == "lab" else "right")
    for name, found in tried.items():
        ends = Counter(one.end.value for one in found)
        view.add_row(name, str(len(found)), *(str(ends[end]) for end in End), f"{score(ends):.1%}")
    return view
