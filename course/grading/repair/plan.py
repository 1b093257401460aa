"""Deciding where each of a student's cells goes, once it is known what they claim to be."""

from collections import defaultdict
from dataclasses import dataclass, field

from nbformat import NotebookNode

from course.grading.repair.matching import Matching, has_own_code, is_code_answer, is_known, is_locked, is_unchanged
from course.labs.sources import is_answer

TOP = -1


@dataclass(frozen=True)
class Plan:
    """Where the student's cells go, by index; the lab's cells are counted by index too.

    `chosen` says which of the student's cells fills a cell of the lab. `before` and `after` hold those that stay
    ordinary cells, around the cell of the lab that they claimed or followed (`TOP`: above all).
    """

    chosen: dict[int, int]
    before: defaultdict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    after: defaultdict[int, list[int]] = field(default_factory=lambda: defaultdict(list))


def make_plan(matching: Matching) -> Plan:
    """Choose among the cells that claim the same one, and keep all others where they belong.

    A cell that claims nothing stays behind the cell that it followed. Of several answers to one question those that do
    not count come directly before the one that does, with what stood behind them.
    """
    plan = Plan({lab: choose_cell(matching, lab) for lab, numbers in matching.claims.items() if numbers})
    claimed = {number: lab for lab, numbers in matching.claims.items() for number in numbers}
    place = plan.after[TOP]
    for number in range(len(matching.submitted)):
        lab = claimed.get(number)
        if lab is None:
            place.append(number)
            continue
        chosen = plan.chosen[lab]
        if number != chosen and is_answer(matching.released[lab]):
            plan.before[lab].append(number)
            place = plan.before[lab] if number < chosen else place
            continue
        if has_own_code(matching, number, lab):
            plan.before[lab].append(number)
        place = plan.after[lab] if number == chosen else place
    return plan


def choose_cell(matching: Matching, lab: int) -> int:
    """The cell that counts: of answers the last in which something is written, of tests the first that is unchanged."""
    numbers = matching.claimants(lab)
    if is_locked(matching.released[lab]):
        return next((number for number in numbers if is_unchanged(matching, number, lab)), numbers[0])
    written = [number for number in numbers if not matching.texts[number].is_blank(matching.lab_texts[lab])]
    return (written or numbers)[-1]


def find_elsewhere(matching: Matching, plan: Plan, lab: int) -> tuple[int, int] | None:
    """A cell in which a missing answer stands together with something else, and the cell of the lab it belongs to."""
    if not is_code_answer(matching.released[lab]):
        return None
    released = matching.released
    places = {number: other_lab for other_lab, number in plan.chosen.items() if not is_locked(released[other_lab])}
    for slots in (plan.before, plan.after):
        places |= {number: other_lab for other_lab, numbers in slots.items() for number in numbers}
    for number, other_lab in sorted(places.items(), key=lambda place: place[1]):
        unchanged = other_lab != TOP and is_unchanged(matching, number, other_lab)
        is_code = matching.submitted[number].cell_type == "code"
        if is_code and not unchanged and matching.texts[number].defines(matching.lab_texts[lab]) == 1:
            return number, other_lab
    return None


def is_needed(matching: Matching, plan: Plan, lab: int) -> bool:
    """Whether a cell that nbgrader does not know must be put back: what follows needs it and it is not there."""
    return is_setup(matching, lab) and not (lab in plan.chosen and matching.texts[plan.chosen[lab]].plain)


def is_setup(matching: Matching, lab: int) -> bool:
    """Whether the cell prepares what follows: the parameters, and code above the first answer."""
    cell = matching.released[lab]
    first = next((number for number, other in enumerate(matching.released) if is_answer(other)), len(matching.released))
    above = cell.cell_type == "code" and lab < first
    return not is_known(cell) and (above or has_parameters(cell))


def has_parameters(cell: NotebookNode) -> bool:
    """Whether the cell is the one tagged "parameters"."""
    return "parameters" in cell.metadata.get("tags", [])
