"""The notes on a mended submission, for its student and for the instructor."""

from collections import Counter
from collections.abc import Iterator, Sequence

from nbformat import NotebookNode

from course.grading.repair.matching import (
    How,
    Matching,
    has_own_code,
    is_known,
    is_locked,
    is_of_another_edition,
    is_unchanged,
)
from course.grading.repair.plan import Plan, elsewhere, is_needed, is_setup
from course.inbox.notes import Note, printable
from course.labs.sources import grade_id, is_answer

UNWRITTEN = "nothing is written in any of them"
LAST = "it is the last in which something is written, so the one in effect when the notebook runs from top to bottom"


def remarks(found: Matching, plan: Plan) -> list[Note]:
    """All that was found and done, first about the notebook as a whole, then cell by cell in the lab's order."""
    notes = list(about_all(found, plan))
    for lab, cell in enumerate(found.released):
        if is_answer(cell):
            notes += about_answer(found, plan, lab)
        elif is_locked(cell):
            notes += about_locked(found, plan, lab)
        elif is_setup(found, lab):
            notes += about_setup(found, plan, lab)
    return notes


def about_all(found: Matching, plan: Plan) -> Iterator[Note]:
    """Another lab, lost or changed marks, another order."""
    known = [lab for lab, cell in enumerate(found.released) if is_known(cell)]
    here = [lab for lab in known if lab in plan.chosen]
    if not here:
        yield Note(
            "other-lab",
            "notebook",
            "None of the lab's questions and tests was found. Is it the notebook of another lab?",
            review=True,
        )
        return
    hows = {lab: {found.how[number] for number in found.claimants(lab)} for lab in here}
    lost = Counter(found.how[plan.chosen[lab]] for lab in here if How.GRADE_ID not in hows[lab])
    if lost:
        by = ", ".join(f"{how} ({count})" for how, count in lost.items())
        yield Note(
            "marks-lost",
            "notebook",
            f"{lost.total()} of {len(known)} answers and tests had lost the marks by which they are graded. "
            f"Each was recognised by {by} and is marked again.",
        )
    unknown = [name for n in found.free() if (name := grade_id(found.submitted[n]))]
    if unknown:
        yield Note(
            "unknown-marks",
            "notebook",
            f"{len(unknown)} cells are marked as parts of another lab or version: "
            f"{printable(', '.join(unknown)[:200])}. They are kept as ordinary cells.",
        )
    older = [lab for lab in here if is_older(found, plan, lab)]
    if older:
        names = ", ".join(known_grade_id(found.released[lab]) for lab in older)
        yield Note(
            "other-edition",
            "notebook",
            f"{len(older)} tests are those of another edition of the lab ({names}). They are as the lab has them now.",
        )
    single = [plan.chosen[lab] for lab in range(len(found.released)) if len(found.claimants(lab)) == 1]
    if single != sorted(single):
        yield Note("order", "notebook", "The cells were in another order. They are in the lab's order again.")


def about_answer(found: Matching, plan: Plan, lab: int) -> Iterator[Note]:
    """An answer that is missing, written twice, of another type, or not certain to be the answer."""
    original, where, numbers = found.released[lab], known_grade_id(found.released[lab]), found.claimants(lab)
    if not numbers:
        if there := elsewhere(found, plan, lab):
            text = f"The answer was found in {cell_of(there[0])}, together with something else. It counts from there."
        else:
            text = "This answer was not found. The lab's empty answer cell stands in its place."
        yield Note("answer-missing", where, text, review=True)
        return
    chosen = plan.chosen[lab]
    cell = found.submitted[chosen]
    others = [number for number in numbers if found.texts[number].plain != found.texts[chosen].plain]
    if others:
        rule = UNWRITTEN if found.texts[chosen].is_blank(found.lab_texts[lab]) else LAST
        yield Note(
            "answer-twice",
            where,
            f"There are {1 + len(others)} different cells for this answer. {cell_of(chosen).capitalize()} counts: "
            f"{rule}. Kept before it as ordinary: {cells(others)}.",
            review=True,
        )
    if cell.cell_type != original.cell_type:
        yield Note(
            "answer-retyped",
            where,
            f"The answer's cell had become {cell.cell_type}. It is {original.cell_type} again, with the same text.",
        )
    if found.how[chosen] == How.PLACE:
        yield Note(
            "answer-by-place",
            where,
            f"{cell_of(chosen).capitalize()} was taken for this answer because it stands in its place.",
            review=True,
        )
    if found.how[chosen] == How.NAME:
        below = found.free(range(chosen, len(found.submitted)))
        later = [number for number in below if found.texts[number].defines(found.lab_texts[lab])]
        text = f"{cell_of(chosen).capitalize()} counts, above the test. Below it the same is defined in {cells(later)}."
        if later:
            yield Note("answer-again", where, text, review=True)
    yield from about_marks(found, lab, chosen)


