"""Unanswered labs that try to earn points, and wrong answers that do. None of them may.

Most do what they try: the process that they do it in is theirs. It is not the one that decides. `needs` says what a
runner must lack for the trick to work; test_weakened.py shows that it does.
"""

from nbformat.v4 import new_output

from corpus.material import Material, case, cell, in_place, with_code
from corpus.tricks import ANSWERS, SPOILS, TRICKS, UNFINISHED

TWO_PROCESSES, AN_END, MENDING = "a process of its own", "an end of every test", "mending"

for trick, (task, answer) in ANSWERS.items():

    def _answer(m: Material, task=task, answer=answer):
        return in_place(m.solved, task, answer)

    def _others(m: Material, trick=trick, task=task):
        place = m.tests().index(f"test-{task}")
        return m.tests()[:place] + ([] if trick in SPOILS else m.tests()[place + 1 :])

    case("cheat", trick, earns=_others, needs=TWO_PROCESSES)(_answer)

for trick, text in (TRICKS | UNFINISHED).items():

    def _trick(m: Material, text=text):
        names = f"NAMES = {[name.replace('-', '_') for name in m.answers()]!r}\n"
        made = m.blank
        # In a cell of its own before the first answer, and again after each answer, where it is what the tests call.
        made = with_code(made, names + text, m.answers()[0])
        for name in m.answers():
            made = in_place(made, name, cell(made, name).source + "\n" + names + text)
        return made

    case("cheat", trick, earns="none", needs=AN_END if trick in UNFINISHED else TWO_PROCESSES)(_trick)


def test_cells(notebook):
    return [one for one in notebook.cells if one.metadata.get("nbgrader", {}).get("grade") and one.cell_type == "code"]


@case("cheat", earns="none", needs=MENDING)
def emptied_tests(m: Material):
    made = with_code(m.blank, "", m.answers()[0])
    for one in test_cells(made):
        one.source = "assert True"
    return made


@case("cheat", earns="none", needs=MENDING)
def returned_score(m: Material):
    made = with_code(m.blank, "", m.answers()[0])
    for one in test_cells(made):
        one.source = "20"
    return made


@case("cheat", earns="none", needs=MENDING)
def raised_points(m: Material):
    made = with_code(m.blank, "", m.answers()[0])
    for one in test_cells(made):
        one.metadata["nbgrader"]["points"] = 1_000
        one.source = "1_000"
    return made


@case("cheat", earns="none", needs=MENDING)
def answers_marked_as_tests(m: Material):
    made = with_code(m.blank, "", m.answers()[0])
    for one in made.cells:
        about = one.metadata.get("nbgrader", {})
        if about.get("solution") and one.cell_type == "code":
            about |= {"grade": True, "points": 20, "solution": False, "locked": False}
            one.source = "pass"
    return made


@case("cheat", earns="none", needs=MENDING)
def skipped_tests(m: Material):
    made = with_code(m.blank, "", m.answers()[0])
    for one in test_cells(made):
        one.metadata["nbgrader"] |= {"locked": False}
        one.source = "if False:\n    " + one.source.replace("\n", "\n    ")
    return made


@case("cheat", earns="none", needs=MENDING)
def forged_outputs(m: Material):
    """They are to stay, as the kernel is gone before a test runs."""
    made = with_code(m.blank, "import os\nos._exit(0)", m.answers()[0])
    for one in test_cells(made):
        one.outputs = [new_output("execute_result", data={"text/plain": "2"}, execution_count=1)]
    return made
