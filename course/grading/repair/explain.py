"""The notes on a mended submission, for its student and for the instructor."""

from collections import Counter
from collections.abc import Iterator, Sequence

from nbformat import NotebookNode

from course.grading.repair.matching import (
    Matching,
    MatchReason,
    has_own_code,
    is_known,
    is_locked,
    is_of_another_edition,
    is_unchanged,
)
from course.grading.repair.plan import Plan, find_elsewhere, is_needed, is_setup
from course.inbox.notes import Note, printable
from course.labs.sources import grade_id, is_answer

UNWRITTEN = "nothing is written in any of them"
_LAST = "it is the last in which something is written, so the one in effect when the notebook runs from top to bottom"


def repair_notes(matching: Matching, plan: Plan) -> list[Note]:
    """All that was found and done, first about the notebook as a whole, then cell by cell in the lab's order."""
    notes = list(notebook_notes(matching, plan))
    for lab, cell in enumerate(matching.released):
        if is_answer(cell):
            notes += answer_notes(matching, plan, lab)
        elif is_locked(cell):
            notes += locked_notes(matching, plan, lab)
        elif is_setup(matching, lab):
            notes += setup_notes(matching, plan, lab)
    return notes


def notebook_notes(matching: Matching, plan: Plan) -> Iterator[Note]:
    """Another lab, lost or changed marks, another order."""
    known = [lab for lab, cell in enumerate(matching.released) if is_known(cell)]
    recognised = [lab for lab in known if lab in plan.chosen]
    if not recognised:
        yield Note(
            "other-lab",
            "notebook",
            "None of the lab's questions and tests was found. Is it the notebook of another lab?",
            review=True,
        )
        return
    reasons = {lab: {matching.how[number] for number in matching.claimants(lab)} for lab in recognised}
    lost = Counter(matching.how[plan.chosen[lab]] for lab in recognised if MatchReason.GRADE_ID not in reasons[lab])
    if lost:
        by = ", ".join(f"{reason} ({count})" for reason, count in lost.items())
        yield Note(
            "marks-lost",
            "notebook",
            f"{lost.total()} of {len(known)} answers and tests had lost the marks by which they are graded. "
            f"Each was recognised by {by} and is marked again.",
        )
    unknown = [name for number in matching.free() if (name := grade_id(matching.submitted[number]))]
    if unknown:
        yield Note(
            "unknown-marks",
            "notebook",
            f"{len(unknown)} cells are marked as parts of another lab or version: "
            f"{printable(', '.join(unknown)[:200])}. They are kept as ordinary cells.",
        )
    older = [lab for lab in recognised if is_older(matching, plan, lab)]
    if older:
        names = ", ".join(known_grade_id(matching.released[lab]) for lab in older)
        yield Note(
            "other-edition",
            "notebook",
            f"{len(older)} tests are those of another edition of the lab ({names}). They are as the lab has them now.",
        )
    single = [plan.chosen[lab] for lab in range(len(matching.released)) if len(matching.claimants(lab)) == 1]
    if single != sorted(single):
        yield Note("order", "notebook", "The cells were in another order. They are in the lab's order again.")


def answer_notes(matching: Matching, plan: Plan, lab: int) -> Iterator[Note]:
    """An answer that is missing, written twice, of another type, or not certain to be the answer."""
    original, where, numbers = matching.released[lab], known_grade_id(matching.released[lab]), matching.claimants(lab)
    if not numbers:
        if other := find_elsewhere(matching, plan, lab):
            text = f"The answer was found in {cell_text(other[0])}, together with something else. It counts from there."
        else:
            text = "This answer was not found. The lab's empty answer cell stands in its place."
        yield Note("answer-missing", where, text, review=True)
        return
    chosen = plan.chosen[lab]
    cell = matching.submitted[chosen]
    others = [number for number in numbers if matching.texts[number].plain != matching.texts[chosen].plain]
    if others:
        rule = UNWRITTEN if matching.texts[chosen].is_blank(matching.lab_texts[lab]) else _LAST
        yield Note(
            "answer-twice",
            where,
            f"There are {1 + len(others)} different cells for this answer. {cell_text(chosen).capitalize()} counts: "
            f"{rule}. Kept before it as ordinary: {cell_list(others)}.",
            review=True,
        )
    if cell.cell_type != original.cell_type:
        yield Note(
            "answer-retyped",
            where,
            f"The answer's cell had become {cell.cell_type}. It is {original.cell_type} again, with the same text.",
        )
    if matching.how[chosen] == MatchReason.PLACE:
        yield Note(
            "answer-by-place",
            where,
            f"{cell_text(chosen).capitalize()} was taken for this answer because it stands in its place.",
            review=True,
        )
    if matching.how[chosen] == MatchReason.NAME:
        below = matching.free(range(chosen, len(matching.submitted)))
        later = [number for number in below if matching.texts[number].defines(matching.lab_texts[lab])]
        counts = f"{cell_text(chosen).capitalize()} counts, above the test."
        text = f"{counts} Below it the same is defined in {cell_list(later)}."
        if later:
            yield Note("answer-again", where, text, review=True)
    yield from marks_notes(matching, lab, chosen)


