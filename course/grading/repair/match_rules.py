"""Recognising the released lab's cells in a submission, whatever a student or an editor did to them.

What is certain comes first: nbgrader's ids, then cell ids, then the text, then the names that a cell defines, and only
at the end likeness and place.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence

from nbformat import NotebookNode

from course.grading.repair.matching import Matching, MatchReason, has_own_code, is_code_answer, is_known, is_locked
from course.labs.sources import grade_id, is_answer

MIN_LIKENESS = 0.6  # share of common words from which an edited cell is taken for the same one


def match_cells(submitted: Sequence[NotebookNode], released: Sequence[NotebookNode]) -> Matching:
    """Recognise the lab's cells in the student's."""
    matching = Matching(submitted, released)
    by_key(matching, MatchReason.GRADE_ID, grade_id)
    by_key(matching, MatchReason.CELL_ID, lambda cell: cell.get("id"))
    reassign_answers(matching)
    by_tag(matching)
    by_text(matching)
    by_name(matching)
    by_likeness(matching)
    by_place(matching)
    return matching


def by_key(matching: Matching, how: MatchReason, key: Callable[[NotebookNode], str | None]) -> None:
    """Every free cell with an id of the lab claims the cell that has it there."""
    lab_cells = {key(cell): number for number, cell in enumerate(matching.released) if key(cell)}
    for number in matching.free():
        if (cell_key := key(matching.submitted[number])) in lab_cells:
            matching.claim(number, lab_cells[cell_key], how)


def reassign_answers(matching: Matching) -> None:
    """An answer with the id of another question, whose functions it does not define, claims the question it answers.

    In the place that its id names it would come too late for its own test.
    """
    questions = [lab for lab, cell in enumerate(matching.released) if is_code_answer(cell)]
    stubs = {lab: matching.lab_texts[lab] for lab in questions}
    for claimed in questions:
        for number in matching.claimants(claimed)[:]:
            text = matching.texts[number]
            answered = [lab for lab in questions if text.defines(stubs[lab]) == 1]
            if len(answered) != 1 or text.defines(stubs[claimed]):
                continue
            if not any(matching.texts[other].defines(stubs[answered[0]]) for other in matching.claimants(answered[0])):
                matching.claim(number, answered[0], MatchReason.NAME)


def by_tag(matching: Matching) -> None:
    """A cell that only one cell of the lab could be by its tag, such as "parameters", is that cell."""
    tags = Counter(tag for cell in matching.released for tag in cell.metadata.get("tags", []))
    for lab, cell in enumerate(matching.released):
        unique_tags = {tag for tag in cell.metadata.get("tags", []) if tags[tag] == 1}
        if not unique_tags or matching.claimants(lab):
            continue
        tagged = [
            number
            for number in matching.free()
            if unique_tags & set(matching.submitted[number].metadata.get("tags", []))
        ]
        if tagged:
            matching.claim(tagged[-1], lab, MatchReason.TAG)


def by_text(matching: Matching) -> None:
    """A cell with the very text of a cell of the lab is that cell; answers are left to the other rules."""
    times = Counter(text.plain for text in matching.lab_texts)
    labs = {text.plain: lab for lab, text in enumerate(matching.lab_texts) if not is_answer(matching.released[lab])}
    for number in matching.free():
        text = matching.texts[number].plain
        if text and times[text] == 1 and text in labs and not matching.claimants(labs[text]):
            matching.claim(number, labs[text], MatchReason.TEXT)


def by_name(matching: Matching) -> None:
    """A cell that defines what an unanswered question asks for is the answer, if it is in effect when the test runs.

    So of several cells those above the test count. An answer that was merged with its test cell is found here too.
    """
    questions = [lab for lab, cell in enumerate(matching.released) if is_code_answer(cell) and is_open(matching, lab)]
    candidates: defaultdict[int, list[int]] = defaultdict(list)
    for number in sorted([*matching.free(), *edited_tests(matching)]):
        shares = {lab: matching.texts[number].defines(matching.lab_texts[lab]) for lab in questions}
        fits = {lab: share for lab, share in shares.items() if share}
        if fits:
            candidates[max(fits, key=lambda lab: fits[lab])].append(number)
    for lab, numbers in candidates.items():
        code = [number for number in numbers if matching.submitted[number].cell_type == "code"]
        chosen = code or [number for number in numbers if "```" not in matching.texts[number].source]
        test = place_of_test(matching, lab)
        in_effect = [number for number in chosen if number <= test]
        for number in in_effect or ([] if matching.claimants(lab) else chosen):
            matching.claim(number, lab, MatchReason.NAME)


def by_likeness(matching: Matching) -> None:
    """An edited cell that stands where it should and shares most words with a cell of the lab is that cell."""
    for lab, cell in enumerate(matching.released):
        if is_answer(cell) or matching.claimants(lab):
            continue
        same_type = [
            number
            for number in matching.free(matching.gap(lab))
            if matching.submitted[number].cell_type == cell.cell_type
        ]
        likeness = {number: matching.texts[number].likeness(matching.lab_texts[lab]) for number in same_type}
        best = max(likeness, key=lambda number: likeness[number], default=None)
        if best is not None and likeness[best] >= MIN_LIKENESS:
            matching.claim(best, lab, MatchReason.LIKENESS)


def by_place(matching: Matching) -> None:
    """What stands where an answer should be is the answer: the code most like the question, the longest text.

    In the notebook of another lab, where no question and hardly anything else was recognised, no place says anything.
    """
    recognised = [lab for lab in range(len(matching.released)) if matching.claimants(lab)]
    if len(recognised) < len(matching.released) / 4 and not any(is_known(matching.released[lab]) for lab in recognised):
        return
    for lab, cell in enumerate(matching.released):
        if not is_answer(cell) or matching.claimants(lab):
            continue
        around = [number for number in matching.free(matching.gap(lab)) if matching.texts[number].plain]
        fitting = [number for number in around if matching.submitted[number].cell_type == cell.cell_type]
        if not fitting:
            continue
        likeness = {number: matching.texts[number].likeness(matching.lab_texts[lab]) for number in fitting}
        length = {number: len(matching.texts[number].plain) for number in fitting}
        rank = likeness if cell.cell_type == "code" else length
        fits_exactly = len(matching.gap(lab)) == 1 and has_neighbours(matching, lab)
        how = MatchReason.NEIGHBOURS if fits_exactly else MatchReason.PLACE
        matching.claim(max(fitting, key=lambda number: (rank[number], number)), lab, how)


def has_neighbours(matching: Matching, lab: int) -> bool:
    """Whether the lab's cells before and after this one were recognised."""
    return all(matching.claimants(near) for near in (lab - 1, lab + 1) if 0 <= near < len(matching.released))


def is_open(matching: Matching, lab: int) -> bool:
    """Whether no cell with anything written in it claims the answer."""
    return all(matching.texts[number].is_blank(matching.lab_texts[lab]) for number in matching.claimants(lab))


def place_of_test(matching: Matching, lab: int) -> int:
    """Where the student's copy of the test of an answer stands, or the end."""
    later = range(lab + 1, len(matching.released))
    test = next((number for number in later if is_locked(matching.released[number])), None)
    claimants = [] if test is None else matching.claimants(test)
    return claimants[0] if claimants else len(matching.submitted)


def edited_tests(matching: Matching) -> list[int]:
    """The student's copies of tests in which they wrote code of their own."""
    claims = [(number, lab) for lab, numbers in matching.claims.items() for number in numbers]
    return [number for number, lab in claims if has_own_code(matching, number, lab)]