def about_locked(found: Matching, plan: Plan, lab: int) -> Iterator[Note]:
    """A test that is missing, edited, doubled or of another type; all of them are put right."""
    original, where, numbers = found.released[lab], known_grade_id(found.released[lab]), found.claimants(lab)
    kind = "test" if original.metadata["nbgrader"].get("grade") else "locked cell"
    if not numbers:
        yield Note("test-restored", where, f"The {kind} had been deleted. It has been put back.")
        return
    cell = found.submitted[plan.chosen[lab]]
    damages = {
        "edited": any(
            not is_unchanged(found, n, lab) and not is_of_another_edition(found.submitted[n]) for n in numbers
        ),
        "turned into " + cell.cell_type: cell.cell_type != original.cell_type,
    }
    if done := " and ".join(damage for damage, happened in damages.items() if happened):
        yield Note("test-restored", where, f"The {kind} had been {done}. It is there once, as the lab has it.")
    for number in numbers:
        if has_own_code(found, number, lab):
            text = f"Code that was written into the {kind} ({cell_of(number)}) is kept as an ordinary cell before it."
            yield Note("code-in-test", where, text)
    yield from about_marks(found, lab, plan.chosen[lab])


def is_older(found: Matching, plan: Plan, lab: int) -> bool:
    """Whether a locked cell is as another edition of the lab had it."""
    number = plan.chosen[lab]
    other = is_locked(found.released[lab]) and not is_unchanged(found, number, lab)
    return other and is_of_another_edition(found.submitted[number])


def about_marks(found: Matching, lab: int, number: int) -> Iterator[Note]:
    """Points or switches that somebody changed in the file."""
    if grade_id(found.submitted[number]) != grade_id(found.released[lab]):
        return
    original, marks = found.released[lab].metadata["nbgrader"], found.submitted[number].metadata["nbgrader"]
    keys = ("grade", "solution", "locked", "task", "points")
    changed = [key for key in keys if key in marks and marks[key] != original.get(key, False)]
    if changed:
        text = f"What nbgrader notes about this cell had been changed ({', '.join(changed)}). The lab's values count."
        yield Note("marks-changed", known_grade_id(found.released[lab]), text, review=True)


def about_setup(found: Matching, plan: Plan, lab: int) -> Iterator[Note]:
    """A cell that prepares the rest and was deleted or made text."""
    original = found.released[lab]
    where = f"cell “{original.source.strip().splitlines()[0][:50]}”"
    if is_needed(found, plan, lab):
        yield Note("setup-restored", where, "This cell prepares what follows and was missing. It has been put back.")
    elif (cell := found.submitted[plan.chosen[lab]]).cell_type != original.cell_type:
        text = f"This cell prepares what follows and had become {cell.cell_type}. It is {original.cell_type} again."
        yield Note("setup-retyped", where, text)


def known_grade_id(cell: NotebookNode) -> str:
    """The grade id of a cell of the lab."""
    return grade_id(cell) or "cell"


def cells(numbers: Sequence[int]) -> str:
    """Some of a student's cells, as a person counts them."""
    return ", ".join(cell_of(number) for number in numbers[:10]) + (", …" if len(numbers) > 10 else "")


def cell_of(number: int) -> str:
    """A student's cell as a person counts it."""
    return f"cell {number + 1}"
