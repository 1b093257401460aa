"""Recognising the released lab's cells in a submission, whatever a student or an editor did to them.

What is certain comes first: nbgrader's ids, then cell ids, then the text, then the names that a cell defines, and only
at the end likeness and place.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence

from nbformat import NotebookNode

from course.grading.repair.matching import How, Matching, has_own_code, is_code_answer, is_known, is_locked
from course.labs.sources import grade_id, is_answer

ALIKE = 0.6  # share of common words from which an edited cell is taken for the same one


def match(submitted: Sequence[NotebookNode], released: Sequence[NotebookNode]) -> Matching:
    """Recognise the lab's cells in the student's."""
    found = Matching(submitted, released)
    by_key(found, How.GRADE_ID, grade_id)
    by_key(found, How.CELL_ID, lambda cell: cell.get("id"))
    straighten(found)
    by_tag(found)
    by_text(found)
    by_name(found)
    by_likeness(found)
    by_place(found)
    return found


def by_key(found: Matching, how: How, key: Callable[[NotebookNode], str | None]) -> None:
    """Every free cell with an id of the lab claims the cell that has it there."""
    labs = {key(cell): number for number, cell in enumerate(found.released) if key(cell)}
    for number in found.free():
        if (wanted := key(found.submitted[number])) in labs:
            found.claim(number, labs[wanted], how)


def straighten(found: Matching) -> None:
    """An answer with the id of another question, whose functions it does not define, goes to the one it does answer.

    In the place that its id says it would come too late for its own test.
    """
    questions = [lab for lab, cell in enumerate(found.released) if is_code_answer(cell)]
    defines = {lab: found.lab_texts[lab] for lab in questions}
    for wrong in questions:
        for number in found.claimants(wrong)[:]:
            text = found.texts[number]
            fits = [lab for lab in questions if text.defines(defines[lab]) == 1]
            if len(fits) != 1 or text.defines(defines[wrong]):
                continue
            if not any(found.texts[other].defines(defines[fits[0]]) for other in found.claimants(fits[0])):
                found.claim(number, fits[0], How.NAME)


def by_tag(found: Matching) -> None:
    """A cell that only one cell of the lab could be by its tag, such as "parameters", is that cell."""
    tags = Counter(tag for cell in found.released for tag in cell.metadata.get("tags", []))
    for lab, cell in enumerate(found.released):
        wanted = {tag for tag in cell.metadata.get("tags", []) if tags[tag] == 1}
        if not wanted or found.claimants(lab):
            continue
        tagged = [number for number in found.free() if wanted & set(found.submitted[number].metadata.get("tags", []))]
        if tagged:
            found.claim(tagged[-1], lab, How.TAG)


def by_text(found: Matching) -> None:
    """A cell with the very text of a cell of the lab is that cell; answers are left to the other rules."""
    times = Counter(text.plain for text in found.lab_texts)
    labs = {text.plain: lab for lab, text in enumerate(found.lab_texts) if not is_answer(found.released[lab])}
    for number in found.free():
        text = found.texts[number].plain
        if text and times[text] == 1 and text in labs and not found.claimants(labs[text]):
            found.claim(number, labs[text], How.TEXT)


def by_name(found: Matching) -> None:
    """A cell that defines what an unanswered question asks for is the answer, if it is in effect when the test runs.

    So of several cells those above the test count. An answer that was merged with its test cell is found here too.
    """
    questions = [lab for lab, cell in enumerate(found.released) if is_code_answer(cell) and is_open(found, lab)]
    wanting: defaultdict[int, list[int]] = defaultdict(list)
    for number in sorted([*found.free(), *edited_tests(found)]):
        shares = {lab: found.texts[number].defines(found.lab_texts[lab]) for lab in questions}
        fits = {lab: share for lab, share in shares.items() if share}
        if fits:
            wanting[max(fits, key=lambda lab: fits[lab])].append(number)
    for lab, numbers in wanting.items():
        code = [number for number in numbers if found.submitted[number].cell_type == "code"]
        chosen = code or [number for number in numbers if "```" not in found.texts[number].source]
        test = place_of_test(found, lab)
        in_effect = [number for number in chosen if number <= test]
        for number in in_effect or ([] if found.claimants(lab) else chosen):
            found.claim(number, lab, How.NAME)


def by_likeness(found: Matching) -> None:
    """An edited cell that stands where it should and shares most words with a cell of the lab is that cell."""
    for lab, cell in enumerate(found.released):
        if is_answer(cell) or found.claimants(lab):
            continue
        same_type = [n for n in found.free(found.gap(lab)) if found.submitted[n].cell_type == cell.cell_type]
        likeness = {number: found.texts[number].likeness(found.lab_texts[lab]) for number in same_type}
        best = max(likeness, key=lambda number: likeness[number], default=None)
        if best is not None and likeness[best] >= ALIKE:
            found.claim(best, lab, How.LIKENESS)


def by_place(found: Matching) -> None:
    """What stands where an answer should be is the answer: the code most like the question, the longest text.

    In the notebook of another lab, where no question and hardly anything else was recognised, no place says anything.
    """
    recognised = [lab for lab in range(len(found.released)) if found.claimants(lab)]
    if len(recognised) < len(found.released) / 4 and not any(is_known(found.released[lab]) for lab in recognised):
        return
    for lab, cell in enumerate(found.released):
        if not is_answer(cell) or found.claimants(lab):
            continue
        around = [number for number in found.free(found.gap(lab)) if found.texts[number].plain]
        fitting = [number for number in around if found.submitted[number].cell_type == cell.cell_type]
        if not fitting:
            continue
        likeness = {number: found.texts[number].likeness(found.lab_texts[lab]) for number in fitting}
        length = {number: len(found.texts[number].plain) for number in fitting}
        rank = likeness if cell.cell_type == "code" else length
        how = How.NEIGHBOURS if len(found.gap(lab)) == 1 and has_neighbours(found, lab) else How.PLACE
        found.claim(max(fitting, key=lambda number: (rank[number], number)), lab, how)


def has_neighbours(found: Matching, lab: int) -> bool:
    """Whether the lab's cells before and after this one were recognised."""
    return all(found.claimants(near) for near in (lab - 1, lab + 1) if 0 <= near < len(found.released))


def is_open(found: Matching, lab: int) -> bool:
    """Whether no cell with anything written in it claims the answer."""
    return all(found.texts[number].is_blank(found.lab_texts[lab]) for number in found.claimants(lab))


def place_of_test(found: Matching, lab: int) -> int:
    """Where the student's copy of the test of an answer stands, or the end."""
    test = next((n for n in range(lab + 1, len(found.released)) if is_locked(found.released[n])), None)
    claimants = [] if test is None else found.claimants(test)
    return claimants[0] if claimants else len(found.submitted)


def edited_tests(found: Matching) -> list[int]:
    """The student's copies of tests in which they wrote code of their own."""
    return [n for lab, numbers in found.claims.items() for n in numbers if has_own_code(found, n, lab)]
