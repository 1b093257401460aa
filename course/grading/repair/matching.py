"""Which of a student's cells claim to be which cell of the released lab, and what kinds of cells there are."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from nbformat import NotebookNode

from course.grading.repair.similarity import EDITORS, Text, visible_source
from course.labs.sources import grade_id, is_answer


class MatchReason(StrEnum):
    """What a student's cell was recognised by."""

    GRADE_ID = "nbgrader's id"
    CELL_ID = "its cell id"
    TAG = "its tag"
    TEXT = "its text"
    NAME = "the names it defines"
    LIKENESS = "its likeness"
    NEIGHBOURS = "the cells around it"
    PLACE = "its place"


@dataclass
class Matching:
    """Which of the student's cells claim to be which cell of the lab, by index; several may claim the same one."""

    submitted: Sequence[NotebookNode]
    released: Sequence[NotebookNode]
    claims: dict[int, list[int]] = field(default_factory=dict)
    how: dict[int, MatchReason] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Prepare the texts to compare, the lab's without hidden tests."""
        self.texts = [Text(cell.source) for cell in self.submitted]
        self.lab_texts = [Text(visible_source(cell.source)) for cell in self.released]

    def claim(self, student: int, lab: int, how: MatchReason) -> None:
        """Let a student's cell claim a cell of the lab, and no other one."""
        for claimants in self.claims.values():
            if student in claimants:
                claimants.remove(student)
        self.claims[lab] = sorted([*self.claims.get(lab, []), student])
        self.how[student] = how

    def claimants(self, lab: int) -> list[int]:
        """The student's cells that claim this cell of the lab, in the student's order."""
        return self.claims.get(lab, [])

    def free(self, among: Iterable[int] | None = None) -> list[int]:
        """The student's cells that claim nothing."""
        return [number for number in (range(len(self.submitted)) if among is None else among) if number not in self.how]

    def gap(self, lab: int) -> range:
        """The student's cells between the nearest recognised neighbours of a cell of the lab."""
        earlier = next((self.claims[i][0] for i in range(lab - 1, -1, -1) if self.claimants(i)), -1)
        later = (self.claims[i][0] for i in range(lab + 1, len(self.released)) if self.claimants(i))
        return range(earlier + 1, next(later, len(self.submitted)))


def is_known(cell: NotebookNode) -> bool:
    """Whether nbgrader knows the cell: an answer, a test, or another cell that it locks."""
    marks = cell.metadata.get("nbgrader", {})
    return any(marks.get(key) for key in ("grade", "solution", "locked", "task"))


def is_locked(cell: NotebookNode) -> bool:
    """Whether the cell's text is the lab's, not the student's."""
    return is_known(cell) and not is_answer(cell)


def is_code_answer(cell: NotebookNode) -> bool:
    """Whether the cell is an answer in code."""
    return is_answer(cell) and bool(cell.cell_type == "code")


def is_unchanged(matching: Matching, number: int, lab: int) -> bool:
    """Whether a student's cell has the text of the lab's, but for blank space, which editors change by themselves."""
    return matching.texts[number].dense == matching.lab_texts[lab].dense


def is_of_another_edition(cell: NotebookNode) -> bool:
    """Whether a cell is as it was handed out, by nbgrader's checksum, so that it is the lab that has changed since."""
    from nbgrader.utils import compute_checksum  # takes as long to import as all else that runs submissions

    marks = cell.metadata.get("nbgrader", {})
    if not grade_id(cell) or (marks.get("grade") and not isinstance(marks.get("points"), int | float)):
        return False
    texts = [cell.source, Text(EDITORS.sub("", cell.source)).plain]  # the second without what editors add
    return marks.get("checksum") in [compute_checksum(NotebookNode(cell, source=text)) for text in texts]


def has_own_code(matching: Matching, number: int, lab: int) -> bool:
    """Whether the student defined something in a copy of a locked code cell that the lab does not define there."""
    original = matching.released[lab]
    is_test = is_locked(original) and bool(original.cell_type == "code")
    return is_test and not matching.texts[number].names <= matching.lab_texts[lab].names
