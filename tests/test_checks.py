"""An error in an answer is told in a sentence, and stays its cause."""

import traceback

import pytest

from course.grading.feedback.task_state import ANSWER_STOPPED, NOT_DONE
from data_utils import explain_errors


def test_an_error_becomes_a_sentence_with_advice():
    with pytest.raises(AssertionError) as told, explain_errors("f(3)", "Is there a `return`?"):
        {}["x"]
    assert str(told.value) == "f(3) stopped with KeyError: 'x'. Is there a `return`?"
    assert isinstance(told.value.__cause__, KeyError)


def test_feedback_knows_the_sentence_as_an_error_in_the_answer():
    with pytest.raises(AssertionError) as told, explain_errors("f(3)"):
        int("x")
    assert ANSWER_STOPPED.search(str(told.value)) and str(told.value).startswith("f(3) stopped with ValueError: ")


def test_the_line_that_failed_is_shown():
    with pytest.raises(AssertionError) as told, explain_errors("f(3)"):
        int("x")
    assert 'int("x")' in "".join(traceback.format_exception(told.value))


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_whoever_interrupts_is_obeyed(error):
    with pytest.raises(error), explain_errors("f(3)"):
        raise error


def test_without_an_error_nothing_happens():
    with explain_errors("f(3)"):
        found = 3
    assert found == 3


def test_an_answer_that_nobody_has_begun_says_so_itself():
    with pytest.raises(NotImplementedError, match=f"^{NOT_DONE}: replace these"), explain_errors("f(3)", "Why?"):
        raise NotImplementedError(f"{NOT_DONE}: replace these lines.")
    with (
        pytest.raises(AssertionError, match=r"^f\(3\) stopped with NotImplementedError: later\. Why\?$"),
        explain_errors("f(3)", "Why?"),
    ):
        raise NotImplementedError("later.")


def test_advice_may_follow_from_the_error():
    def advice(error):
        return "Which key?" if isinstance(error, KeyError) else ""

    for error, sentence in [(KeyError("x"), "KeyError: 'x'. Which key?"), (ValueError("x"), "ValueError: x")]:
        with pytest.raises(AssertionError) as told, explain_errors("f(3)", advice):
            raise error
        assert str(told.value) == f"f(3) stopped with {sentence}"


def test_a_long_text_of_an_error_is_cut():
    with pytest.raises(AssertionError) as told, explain_errors("f(3)", "Why?"):
        raise ValueError("abc" * 1_000)
    assert str(told.value) == "f(3) stopped with ValueError: " + "abc" * 100 + " …. Why?"