def locked_notes(matching: Matching, plan: Plan, lab: int) -> Iterator[Note]:
    """A test that is missing, edited, doubled or of another type; all of them are put right."""
    original, where, numbers = matching.released[lab], known_grade_id(matching.released[lab]), matching.claimants(lab)
    kind = "test" if original.metadata["nbgrader"].get("grade") else "locked cell"
    if not numbers:
        yield Note("test-restored", where, f"The {kind} had been deleted. It has been put back.")
        return
    cell = matching.submitted[plan.chosen[lab]]
    damages = {
        "edited": any(
            not is_unchanged(matching, number, lab) and not is_of_another_edition(matching.submitted[number])
            for number in numbers
        ),
        "turned into " + cell.cell_type: cell.cell_type != original.cell_type,
    }
    if damage_text := " and ".join(damage for damage, happened in damages.items() if happened):
        yield Note("test-restored", where, f"The {kind} had been {damage_text}. It is there once, as the lab has it.")
    for number in numbers:
        if has_own_code(matching, number, lab):
            text = f"Code that was written into the {kind} ({cell_text(number)}) is kept as an ordinary cell before it."
            yield Note("code-in-test", where, text)
    yield from marks_notes(matching, lab, plan.chosen[lab])


def is_older(matching: Matching, plan: Plan, lab: int) -> bool:
    """Whether a locked cell is as another edition of the lab had it."""
    number = plan.chosen[lab]
    is_edited = is_locked(matching.released[lab]) and not is_unchanged(matching, number, lab)
    return is_edited and is_of_another_edition(matching.submitted[number])


def marks_notes(matching: Matching, lab: int, number: int) -> Iterator[Note]:
    """Points or switches that somebody changed in the file."""
    if grade_id(matching.submitted[number]) != grade_id(matching.released[lab]):
        return
    original, marks = matching.released[lab].metadata["nbgrader"], matching.submitted[number].metadata["nbgrader"]
    keys = ("grade", "solution", "locked", "task", "points")
    changed = [key for key in keys if key in marks and marks[key] != original.get(key, False)]
    if changed:
        text = f"What nbgrader notes about this cell had been changed ({', '.join(changed)}). The lab's values count."
        yield Note("marks-changed", known_grade_id(matching.released[lab]), text, review=True)


def setup_notes(matching: Matching, plan: Plan, lab: int) -> Iterator[Note]:
    """A cell that prepares the rest and was deleted or made text."""
    original = matching.released[lab]
    where = f"cell “{original.source.strip().splitlines()[0][:50]}”"
    if is_needed(matching, plan, lab):
        yield Note("setup-restored", where, "This cell prepares what follows and was missing. It has been put back.")
    elif (cell := matching.submitted[plan.chosen[lab]]).cell_type != original.cell_type:
        text = f"This cell prepares what follows and had become {cell.cell_type}. It is {original.cell_type} again."
        yield Note("setup-retyped", where, text)


def known_grade_id(cell: NotebookNode) -> str:
    """The grade id of a cell of the lab."""
    return grade_id(cell) or "cell"


def cell_list(numbers: Sequence[int]) -> str:
    """Some of a student's cells, as a person counts them."""
    return ", ".join(cell_text(number) for number in numbers[:10]) + (", …" if len(numbers) > 10 else "")


def cell_text(number: int) -> str:
    """A student's cell as a person counts it."""
    return f"cell {number + 1}"
